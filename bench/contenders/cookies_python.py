"""http.cookiejar and http.cookies: OPERATION WORKLOAD; prints what it took."""

import json
import resource
import sys
import time
from email.message import Message
from http.cookiejar import CookieJar
from http.cookies import SimpleCookie
from urllib.request import Request

ROUNDS = 5


class Response:
    """As much of a response as the jar looks at."""

    def __init__(self, header):
        self.message = Message()
        self.message["Set-Cookie"] = header

    def info(self):
        return self.message


operation, file = sys.argv[1:]
with open(file) as opened:
    workload = json.load(opened)


def filled():
    jar = CookieJar()
    for one in workload["set"]:
        jar.extract_cookies(Response(one["header"]), Request(one["url"]))
    if len(jar) != len(workload["set"]):
        raise ValueError(f"{len(jar)} cookies")
    return jar


# It looks at every domain that there is: of many, a few look-ups do.
urls = workload["urls"][: 5 if len(workload["set"]) > 10_000 else None]


def look_up():
    for url in urls:
        request = Request(url)
        jar.add_cookie_header(request)
        if not request.has_header("Cookie"):
            raise ValueError(f"none for {url}")


def parse():
    for header in workload["headers"]:
        if len(SimpleCookie(header)) != 40:
            raise ValueError(header)


jar = filled() if operation == "get" else None
work = {"set": filled, "get": look_up, "parse": parse}[operation]
times = []
for _ in range(ROUNDS):
    start = time.perf_counter()
    work()
    times.append((time.perf_counter() - start) * 1_000)
ms = sorted(times)[ROUNDS // 2]
if operation == "get":
    ms *= len(workload["urls"]) / len(urls)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"ms": ms, "peak": peak}))
