"""Runs on a host: sends malformed requests to the plugin's socket. attack.py SOCKET NAME...  or  attack.py SOCKET --hold N

Prints {name: status | "closed" | "silent"}. --hold keeps N bad connections open until standard input closes.
"""
import json
import socket
import sys
import threading
import time

SOCKET = sys.argv[1]
N, E = "f" * 64, "e" * 64


def post(path, body, *headers):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    head = [f"POST {path} HTTP/1.1", "Host: plugin.moby.localhost", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + body


def deep(levels):
    return b'{"NetworkID":' + b"[" * levels + b"]" * levels + b"}"


LENGTH = b"POST /NetworkDriver.Join HTTP/1.1\r\nHost: x\r\nContent-Length: "
REQUESTS = {
    "empty-body": post("/NetworkDriver.CreateNetwork", b""),
    "not-json": post("/NetworkDriver.Join", b"this is no JSON"),
    "wrong-types": post("/NetworkDriver.CreateNetwork", {"NetworkID": 7, "IPv4Data": "x", "Options": [1]}),
    "deep-json": post("/NetworkDriver.CreateNetwork", deep(50000)),
    "unknown-path": post("/NetworkDriver.Explode", {}),
    "wrong-method": b"GET /NetworkDriver.Join HTTP/1.1\r\nHost: x\r\n\r\n",
    "huge-ids": post("/NetworkDriver.CreateNetwork", {"NetworkID": "a" * 100000, "IPv4Data": [{"Pool": "10.9.9.9/32"}]}),
    "nul-bytes": post("/NetworkDriver.CreateNetwork", {"NetworkID": "ab\0cd" + N, "IPv4Data": [{"Pool": "10.9.9.9/32"}]}),
    "control-characters": post("/NetworkDriver.CreateNetwork", {"NetworkID": "../../../\n;", "IPv4Data": [{"Pool": "10.9.9.9/32"}]}),
    "other-object-ids": post("/NetworkDriver.CreateEndpoint", {"NetworkID": "", "EndpointID": "", "Interface": None}),
    "oversized-length": LENGTH + b"99999999999999999999\r\n\r\n{}",
    "oversized-body": post("/NetworkDriver.Join", b'{"NetworkID":"' + b"a" * (16 << 20) + b'"}'),
    "negative-length": LENGTH + b"-1\r\n\r\n{}",
    "not-http": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(200),
    "http2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9),
    "huge-header": b"POST /NetworkDriver.Join HTTP/1.1\r\nX: " + b"a" * (1 << 20) + b"\r\n\r\n",
    "bare-newlines": b"\n" * 4096,
    "two-lengths": LENGTH + b"2\r\nContent-Length: 300\r\n\r\n{}",
    "chunked-nonsense": b"POST /NetworkDriver.Join HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
    "leave-unknown": post("/NetworkDriver.Leave", {"NetworkID": N, "EndpointID": E}),
    "delete-endpoint-unknown": post("/NetworkDriver.DeleteEndpoint", {"NetworkID": N, "EndpointID": E}),
    "delete-network-unknown": post("/NetworkDriver.DeleteNetwork", {"NetworkID": N}),
    "release-unknown": post("/IpamDriver.ReleaseAddress", {"PoolID": "", "Address": "10.9.9.9"}),
    "activate": post("/Plugin.Activate", b""),
    "capabilities": post("/NetworkDriver.GetCapabilities", b""),
    "probe": None,
}


def connect(timeout=10):
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(timeout)
    connection.connect(SOCKET)
    return connection


def send(data):
    """The status of the answer."""
    with connect() as connection:
        if data is None:   # dockerd's readiness probe: connect and close
            return "closed"
        try:
            connection.sendall(data)
        except OSError:
            pass   # the plugin has stopped reading, but may have answered
        try:
            connection.shutdown(socket.SHUT_WR)
        except OSError:
            pass
        answer = b""
        try:
            while b"\r\n" not in answer and (chunk := connection.recv(4096)):
                answer += chunk
        except TimeoutError:
            return "silent"
        except OSError:
            return "closed"
    return int(answer.split()[1]) if answer.startswith(b"HTTP/1.") else "closed"


def flood():
    """64 clients at once send malformed and valid requests; every valid request must succeed."""
    statuses, lock = [], threading.Lock()

    def client(n):
        for name in ("not-json", "capabilities", "empty-body", "capabilities"):
            status = send(REQUESTS[name])
            with lock:
                statuses.append(status if name == "capabilities" else 200 if status == 400 else status)

    clients = [threading.Thread(target=client, args=(n,)) for n in range(64)]
    for thread in clients:
        thread.start()
    for thread in clients:
        thread.join()
    bad = [status for status in statuses if status != 200]
    return bad[0] if bad else 200


def hold(count):
    """Holds connections open: a request sent byte by byte, incomplete headers, a missing body, and no data at all."""
    slow = post("/NetworkDriver.CreateNetwork", {"NetworkID": N, "IPv4Data": [{"Pool": "10.9.9.9/32"}]})
    kinds, held = (b"", b"POST /NetworkDriver.Join HTTP/1.1\r\nX:", LENGTH + b"5000\r\n\r\n{"), []
    for n in range(count):
        connection = connect()
        connection.sendall(kinds[n % 3])
        held.append(connection)
    drip = connect()

    def dripping():
        for byte in slow[:-1]:
            try:
                drip.sendall(bytes([byte]))
            except OSError:
                return   # the plugin has closed the connection, which is allowed
            time.sleep(0.1)

    threading.Thread(target=dripping, daemon=True).start()
    sys.stdin.read()


if sys.argv[2] == "--hold":
    hold(int(sys.argv[3]))
else:
    print(json.dumps({name: flood() if name == "flood" else send(REQUESTS[name]) for name in sys.argv[2:]}))
