"""HTTP over a unix socket."""
import http.client
import socket


class UnixConnection(http.client.HTTPConnection):
    """One persistent connection for all calls, as dockerd uses it."""

    def __init__(self, path):
        super().__init__("plugin", timeout=600)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)
