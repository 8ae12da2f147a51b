"""A hostile container with Docker's default capabilities. Each attack is tried with its protection switched off, where it must
succeed, and on, where it must not. The results are one row each in the table that run.py prints."""
import contextlib
import sys
import time
from pathlib import Path

import wait
from base import GATEWAY, LabTest

V4, V6 = "10.0.0.101", "2001:db8:0:1::101"
FRAMES = (Path(__file__).parents[1] / "support/frames.py").read_text()
COUNTED = "table inet count {\n chain in {\n  type filter hook input priority 0;\n  udp dport 5353 counter\n }\n}"
NO_NFT = "nft delete table inet bgplb"
ROWS = []


def report(out=sys.stderr):
    if ROWS:
        print(f"\n{'attack of a container':<62}{'unprotected':>13}{'protected':>11}", file=out)
    for name, *outcomes in ROWS:
        print(f"{name:<62}{outcomes[0]:>13}{outcomes[1]:>11}", file=out)


class Attacks(LabTest):
    def setUp(self):
        super().setUp()
        # Like the defaults of some distributions; the plugin then loosens the filter of the gateway bridge.
        self.host.run("sysctl", "-qw", "net.ipv4.conf.all.rp_filter=1")
        self.addCleanup(self.host.run, "sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0")
        self.prefixes = self.vip("web1", V4, V6)
        for name in ("victim", "evil"):
            self.host.web(name, "web1", health=False, more=("--sysctl", "net.ipv4.conf.all.rp_filter=2"))
        self.wait_answer(V4, "victim")
        self.wait_answer(V4, "evil")
        self.bridge = self.host.bridge("web1")
        self.mac = {name: self.host.inspect(name)["NetworkSettings"]["Networks"]["web1"]["MacAddress"]
                    for name in ("victim", "evil")}
        self.port = {name: self.port_of(name) for name in ("victim", "evil")}
        self.host.run("nft", "-f", "-", input=COUNTED)
        self.addCleanup(self.host.run, "nft", "delete", "table", "inet", "count", check=False)
        wait.until(self.is_protected, 20, "the protection is complete", every=0.2)

    def port_of(self, name):
        endpoint = self.host.inspect(name)["NetworkSettings"]["Networks"]["web1"]["EndpointID"]
        return f"bgl{endpoint[:12]}"

    def is_protected(self):
        filtered = f'"{GATEWAY}"' in self.host.run("nft", "list", "table", "inet", "bgplb", check=False)
        return filtered and all(
            "isolated on" in self.host.run("bridge", "-d", "link", "show", "dev", port)
            and f"{self.mac[name]} master" in self.host.run("bridge", "fdb", "show", "dev", port)
            for name, port in self.port.items())

    @contextlib.contextmanager
    def unprotected(self, *commands):
        """Switches the protection off while the controller, which would repair it, stands still. PID 1 allows 10 s."""
        pid = self.host.plugin_pid("bgplb")
        self.host.run("kill", "-STOP", str(pid))
        try:
            self.host.sh("\n".join(commands))
            yield
        finally:
            self.host.run("kill", "-CONT", str(pid))
        wait.until(self.is_protected, 20, "the protection is repaired", every=0.2)

    def send(self, link, *argv):
        self.host.docker("exec", "-i", "evil", "python3", "-", link, *argv, input=FRAMES)

    def attack(self, name, attack, achieved, *off, least=1):
        """The attack succeeds if achieved() grows by `least` within 1 s. The protection is off in the first round."""
        outcomes = []
        for commands in (off, ()):
            with self.unprotected(*commands) if commands else contextlib.nullcontext():
                before = achieved()
                attack()
                deadline = time.monotonic() + 1
                while (grown := achieved() - before) < least and time.monotonic() < deadline:
                    time.sleep(0.05)
                outcomes.append(grown >= least)
        ROWS.append((name, *("succeeds" if outcome else "fails" for outcome in outcomes)))
        self.assertEqual(outcomes, [True, False], name)

    def counted(self):
        return int(self.host.run("nft", "list", "chain", "inet", "count", "in").split("packets ")[1].split()[0])

    def received(self, name):
        """Frames that the bridge has sent to this container."""
        return int(self.host.run("cat", f"/sys/class/net/{self.port[name]}/statistics/tx_packets"))

    def plain_ports(self):
        """The ports of the bridge as they would be without the plugin's isolation, and no forwarding entries."""
        for port, mac in zip(self.port.values(), self.mac.values()):
            yield f"ip link set {port} type bridge_slave isolated off learning on flood on mcast_flood on bcast_flood on"
            yield f"bridge fdb del {mac} dev {port} master"

    def test_router_advertisement(self):
        self.addCleanup(self.host.run, "ip", "-6", "route", "flush", "proto", "ra")
        self.attack("router advertisement: IPv6 default route of the host", lambda: self.send("vip0", "ra"),
                    lambda: "fe80::bad" in self.host.run("ip", "-6", "route", "show", "default"),
                    NO_NFT, f"sysctl -qw net.ipv6.conf.{self.bridge}.accept_ra=2", "ip -6 route flush proto ra")

    def test_traffic_of_another_container(self):
        def victims_requests():
            slot = next(line.split()[0] for line in self.host.run("ip", "neigh", "show", "dev", self.bridge).splitlines()
                        if self.mac["victim"] in line and line.startswith("169."))
            self.host.run("ip", "route", "replace", "10.0.0.99/32", "via", slot, "dev", self.bridge, "onlink")
            self.host.run("python3", "-c", "import socket; to = socket.socket(2, 2)\n"
                          "for n in range(20): to.sendto(b'x', ('10.0.0.99', 9))")
        self.addCleanup(self.host.run, "ip", "route", "del", "10.0.0.99/32", check=False)
        self.attack("reading another container's packets on the VIP's bridge", victims_requests,
                    lambda: self.received("evil"), *self.plain_ports(), least=20)

    def test_frame_to_another_container(self):
        # Otherwise the packet filter of the host drops bridged packets as well.
        self.host.run("sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=0")
        self.addCleanup(self.host.run, "sysctl", "-qw", "net.bridge.bridge-nf-call-iptables=1")
        for name, argv in (("frame to another container of the VIP", ()), ("the same with a VLAN tag", ("vlan",))):
            with self.subTest(name):
                self.attack(name, lambda argv=argv: self.send("vip0", "udp", self.mac["victim"], V4, V4, "5353", *argv),
                            lambda: self.received("victim"), *self.plain_ports(), least=20)

    def test_frame_to_the_host(self):
        mac = self.host.run("cat", f"/sys/class/net/{self.bridge}/address").strip()
        self.attack("frame to the host by the VIP's bridge, past Docker's rules",
                    lambda: self.send("vip0", "udp", mac, V4, self.host.address, "5353"), self.counted, NO_NFT)

    def test_forged_source(self):
        mac = self.host.run("cat", f"/sys/class/net/{GATEWAY}/address").strip()
        self.attack("forged IPv4 source address on the gateway bridge",
                    lambda: self.send("eth0", "udp", mac, self.router.node.address, self.host.address, "5353"),
                    self.counted, NO_NFT)

    def test_birds_port(self):
        """With ROUTER_PORT=-1 nobody connects to BIRD's port. BIRD closes the connection, which is enough for the attack."""
        program = f"import socket; socket.create_connection(('{self.host.address}', 17900), 0.8)"
        connected = []

        def connect():
            if not self.host.docker("exec", "evil", "python3", "-c", program, check=False):
                connected.append(True)
        self.attack("connection to BIRD's port", connect, lambda: len(connected), NO_NFT)
