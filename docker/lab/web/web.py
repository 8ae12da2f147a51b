"""A web server that behaves as a server behind a load balancer should.

/            200 and its name ($NAME, else the host name); 500 while /tmp/unhealthy exists
/client      the client's address
/slow?N      answers after N seconds
/stream?N    a line every 0.1 s for N seconds
/hold        its name for each line that it receives, until the client closes the connection

SIGUSR2 (drain) is ignored: the server keeps serving. SIGTERM or SIGQUIT: the server accepts no new connections, completes the accepted
ones and exits with status 0.
"""
import os
import select
import signal
import socket
import threading
import time

NAME = os.environ.get("NAME") or socket.gethostname()
serving = []


def listen():
    try:
        sock = socket.socket(socket.AF_INET6)
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        any_address = "::"
    except OSError:  # a kernel without IPv6
        sock = socket.socket(socket.AF_INET)
        any_address = "0.0.0.0"
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind((any_address, int(os.environ.get("PORT", "80"))))
    sock.listen(4096)
    return sock


def answer(conn, peer):
    request = b""
    while b"\r\n\r\n" not in request:
        chunk = conn.recv(65536)
        if not chunk:
            return
        request += chunk
    path, _, query = request.split(b" ", 2)[1].decode("latin-1").partition("?")
    status, body = "200 OK", NAME + "\n"
    if path == "/client":
        body = peer[0].removeprefix("::ffff:") + "\n"
    elif path == "/slow":
        time.sleep(float(query or 1))
    elif path == "/stream":
        conn.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
        for _ in range(int(float(query or 1) * 10)):
            conn.sendall(body.encode())
            time.sleep(0.1)
        return
    elif path == "/hold":
        conn.settimeout(None)
        conn.sendall(b"HTTP/1.0 200 OK\r\n\r\n")
        while conn.recv(65536):
            conn.sendall(body.encode())
        return
    elif path != "/":
        status, body = "404 Not Found", "no such page\n"
    elif os.path.exists("/tmp/unhealthy"):
        status, body = "500 Internal Server Error", "unhealthy\n"
    head = f"HTTP/1.0 {status}\r\nContent-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
    conn.sendall((head + body).encode())


def serve(conn, peer):
    with conn:
        try:
            conn.settimeout(5)   # a router may meanwhile send the client's packets to another host
            answer(conn, peer)
            conn.shutdown(socket.SHUT_WR)
        except (OSError, ValueError, IndexError):
            pass  # the client closed the connection, or sent no HTTP


def take(conn, peer):
    conn.setblocking(True)
    thread = threading.Thread(target=serve, args=(conn, peer))
    serving.append(thread)
    thread.start()
    serving[:] = [t for t in serving if t.is_alive()]


def main():
    signal.signal(signal.SIGUSR2, signal.SIG_IGN)
    sock = listen()
    sock.setblocking(False)
    wake, waker = os.pipe()
    for number in (signal.SIGTERM, signal.SIGQUIT):
        signal.signal(number, lambda *_: os.write(waker, b"x"))
    print(f"{NAME} serves", flush=True)
    ending = False
    while not ending:
        ending = wake in select.select([sock, wake], [], [])[0]
        # Also after SIGTERM: the kernel may already have completed handshakes of further clients.
        try:
            while True:
                take(*sock.accept())
        except OSError:
            pass
    sock.close()
    for thread in list(serving):
        thread.join()
    print(f"{NAME} ends", flush=True)


main()
