"""Python's smtplib: OPERATION PORT FILE COUNT; prints what it took."""
import json
import resource
import smtplib
import sys
import threading
import time

operation, port, path, count = sys.argv[1:5]


def send(messages):
    smtp = smtplib.SMTP("127.0.0.1", int(port), local_hostname="localhost")
    for _ in range(messages):
        smtp.sendmail("sender@example.com", ["reader@example.org"], message)
    return smtp


# It takes a message only whole, so that reading it is part of sending it.
start = time.perf_counter()
with open(path, "rb") as file:
    message = file.read()
if operation == "pool":
    threads = [
        threading.Thread(target=send, args=(int(count) // 4,)) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ms = (time.perf_counter() - start) * 1000
else:
    smtp = send(int(count))
    ms = (time.perf_counter() - start) * 1000
    smtp.quit()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"ms": ms, "peak": peak}))
