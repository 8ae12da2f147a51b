"""Runs on a lab machine during the whole test run and executes the requests of control.py: one JSON request per line, one JSON
answer per line.

A `docker exec` for each command would need more CPU time than most of the commands.
"""
import http.client
import json
import socket
import subprocess
import sys
import tempfile
import threading
import time

output = threading.Lock()


def answer(number, **fields):
    with output:
        print(json.dumps({"number": number, **fields}), flush=True)


def execute(argv, input, timeout, merge):
    """Runs a command with files instead of pipes: a process that the command leaves behind may keep files open without blocking
    the answer."""
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        if input is not None:
            given.write(input.encode())
            given.seek(0)
        process = subprocess.Popen(argv, stdin=given, stdout=out, stderr=out if merge else err)
        try:
            status = process.wait(timeout)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            return {"timeout": True}
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode(errors="replace"))
        return {"status": status, "out": texts[0], "err": texts[1]}


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a unix socket."""

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.host)


def get(host, port, path, timeout):
    """The answer to a GET on a new connection. `port` 0: `host` is the path of a unix socket."""
    end = time.monotonic() + timeout
    connection = http.client.HTTPConnection(host, port, timeout=timeout) if port else UnixConnection(host, timeout=timeout)
    try:
        connection.connect()
        connection.sock.settimeout(max(end - time.monotonic(), 0.001))
        connection.request("GET", path, headers={"Connection": "close", **({} if port else {"Host": "docker"})})
        response = connection.getresponse()
        return {"status": response.status, "out": response.read().decode(errors="replace")}
    except (OSError, http.client.HTTPException) as error:
        return {"status": 0, "out": "", "err": repr(error)}
    finally:
        connection.close()


def serve(number, what, fields):
    try:
        answer(number, **{"execute": execute, "get": get}[what](**fields))
    except OSError as error:   # for example, the program is missing
        answer(number, status=127, out="", err=f"{error}\n")


print("ready", flush=True)
for line in sys.stdin:
    threading.Thread(target=serve, args=json.loads(line), daemon=True).start()
