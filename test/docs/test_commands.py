"""Runs the commands and configurations of the pages that need no lab, but at most a network namespace."""
import json
import os
import signal
import subprocess
import sys
import tempfile
import tomllib
import unittest
from pathlib import Path

import pages

ROUTER = "docs/router.md"
FIREWALL = "docs/firewall-and-network.md"
SHUTDOWN = "docs/graceful-shutdown.md"


def in_namespace(*scripts):
    """Runs the scripts one after the other in a new network namespace, and returns their output."""
    user = [] if os.geteuid() == 0 else ["--map-root-user"]
    done = subprocess.run(["unshare", "--net", *user, "sh", "-eux", "-c", "\n".join(scripts)], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=180)
    if done.returncode:
        raise AssertionError(f"exit status {done.returncode}\n{done.stdout}")
    return done.stdout


class Host(unittest.TestCase):
    def test_hash_policy(self):
        set_both = pages.block(ROUTER, "hash-policy").text
        printed = in_namespace(set_both, "sysctl -n net.ipv4.fib_multipath_hash_policy net.ipv6.fib_multipath_hash_policy")
        self.assertTrue(printed.endswith("\n1\n1\n"), printed)

    def test_reverse_path_filter(self):
        loosen = pages.block(FIREWALL, "rp-filter").text
        printed = in_namespace("sysctl -w net.ipv4.conf.all.rp_filter=1 net.ipv4.conf.default.rp_filter=1", loosen,
                               "sysctl -n net.ipv4.conf.all.rp_filter net.ipv4.conf.default.rp_filter")
        self.assertTrue(printed.endswith("\n2\n2\n"), printed)

    def test_limiting_the_ports(self):
        limit = pages.block(FIREWALL, "limit-ports").text
        printed = in_namespace("iptables -N DOCKER-USER", limit, "iptables -S DOCKER-USER")
        self.assertIn("-A DOCKER-USER -d 10.0.0.101/32 -p tcp -m tcp ! --dport 80 -j DROP", printed)

    def test_notrack(self):
        printed = in_namespace(pages.block(FIREWALL, "notrack").text, "nft list table inet bgp")
        self.assertIn("ip saddr 192.168.8.137 tcp sport 179 notrack", printed)
        self.assertIn("ip daddr 192.168.8.137 tcp dport 179 notrack", printed)

    def test_kernel_objects(self):
        """The namespace has one object of each kind that the commands show."""
        objects = """ip link set lo up
            ip link add bgplb-1a2b3c4d5 type bridge
            ip link add bgl1a2b3c4d5e6f type veth peer name bgc1a2b3c4d5e6f
            ip link set bgl1a2b3c4d5e6f master bgplb-1a2b3c4d5
            for link in bgplb-1a2b3c4d5 bgl1a2b3c4d5e6f bgc1a2b3c4d5e6f; do ip link set $link up; done
            tries=0   # the kernel reports the carrier a moment later
            until ip link show bgplb-1a2b3c4d5 | grep -q LOWER_UP; do tries=$((tries + 1)); [ $tries -lt 200 ]; sleep 0.05; done
            ip neigh add 169.254.77.1 lladdr 02:42:0a:00:00:65 dev bgplb-1a2b3c4d5 nud permanent
            ip nexthop add id 2986344449 via 169.254.77.1 dev bgplb-1a2b3c4d5 onlink protocol 178
            ip route add 10.0.0.101 nhid 2986344449 proto 178
            ip route add 10.0.0.101 dev bgplb-1a2b3c4d5 table 178001 proto 178
            ip -6 route add 2001:db8:0:1::101 dev bgplb-1a2b3c4d5 proto 178
            ip rule add fwmark 0x100000/0xff00000 table 178001 priority 17801
            nft add table inet bgplb
            nft add table inet bgplb_loops
            iptables -N BGPLB-FORWARD
            ip6tables -N BGPLB-FORWARD"""
        printed = in_namespace(objects, "echo BEGIN", pages.block(FIREWALL, "kernel-objects").text).split("+ echo BEGIN")[1]
        for shown in ("10.0.0.101 ", "table 178001", "2001:db8:0:1::101 ", "id 2986344449 ", "17801:", "169.254.77.1 ",
                      "master bgplb-1a2b3c4d5", "table inet bgplb {", "table inet bgplb_loops {", "-N BGPLB-FORWARD"):
            self.assertIn(shown, printed)


class OtherDirectoryOfDockersSocket(unittest.TestCase):
    def test_the_mount_can_be_set_to_it(self):
        """The documented setting exists, and the mount leads to the place where the plugin looks for docker.sock."""
        self.assertIn("run.source=DIR", (pages.ROOT / "docs/compatibility.md").read_text())
        mounts = json.loads((pages.ROOT / "plugin-rootfs/config.json").read_text())["mounts"]
        mount, = [mount for mount in mounts if mount["name"] == "run"]
        self.assertIn("source", mount["settable"])
        self.assertIn(f'engineSocket = "{mount["destination"]}/docker.sock"', (pages.ROOT / "controller/app.hpp").read_text())


class Router(unittest.TestCase):
    def bird_accepts(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
            file.write(text)
            file.flush()
            return subprocess.run(["bird", "-p", "-c", file.name], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                  env={**os.environ, "PATH": os.environ["PATH"] + ":/usr/sbin"}, text=True, check=False)

    def test_bird(self):
        text = pages.block(ROUTER, "bird").text
        done = self.bird_accepts(text)
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertNotEqual(self.bird_accepts(text.replace("neighbor range", "neighbour range")).returncode, 0)

    def test_gobgp(self):
        config = tomllib.loads(pages.block(ROUTER, "gobgp").text)
        families = [family["config"]["afi-safi-name"] for family in config["peer-groups"][0]["afi-safis"]]
        self.assertEqual(families, ["ipv4-unicast", "ipv4-flowspec", "ipv6-unicast"])


class Sigusr2(unittest.TestCase):
    """The effect of Docker's signals on a program behind the entrypoint and the wrapper."""
    # Ends with status 7 on SIGQUIT, which nginx handles, too. With a handler for SIGUSR2 it ends with status 3.
    PROGRAM = """import os, signal, sys
signal.signal(signal.SIGQUIT, lambda *_: os._exit(7))
if "handler" in sys.argv: signal.signal(signal.SIGUSR2, lambda *_: os._exit(3))
print("ready", flush=True)
while True: signal.pause()"""

    def start(self, argv):
        process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.addCleanup(process.stdout.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        self.assertEqual(process.stdout.readline(), "ready\n")
        return process

    def program(self, *arguments):
        return [sys.executable, "-c", self.PROGRAM, *arguments]

    def status_after(self, argv, *signals):
        process = self.start(argv)
        for number in signals:
            process.send_signal(number)
        return process.wait(10)

    def test_without_entrypoint_and_wrapper_the_program_ends(self):
        self.assertEqual(self.status_after(self.program(), signal.SIGUSR2), -signal.SIGUSR2)
        self.assertEqual(self.status_after(self.program("handler"), signal.SIGUSR2), 3)

    def test_entrypoint(self):
        """For a program without a handler for SIGUSR2."""
        argv = json.loads(pages.block(SHUTDOWN, "ignore-usr2").text.removeprefix("ENTRYPOINT "))
        self.assertEqual(self.status_after([*argv, *self.program()], signal.SIGUSR2, signal.SIGQUIT), 7)

    def test_wrapper(self):
        """For a program with a handler for SIGUSR2."""
        with tempfile.TemporaryDirectory() as folder:
            wrapper = Path(folder) / "wrapper"
            wrapper.write_text(pages.block(SHUTDOWN, "wrapper").text)
            wrapper.chmod(0o755)
            # Repeated, because the trap may interrupt the wait before or after the program has ended.
            ended = [self.status_after([wrapper, *self.program("handler")], signal.SIGUSR2, signal.SIGTERM) for _ in range(20)]
            self.assertEqual(set(ended), {7}, ended)


if __name__ == "__main__":
    unittest.main()
