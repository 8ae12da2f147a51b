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
COUNTED = """table inet attacks {
 chain in {
  type filter hook input priority 0;
  udp dport 5353 counter
  tcp dport 5353 meta length > 9000 counter
 }
}"""
NO_NFT = "nft delete table inet bgplb"
ROWS = []


def report(out=sys.stderr):
    if ROWS:
        print(f"\n{'attack of a container':<70}{'unprotected':>13}{'protected':>11}", file=out)
    for name, *outcomes in ROWS:
        print(f"{name:<70}{outcomes[0]:>13}{outcomes[1]:>11}", file=out)


def within_a_second(condition):
    deadline = time.monotonic() + 1
    while not (met := condition()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return met


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
        self.addCleanup(self.host.run, "nft", "delete", "table", "inet", "attacks", check=False)
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
        """Switches the protection off while the controller, which would repair it, is stopped. PID 1 allows 10 s."""
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
                outcomes.append(within_a_second(lambda before=before: achieved() - before >= least))
        self.outcome(name, outcomes)

    def outcome(self, name, outcomes):
        ROWS.append((name, *("succeeds" if outcome else "fails" for outcome in outcomes)))
        self.assertEqual(outcomes, [True, False], name)

    def counted(self):
        counters = self.host.run("nft", "list", "chain", "inet", "attacks", "in").split("packets ")[1:]
        return sum(int(counter.split()[0]) for counter in counters)

    def hop(self, name, version):
        """The next hop of this container on the VIP's bridge."""
        prefix = {4: "169.254.77.", 6: "fe80::77:"}[version]
        return next(line.split()[0] for line in self.host.run("ip", "neigh", "show", "dev", self.bridge).splitlines()
                    if self.mac[name] in line and line.startswith(prefix))

    def send_to(self, name):
        """20 datagrams from the host to this container, whatever VIP it has."""
        self.host.run("ip", "route", "replace", "10.0.0.99/32", "via", self.hop(name, 4), "dev", self.bridge, "onlink")
        self.host.run("python3", "-c", "import socket; to = socket.socket(2, 2)\n"
                      "for n in range(20): to.sendto(b'x', ('10.0.0.99', 9))")

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
        self.addCleanup(self.host.run, "ip", "route", "del", "10.0.0.99/32", check=False)
        self.attack("reading another container's packets on the VIP's bridge", lambda: self.send_to("victim"),
                    lambda: self.received("evil"), *self.plain_ports(), least=20)

    def test_forged_mac(self):
        """The ports learn but do not flood, so that only a learned entry can divert the packets."""
        def forge():
            self.send("vip0", "forge", self.mac["victim"])
            self.send_to("victim")
        self.addCleanup(self.host.run, "ip", "route", "del", "10.0.0.99/32", check=False)
        unflooded = (f"ip link set {port} type bridge_slave flood off" for port in self.port.values())
        self.attack("forged MAC address: another container's packets are diverted", forge,
                    lambda: self.received("evil"), *self.plain_ports(), *unflooded, least=20)

    def test_next_hop_of_another_container(self):
        """The neighbours behind the VIP's next hops are permanent. Unprotected, they are learned as on any link."""
        mac = self.host.run("cat", f"/sys/class/net/{self.bridge}/address").strip()
        attacks = {4: ("ARP announcement", ("arp", mac)), 6: ("neighbour advertisement", ("na",))}
        for version, (kind, argv) in attacks.items():
            with self.subTest(kind):
                hop = self.hop("victim", version)
                stale = f"ip neigh replace {hop} lladdr {self.mac['victim']} dev {self.bridge} nud stale"
                self.attack(f"{kind}: another container's next hop", lambda: self.send("vip0", *argv, hop),
                            lambda: self.mac["evil"] in self.host.run("ip", "neigh", "show", "to", hop, "dev", self.bridge),
                            NO_NFT, stale)

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

    def test_oversized_frame(self):
        mac = self.host.run("cat", f"/sys/class/net/{self.bridge}/address").strip()
        self.attack("segment of 20,000 bytes to the host by the VIP's bridge",
                    lambda: self.send("vip0", "large", mac, V4, self.host.address, "5353"), self.counted, NO_NFT)

    def test_forged_source(self):
        mac = self.host.run("cat", f"/sys/class/net/{GATEWAY}/address").strip()
        self.attack("forged IPv4 source address on the gateway bridge",
                    lambda: self.send("eth0", "udp", mac, self.router.node.address, self.host.address, "5353"),
                    self.counted, NO_NFT)

    def neighbour_of(self, name, address):
        """What this container knows about a neighbour."""
        return self.host.run("nsenter", "-t", str(self.host.inspect(name)["State"]["Pid"]), "-n", "ip", "neigh", "show", "to", address)

    def test_address_theft_on_the_gateway_bridge(self):
        """As on every Docker bridge, the protection is to start containers without CAP_NET_RAW."""
        self.host.web("evil2", "web1", health=False, more=("--cap-drop", "NET_RAW"))
        victim = self.host.inspect("victim")["NetworkSettings"]["Networks"][GATEWAY]
        for kind, gateway, argv in (("ARP", victim["Gateway"], ("arp", victim["MacAddress"])), ("NA", victim["IPv6Gateway"], ("na",))):
            with self.subTest(kind):
                # An advertisement changes only an entry that exists.
                self.host.docker("exec", "victim", "ping", "-c1", "-W2", gateway)
                self.assertIn("lladdr", self.neighbour_of("victim", gateway))
                outcomes, errors = [], []
                for attacker in ("evil", "evil2"):
                    own = self.host.inspect(attacker)["NetworkSettings"]["Networks"][GATEWAY]["MacAddress"]
                    errors.append(self.host.docker("exec", "-i", attacker, "python3", "-", "eth0", *argv, gateway, input=FRAMES,
                                                   check=False))
                    outcomes.append(within_a_second(lambda own=own: own in self.neighbour_of("victim", gateway)))
                self.assertEqual(errors[0], "")
                self.assertIn("Operation not permitted", errors[1])
                self.outcome(f"gateway's address taken on the gateway bridge, {kind} (off: CAP_NET_RAW)", outcomes)

    def test_local_ports(self):
        """With ROUTER_PORT=-1 nobody can connect to BIRD's port, the only port of the plugin."""
        pids = self.host.plugin_pids("bgplb") + self.host.plugin_pids("bird")
        sockets = [line for line in self.host.run("ss", "-Hlntup").splitlines()
                   if any(f"pid={pid}," in line for pid in pids)]
        self.assertEqual({line.split()[4].rsplit(":", 1)[1] for line in sockets}, {"17900"}, sockets)
        program = f"import socket; socket.create_connection(('{self.host.address}', 17900), 0.8)"
        connected = []

        def connect():   # BIRD closes the connection, which is enough for the attack
            if not self.host.docker("exec", "evil", "python3", "-c", program, check=False):
                connected.append(True)
        self.attack("connection to BIRD's port, the only one of the plugin", connect, lambda: len(connected), NO_NFT)
