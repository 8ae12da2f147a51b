"""Several containers on one host behind one VIP: all serve, and each connection stays with its container."""
import re
import time

import traffic
import wait
from base import LabTest
from traffic import Held, Load

V4, V6 = "10.0.0.101", "2001:db8:0:1::101"
VIPS = (V4, V6)
UDP_ECHO = """import socket, sys, threading
def echo(name, address):
    s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((address, 5300))
    while True: s.sendto(name.encode(), s.recvfrom(99)[1])
for address in sys.argv[2:]: threading.Thread(target=echo, args=(sys.argv[1], address)).start()
"""
UDP_ASK = """import socket, sys
s = socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("", 40000))
s.settimeout(0.3)
s.sendto(b"x", (sys.argv[1], 5300))
print(s.recv(99).decode())
"""
DRAINED = ("--stop-signal", "SIGUSR2", "--stop-timeout", "30")


class OneHost(LabTest):
    def start(self, *names, beside=(), more=()):
        for name in names:
            self.host.web(name, "web1", more=more)
        self.wait_serving(*names, *beside)

    def wait_serving(self, *names, address=V4):
        """Exactly these containers receive new connections."""
        wait.until(lambda: set(traffic.servers(self.client, address, 30)) == set(names), 15,
                   f"{names} answer at {address}", every=0.2)

    def test_new_connections_are_spread_over_the_ready(self):
        prefixes = self.vip("web1", V4, V6)
        self.start("one", "two", "three")
        for address in VIPS:
            counts = traffic.servers(self.client, address, 120)
            self.assertEqual(set(counts), {"one", "two", "three"})
            self.assertGreater(min(counts.values()), 15, counts)   # the hash gives each about 40
        for family, name in (("ipv4", V4), ("ipv6", V6)):
            policy = self.host.run("cat", f"/proc/sys/net/{family}/fib_multipath_hash_policy").strip()
            self.assertEqual(policy, "1", f"{name}: flows are not hashed over their ports")
        self.host.sick("two")
        self.wait_serving("one", "three")
        self.host.docker("pause", "one")
        self.wait_serving("three")
        self.host.docker("unpause", "one")
        self.host.sick("two", False)
        self.wait_serving("one", "two", "three")
        for name in ("one", "two"):
            self.host.docker("rm", "-f", name)
        self.wait_serving("three")
        self.router.stays(1, *prefixes)
        self.host.docker("kill", "three")
        self.router.wait_gone(*prefixes)

    def test_held_connections_stay_when_backends_change(self):
        self.vip("web1", V4, V6)
        self.start("one", "two")
        with Held(self.client, VIPS, 100) as held:
            began = time.monotonic()
            self.start("three", beside=("one", "two"))
            self.host.docker("rm", "-f", "three")   # "three" has only new connections, none of the held ones
            self.host.sick("two")                 # "two" gets no new connections, but keeps its own
            self.wait_serving("one")
            self.host.sick("two", False)
            self.start("four", beside=("one", "two"))
            self.host.docker("stop", "-t", "1", "four")
            # Half of the connections are idle for a minute before their next request.
            wait.until(lambda: time.monotonic() - began > 62, 70, "a minute of silence", every=1)
        self.assertEqual(set(held.fates), {"one", "two"})
        for name, fate in held.fates.items():
            self.assertEqual((fate["lost"], fate["moved"]), (0, 0), f"{name}: {held.fates}")

    def test_a_removed_backend_loses_only_its_own_connections(self):
        self.vip("web1", V4, V6)
        self.start("one", "two")
        with Held(self.client, VIPS, 50) as held:
            self.host.docker("rm", "-f", "two")
            self.wait_serving("one")
            self.wait_serving("one", address=V6)
        self.assertEqual(held.fates["one"]["kept"], sum(held.fates["one"].values()), held.fates)
        self.assertEqual(held.fates["two"]["kept"], 0, held.fates)

    def test_held_connections_survive_the_controller(self):
        self.vip("web1", V4, V6)
        self.start("one", "two")
        with Held(self.client, VIPS, 50) as held:
            self.host.run("kill", "-KILL", str(self.host.plugin_pid("bgplb")))
            self.start("three", beside=("one", "two"))
        for name, fate in held.fates.items():
            self.assertEqual((fate["lost"], fate["moved"]), (0, 0), f"{name}: {held.fates}")

    def udp_server(self, address):
        """The container that answers a client with a fixed source port; empty: none."""
        status, out, _ = self.client.execute("python3", "-c", UDP_ASK, address)
        return "" if status else out.strip()

    def wait_udp_server(self, address, name):
        wait.until(lambda: self.udp_server(address) == name, 5, f"{name} answers at {address}", every=0.2)

    def test_udp_flows_leave_a_paused_container(self):
        self.vip("web1", V4, V6)
        for name in ("one", "two"):
            self.host.web(name, "web1", health=False, more=("--entrypoint", "python3"), command=("-c", UDP_ECHO, name, *VIPS))
        for address in VIPS:
            name = wait.until(lambda: self.udp_server(address), 10, f"an answer at {address}", every=0.2)
            other = "two" if name == "one" else "one"
            self.host.docker("pause", name)
            self.wait_udp_server(address, other)
            self.host.docker("unpause", name)
            self.wait_udp_server(address, name)
            self.host.docker("stop", "-t", "1", name)
            self.wait_udp_server(address, other)
            self.host.docker("start", name)

    def test_rolling_update_loses_no_request(self):
        prefixes = self.vip("web1", V4, V6)
        self.start("old1", "old2", more=DRAINED)
        with Load(self.client, V4) as load4, Load(self.client, V6) as load6:
            for old, new in (("old1", "new1"), ("old2", "new2")):
                self.host.web(new, "web1", more=DRAINED)
                self.host.wait_health(new, "healthy")
                self.host.docker("stop", old)
            self.router.stays(0.5, *prefixes)
        for load in (load4, load6):
            self.assertEqual((load.failed, load.reopened), (0, 0), load.failures)
            self.assertEqual(set(load.servers), {"old1", "old2", "new1", "new2"})

    def test_marks_and_routes_are_removed_with_the_network(self):
        self.vip("web1", V4, V6)
        self.start("one", "two")
        self.assertIn("169.254.77.2", self.host.run("ip", "route", "show", "table", "178002"))
        self.assertIn("chain restore", self.host.run("nft", "list", "table", "inet", "bgplb"))
        self.host.docker("rm", "-f", "one", "two")
        self.host.docker("network", "rm", "web1")
        def left():
            return [line for command in ("ip rule", "ip -6 rule", "ip route show table all proto 178",
                                         "ip -6 route show table all proto 178", "ip nexthop", "nft list ruleset")
                    for line in self.host.run(*command.split()).splitlines()
                    if re.search("17[58]0|bgplb-|bgplb_loops|chain (restore|learn)", line)]   # the rule for BIRD's port stays
        wait.until_none(left, 10, "objects of ours in the kernel")


class TwoHosts(LabTest):
    hosts_needed = 2

    def test_rolling_update_loses_no_request(self):
        for host in self.used:
            host.create_vip("web1", V4, V6)
            host.web(f"old-{host}", "web1", more=DRAINED)
        self.router.wait_next_hops(f"{V4}/32", [host.address for host in self.used])
        self.router.wait_next_hops(f"{V6}/128", [host.address6 for host in self.used])
        watch = self.router.watch()
        with watch, Load(self.client, V4) as load4, Load(self.client, V6) as load6:
            for host in self.used:
                host.web(f"new-{host}", "web1", more=DRAINED)
                host.wait_health(f"new-{host}", "healthy")
                host.docker("stop", f"old-{host}")
            moved = watch.changes(f"{V4}/32") + watch.changes(f"{V6}/128")
        self.assertEqual(moved, [])   # each host had a ready container at every moment
        for load in (load4, load6):
            self.assertEqual((load.failed, load.reopened), (0, 0), load.failures)
            self.assertEqual(set(load.servers), {f"{age}-{host}" for age in ("old", "new") for host in self.used})
