"""Hands out the same message under every number; prints its port: FILE.

Looks at nothing but verbs, and takes many commands at a time: for one client,
which is what is measured.
"""
import json
import os
import socket
import sys

path = sys.argv[1]
size = os.path.getsize(path)
# The file is ready for the wire. A large one goes there past this process.
small = None
if size <= 1 << 20:
    with open(path, "rb") as file:
        small = b"+OK\r\n" + file.read() + b".\r\n"
OTHERS = {
    b"CAPA": b"+OK\r\nUSER\r\nPIPELINING\r\n.\r\n",
}
listener = socket.create_server(("127.0.0.1", 0))
print(json.dumps({"port": listener.getsockname()[1]}), flush=True)


def serve(peer):
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    peer.sendall(b"+OK\r\n")
    while True:
        # Several commands in one read are answered in one write.
        lines = b""
        while not lines.endswith(b"\r\n"):
            some = peer.recv(65_536)
            if not some:
                return
            lines += some
        replies = []
        for line in lines.split(b"\r\n")[:-1]:
            verb = line[:4].upper()
            if verb != b"RETR":
                replies.append(OTHERS.get(verb, b"+OK\r\n"))
            elif small is not None:
                replies.append(small)
            else:
                with open(path, "rb") as file:
                    peer.sendall(b"+OK\r\n")
                    peer.sendfile(file, count=size - 2)
                # node-pop3 knows the end only where it comes in one piece.
                peer.sendall(b"\r\n.\r\n")
        peer.sendall(b"".join(replies))
        if verb == b"QUIT":
            return


while True:
    with listener.accept()[0] as peer:
        try:
            serve(peer)
        except ConnectionError:
            pass
