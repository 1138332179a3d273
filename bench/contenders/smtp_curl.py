"""curl: OPERATION PORT FILE COUNT; prints what it took."""
import json
import resource
import subprocess
import sys
import time

operation, port, path, count = sys.argv[1:5]
command = [
    "curl", "-sS", "--mail-from", "sender@example.com",
    "--mail-rcpt", "reader@example.org",
]
if operation == "pool":
    command += ["--parallel", "--parallel-max", "4"]
# Its connections outlast a message, as long as they are of one command.
transfer = f'url = "smtp://127.0.0.1:{port}"\nupload-file = "{path}"\n'
start = time.perf_counter()
done = subprocess.run(
    [*command, "-K", "-"],
    input=transfer * int(count),
    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
)
# With its start and its QUIT, some 15 ms.
ms = (time.perf_counter() - start) * 1000
if done.returncode != 0:
    sys.exit(done.stderr)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
print(json.dumps({"ms": ms, "peak": peak}))
