"""tcp_nodelay.py PID: prints the peer's port and the value of TCP_NODELAY for each TCP connection of the process."""
import ctypes
import os
import socket
import sys

PIDFD_OPEN, PIDFD_GETFD = 434, 438   # system call numbers, the same on every architecture

libc, pid = ctypes.CDLL(None), int(sys.argv[1])
process = libc.syscall(PIDFD_OPEN, pid, 0)
for fd in os.listdir(f"/proc/{pid}/fd"):
    if not os.readlink(f"/proc/{pid}/fd/{fd}").startswith("socket:"):
        continue
    with socket.socket(fileno=libc.syscall(PIDFD_GETFD, process, int(fd), 0)) as copy:
        if copy.getsockopt(socket.SOL_SOCKET, socket.SO_PROTOCOL) != socket.IPPROTO_TCP:
            continue
        if not copy.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
            print(copy.getpeername()[1], copy.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
