"""curl: OPERATION PORT BYTES COUNT; prints what it took."""
import json
import os
import resource
import subprocess
import sys
import tempfile
import time

operation, port, size, count = sys.argv[1:5]
size, count = int(size), int(count)
url = f"pop3://ada:secret@127.0.0.1:{port}/"


def run(*arguments, stdout):
    start = time.perf_counter()
    done = subprocess.run(
        ["curl", "-sS", *arguments], stdout=stdout, stderr=subprocess.PIPE,
    )
    ms = (time.perf_counter() - start) * 1000
    if done.returncode != 0:
        sys.exit(done.stderr.decode())
    return ms


def messages(number):
    """From its start to its QUIT: one connection for all of them."""
    with tempfile.TemporaryFile() as file:
        ms = run(f"{url}[1-{number}]", stdout=file)
        found = os.fstat(file.fileno()).st_size
        if found != number * size:
            sys.exit(f"{found} bytes instead of {number * size}")
    return ms


if operation.startswith("large"):
    # Its own clock, from the end of signing in, and its count, which has the
    # final dot but not what came together with the status line.
    told = "%{size_download} %{time_total} %{time_pretransfer}"
    with tempfile.TemporaryFile("w+") as file:
        run("-o", "/dev/null", "-w", told, url + "1", stdout=file)
        file.seek(0)
        found, total, before = file.read().split()
    if not size - 131_072 < int(found) <= size + 3:
        sys.exit(f"{found} bytes instead of {size}")
    ms = (float(total) - float(before)) * 1000
else:
    # Its clocks leave out what it does between two messages: what these take
    # is what they take more than the first one, with signing in and QUIT.
    ms = (messages(count) - messages(1)) / (count - 1) * count
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
print(json.dumps({"ms": ms, "peak": peak}))
