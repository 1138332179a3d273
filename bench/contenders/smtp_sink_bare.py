"""Takes messages as fast as the socket gives them; prints its port.

Looks at nothing but the ends of what it reads: for one message at a time,
where the client is what is measured.
"""
import json
import socket

listener = socket.create_server(("127.0.0.1", 0))
print(json.dumps({"port": listener.getsockname()[1]}), flush=True)
buffer = bytearray(1 << 20)
view = memoryview(buffer)


def serve(peer):
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    peer.sendall(b"220 localhost\r\n")
    while True:
        # Several commands in one read are answered in one write.
        lines = b""
        while not lines.endswith(b"\r\n"):
            count = peer.recv_into(buffer)
            if count == 0:
                return
            lines += view[:count]
        replies = b""
        for line in lines.split(b"\r\n")[:-1]:
            verb = line[:4].upper()
            if verb == b"EHLO":
                replies += b"250-localhost\r\n250-PIPELINING\r\n"
                replies += b"250-8BITMIME\r\n250 SIZE\r\n"
            elif verb == b"DATA":
                replies += b"354 Go on\r\n"
            else:
                replies += b"250 OK\r\n"
        peer.sendall(replies)
        if verb == b"QUIT":
            return
        if verb == b"DATA":
            receive(peer)
            peer.sendall(b"250 OK\r\n")


def receive(peer):
    tail = b"\r\n"
    while tail != b"\r\n.\r\n":
        count = peer.recv_into(buffer)
        if count == 0:
            return
        tail = (tail + view[max(0, count - 5):count])[-5:]


while True:
    with listener.accept()[0] as peer:
        try:
            serve(peer)
        except ConnectionError:
            pass
