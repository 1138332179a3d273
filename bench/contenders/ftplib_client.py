"""Python's ftplib: OPERATION PORT FILE|DIRECTORY; prints what it took."""
import ftplib
import json
import os
import resource
import sys
import time

operation, port, path = sys.argv[1:4]
ftp = ftplib.FTP()
ftp.connect("127.0.0.1", int(port))
ftp.login("user", "secret")
start = time.perf_counter()
if operation == "fetch":
    ftp.retrbinary("RETR big.bin", lambda chunk: None, 256 * 1024)
elif operation == "download":
    with open(path, "wb") as file:
        ftp.retrbinary("RETR big.bin", file.write, 256 * 1024)
elif operation == "upload":
    with open(path, "rb") as file:
        ftp.storbinary("STOR up.bin", file, 256 * 1024)
elif operation == "down-many":
    os.makedirs(path, exist_ok=True)
    ftp.cwd("many")
    for name in ftp.nlst():
        with open(os.path.join(path, name), "wb") as file:
            ftp.retrbinary("RETR " + name, file.write)
elif operation == "up-many":
    ftp.mkd("up")
    ftp.cwd("up")
    for name in os.listdir(path):
        with open(os.path.join(path, name), "rb") as file:
            ftp.storbinary("STOR " + name, file)
elif operation == "list":
    lines = []
    ftp.retrlines("LIST names", lines.append)
ms = (time.perf_counter() - start) * 1000
ftp.quit()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"ms": ms, "peak": peak}))
