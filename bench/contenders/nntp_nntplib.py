"""Python's nntplib: OPERATION PORT GROUP COUNT; prints what it took."""
import json
import resource
import sys
import time
import warnings

warnings.simplefilter("ignore")
import nntplib  # noqa: E402

operation, port, group, count = sys.argv[1:4] + [int(sys.argv[4])]
nntp = nntplib.NNTP("127.0.0.1", int(port), readermode=True)
nntp.group(group)
start = time.perf_counter()
if operation.startswith("over"):
    _, overviews = nntp.over((1, count))
    found = sum(1 for _, over in overviews if over["subject"])
elif operation == "xhdr":
    _, headers = nntp.xhdr("subject", f"1-{count}")
    found = sum(1 for _, value in headers if value)
else:
    # It has one way for all: one by one, each as a list of lines.
    found = 0
    for number in range(1, count + 1):
        nntp.article(number)
        found += 1
ms = (time.perf_counter() - start) * 1000
nntp.quit()
if found != count:
    sys.exit(f"{found} instead of {count}")
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"ms": ms, "peak": peak}))
