"""Runs on a host: starts dockerd as systemd's docker.socket does, with a socket that outlives it. activation.py SECONDS ARGUMENT...

When dockerd has ended, prints "connected" if a process connects to the socket within SECONDS (systemd would start dockerd
again), else "quiet".
"""
import os
import select
import socket
import sys

PATH = "/run/docker.sock"
if os.path.exists(PATH):
    os.unlink(PATH)
listening = socket.socket(socket.AF_UNIX)
listening.bind(PATH)
listening.listen(128)
pid = os.fork()
if pid == 0:
    if listening.fileno() != 3:
        os.dup2(listening.fileno(), 3)
    os.set_inheritable(3, True)
    os.execvpe("dockerd", ["dockerd", "-H", "fd://", *sys.argv[2:]],
               {**os.environ, "LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())})
print(f"dockerd {pid}", flush=True)
os.waitpid(pid, 0)
print("connected" if select.select([listening], [], [], float(sys.argv[1]))[0] else "quiet", flush=True)
