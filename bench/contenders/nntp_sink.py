"""Answers with what it has ready; prints its port: COUNT FILE.

Its group has so many articles, each of which is the file. It takes many commands
at a time, for one client, which is what is measured.
"""
import json
import socket
import sys

count = int(sys.argv[1])
with open(sys.argv[2], "rb") as file:
    article = file.read()


def block(status, lines):
    return ("\r\n".join([status, *lines, "."]) + "\r\n").encode()


numbers = range(1, count + 1)
overview = block("224 overview", (
    f"{n}\tRe: What engines can do, part {n}\t"
    "Ada Lovelace <ada@example.com>\tSat, 21 Nov 2026 10:38:59 +0100\t"
    f"<{n}.local.big@bench.example.com>\t<1.local.big@bench.example.com>\t"
    f"249\t4\tXref: news.example.com local.big:{n}" for n in numbers))
subjects = [f"{n} Re: What engines can do, part {n}" for n in numbers]
answers = {
    b"CAPABILITIES": block("101 list", ["VERSION 2", "READER", "OVER", "HDR"]),
    b"MODE": b"200 hello\r\n",
    b"GROUP": f"211 {count} 1 {count} local.big\r\n".encode(),
    b"LIST": block("215 order", [
        "Subject:", "From:", "Date:", "Message-ID:", "References:",
        ":bytes", ":lines", "Xref:full"]),
    b"OVER": overview,
    b"XOVER": overview,
    b"HDR": block("225 headers", subjects),
    b"XHDR": block("221 headers", subjects),
    b"QUIT": b"205 bye\r\n",
}


def serve(client):
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    client.sendall(b"200 hello\r\n")
    rest = b""
    while True:
        data = client.recv(65536)
        if not data:
            return
        *commands, rest = (rest + data).split(b"\r\n")
        out = []
        for command in commands:
            words = command.split()
            if words[0] == b"ARTICLE":
                out.append(b"220 %b <%b@bench.example.com>\r\n%b.\r\n" %
                           (words[1], words[1], article))
            else:
                out.append(answers[words[0]])
        client.sendall(b"".join(out))


listener = socket.create_server(("127.0.0.1", 0))
print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
while True:
    with listener.accept()[0] as client:
        try:
            serve(client)
        except ConnectionError:
            pass
