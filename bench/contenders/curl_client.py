"""curl: OPERATION PORT FILE|DIRECTORY. Its own clock, start-up left out."""
import json
import os
import resource
import subprocess
import sys
import tempfile

operation, port, path = sys.argv[1:4]
base = f"ftp://user:secret@127.0.0.1:{port}/"
# From the connection being ready, which is after its login is not: curl counts
# the login and the transfer together, about a millisecond.
command = ["curl", "-sS", "-w", "%{time_total} %{time_connect}\n"]
config = None
if operation == "fetch":
    command += ["-o", "/dev/null", base + "big.bin"]
elif operation == "download":
    command += ["-o", path, base + "big.bin"]
elif operation == "upload":
    command += ["-T", path, base + "up.bin"]
elif operation == "list":
    command += ["-o", "/dev/null", base + "names/"]
else:
    # One connection for all of them.
    config = tempfile.NamedTemporaryFile("w", suffix=".curl")
    if operation == "down-many":
        os.makedirs(path, exist_ok=True)
        for number in range(2000):
            name = f"{number}.bin"
            config.write(f'url = "{base}many/{name}"\noutput = "{path}/{name}"\n')
    else:
        command += ["--ftp-create-dirs"]
        for name in os.listdir(path):
            config.write(f'url = "{base}up/{name}"\nupload-file = "{path}/{name}"\n')
    config.flush()
    command += ["-K", config.name]
done = subprocess.run(command, check=True, capture_output=True, text=True)
ms = 0.0
for line in done.stdout.splitlines():
    total, connect = line.split()
    ms += (float(total) - float(connect)) * 1000
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
print(json.dumps({"ms": ms, "peak": peak}))
