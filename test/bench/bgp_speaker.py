#!/usr/bin/env python3
"""A BGP listener that records the time of arrival and the content of each UPDATE.

It installs no routes and sends none. It reads the clock right after recv() returns, before parsing, with time.time_ns():
the clock of Docker's event times, so that both can be subtracted on one machine.

As a program it prints one JSON object per line:
  {"ns":…, "kind":"up|down|announce|withdraw|eor", "peer":…, "prefix":…, "origin":…, "as_path":[…], "next_hop":…}
As a module: with Speaker(...) as speaker: speaker.wait("announce", "10.0.0.101/32", since_ns, timeout).
"""
import argparse
import json
import socket
import struct
import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import bgp_wire as wire  # noqa: E402

TCP_MD5SIG = 14


def md5_option(peer, password):
    """struct tcp_md5sig: the peer's sockaddr_storage, flags, prefix length, key length, interface, key."""
    family = socket.AF_INET6 if ":" in peer else socket.AF_INET
    packed = socket.inet_pton(family, peer)
    address = struct.pack("=HH", family, 0) + (packed if family == socket.AF_INET else bytes(4) + packed)
    return address.ljust(128, b"\0") + struct.pack("=BBHI", 0, 0, len(password), 0) + password.ljust(80, b"\0")


class Speaker:
    def __init__(self, listen="0.0.0.0", port=179, asn=64512, router_id="192.168.8.137", hold=240, restart_time=120,
                 password=None, peers=(), on_event=None):
        self.asn, self.router_id, self.hold, self.restart_time = asn, router_id, hold, restart_time
        self.events, self.table, self.sessions = [], {}, 0   # table: (peer, prefix) -> Route
        self.changed, self.on_event = threading.Condition(), on_event
        family = socket.AF_INET6 if ":" in listen else socket.AF_INET
        self.listener = socket.create_server((listen, port), family=family)
        for peer in peers if password else ():
            self.listener.setsockopt(socket.IPPROTO_TCP, TCP_MD5SIG, md5_option(peer, password.encode()))
        self.connections = set()
        threading.Thread(target=self.accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        for connection in [self.listener, *self.connections]:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            connection.close()

    def accept(self):
        while True:
            try:
                connection, address = self.listener.accept()
            except OSError:
                return
            self.connections.add(connection)
            threading.Thread(target=self.session, args=(connection, address[0]), daemon=True).start()

    def session(self, connection, peer):
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        as4, up, data = True, False, b""
        try:
            connection.sendall(wire.open_message(self.asn, self.router_id, self.hold, self.restart_time))
            while True:
                received = connection.recv(65536)
                now = time.time_ns()
                if not received:
                    break
                data += received
                while len(data) >= 19 and len(data) >= (size := struct.unpack_from("!H", data, 16)[0]):
                    kind, body, data = data[18], data[19:size], data[size:]
                    if kind == wire.OPEN:
                        opened = wire.parse_open(body)
                        as4 = wire.CAP_AS4 in opened["capabilities"]
                        connection.sendall(wire.message(wire.KEEPALIVE))
                        hold = min(self.hold, opened["hold"])
                        threading.Thread(target=self.keepalive, args=(connection, hold / 3), daemon=True).start()
                    elif kind == wire.KEEPALIVE and not up:
                        up = True
                        self.emit(now, "up", peer)
                    elif kind == wire.UPDATE:
                        self.update(now, peer, wire.parse_update(body, as4))
                    elif kind == wire.NOTIFICATION:
                        self.emit(now, "notification", peer, code=list(body[:2]))
        except OSError:
            now = time.time_ns()
        finally:
            self.connections.discard(connection)
            connection.close()
        with self.changed:
            self.table = {key: route for key, route in self.table.items() if key[0] != peer}
        if up:
            self.emit(now, "down", peer)

    def keepalive(self, connection, period):
        while period:
            time.sleep(period)
            try:
                connection.sendall(wire.message(wire.KEEPALIVE))
            except OSError:
                return

    def update(self, now, peer, update):
        for prefix in update.withdrawn:
            with self.changed:
                self.table.pop((peer, prefix), None)
            self.emit(now, "withdraw", peer, prefix=prefix)
        for prefix, route in update.announced:
            with self.changed:
                self.table[peer, prefix] = route
            self.emit(now, "announce", peer, prefix=prefix, origin=route.origin, as_path=list(route.as_path),
                      next_hop=route.next_hop, communities=list(route.communities),
                      ext_communities=list(route.ext_communities))
        if update.end_of_rib:
            self.emit(now, "eor", peer, family="ipv4" if update.end_of_rib == wire.V4 else "ipv6")

    def emit(self, now, kind, peer, **more):
        event = {"ns": now, "kind": kind, "peer": peer, **more}
        with self.changed:
            self.events.append(event)
            self.sessions += {"up": 1, "down": -1}.get(kind, 0)
            self.changed.notify_all()
        if self.on_event:
            self.on_event(event)

    def find(self, kind, prefix=None, since_ns=0):
        return next((e for e in self.events
                     if e["ns"] >= since_ns and e["kind"] == kind and prefix in (None, e.get("prefix"))), None)

    def wait(self, kind, prefix=None, since_ns=0, timeout=10):
        """The first such event at or after since_ns, or TimeoutError."""
        with self.changed:
            if self.changed.wait_for(lambda: self.find(kind, prefix, since_ns), timeout):
                return self.find(kind, prefix, since_ns)
        raise TimeoutError(f"no {kind} of {prefix} in {timeout} s; received: {self.events[-10:]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--listen", default="0.0.0.0")
    parser.add_argument("--port", type=int, default=179)
    parser.add_argument("--as", dest="asn", type=int, default=64512)
    parser.add_argument("--router-id", default="192.168.8.137")
    parser.add_argument("--hold", type=int, default=240)
    parser.add_argument("--password", help="TCP MD5, for the peers named")
    parser.add_argument("--peer", action="append", default=[])
    options = parser.parse_args()
    sys.setswitchinterval(0.0005)   # a time stamp must not wait long for the interpreter lock
    Speaker(options.listen, options.port, options.asn, options.router_id, options.hold, password=options.password,
            peers=options.peer, on_event=lambda event: print(json.dumps(event), flush=True))
    threading.Event().wait()


if __name__ == "__main__":
    main()
