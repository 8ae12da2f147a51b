"""`systemctl stop docker` with docker.socket: dockerd stays stopped, although the plugin outlives it (live-restore)."""
from pathlib import Path

import wait
from base import LabTest, slow

V4, V6 = "10.0.0.101", "2001:db8:0:1::101"
PROGRAM = (Path(__file__).parent / "activation.py").read_text()


class SocketActivation(LabTest):
    def dockerd(self):
        """Ends the lab's dockerd and starts one behind a socket. Returns its output and its pid."""
        pid = self.host.run("kept", "pid").strip()
        arguments = self.host.run("cat", f"/proc/{pid}/cmdline").split("\0")[1:-1]
        self.host.run("kept", "stop", timeout=90)
        self.host.run("tee", "/root/activation.py", input=PROGRAM)
        stream = self.host.stream("python3", "-u", "/root/activation.py", "10", *arguments)
        found = wait.until(lambda: [line.split()[1] for _, line in stream.lines() if line.startswith("dockerd ")], 10, "dockerd")
        self.host.wait_dockerd()
        return stream, found[0]

    def back(self):
        self.host.run("kept", "start")
        self.host.wait_dockerd()

    @slow
    def test_stopped_stays_stopped(self):
        prefixes = self.vip("web1", V4, V6)
        self.host.web("web1", "web1", more=("--restart", "always"))
        self.router.wait_for(*prefixes)
        self.addCleanup(self.host.set_live_restore, False)
        self.addCleanup(self.back)   # a test that fails leaves no dockerd
        for live_restore in (True, False):
            with self.subTest(live_restore=live_restore):
                self.host.set_live_restore(live_restore)
                stream, pid = self.dockerd()
                self.router.wait_for(*prefixes, timeout=30)
                wait.until(lambda: self.host.status()["engine"]["following"], 20, "the plugin follows dockerd's events")
                self.host.run("kill", "-TERM", pid)
                wait.until(lambda: stream.lines()[-1][1] in ("quiet", "connected"), 60, "the socket's result")
                self.assertEqual(stream.lines()[-1][1], "quiet")
                stream.close()
                if live_restore:
                    self.router.stays(0.5, *prefixes)
                self.back()
