"""Python's poplib: OPERATION PORT BYTES COUNT; prints what it took."""
import json
import poplib
import resource
import sys
import time

operation, port, size, count = sys.argv[1:5]
pop3 = poplib.POP3("127.0.0.1", int(port))
pop3.user("ada")
pop3.pass_("secret")
# It has one way for all: one by one, each as a list of lines.
start = time.perf_counter()
for number in range(1, int(count) + 1):
    _, lines, octets = pop3.retr(number)
    if octets != int(size):
        sys.exit(f"{octets} bytes instead of {size}")
ms = (time.perf_counter() - start) * 1000
pop3.quit()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"ms": ms, "peak": peak}))
