"""FRR as the router, with the configuration of docs/router.md: zebra installs the routes and their next hops' weights in the kernel.
FRR on the host, as the plugin's peer, with the configuration of the same page."""
import re
import sys

import lab
import pages
import traffic
import wait
from base import LabTest, slow

V4, V6 = "10.0.0.101", "2001:db8:0:1::101"
PREFIXES = (f"{V4}/32", f"{V6}/128")


def documented_config():
    """With this lab's addresses."""
    return pages.block("docs/router.md", "frr").text.replace("192.168.8.", f"{lab.NET}.")


class FrrTest(LabTest):
    hosts_needed = 2

    def setUp(self):
        super().setUp()
        self.node = self.router.node
        self.node.run("kept", "stop")   # BIRD has the port and the routes otherwise
        self.addCleanup(self.node.run, "kept", "start")
        self.node.run("tee", "/etc/frr/frr.conf", input=documented_config())
        self.node.run("sed", "-i", "s/^bgpd=no/bgpd=yes/", "/etc/frr/daemons")
        self.addCleanup(self.node.run, "/usr/lib/frr/frrinit.sh", "stop", check=False)
        self.node.run("/usr/lib/frr/frrinit.sh", "start")
        wait.until(lambda: all(self.established(host) for host in self.used), 30, "a session with each host", every=0.2)

    def vtysh(self, command):
        return self.node.run("vtysh", "-c", command, check=False)

    def established(self, host):
        return "BGP state = Established" in self.vtysh(f"show bgp neighbors {host.address}")

    def dump(self):
        print(self.vtysh("show bgp summary"), self.vtysh("show bgp ipv4 unicast"), self.node.run("ip", "route"), file=sys.stderr)
        super().dump()

    def weights(self, prefix):
        """{next hop: weight} of the router's kernel route; a single next hop has no weight and counts as 1."""
        text = self.router.kernel(prefix)
        found = {hop: int(weight) for hop, weight in re.findall(r"nexthop via (\S+) .*?weight (\d+)", text)}
        return found or dict.fromkeys(re.findall(r"via (\S+)", text), 1)

    def hops(self, prefix):
        return [host.address6 if ":" in prefix else host.address for host in self.used]

    def wait_ratio(self, prefix, ratio):
        """Waits until the hosts' weights at the router have this ratio."""
        one, two = self.hops(prefix)

        def right():
            weights = self.weights(prefix)
            return set(weights) == {one, two} and abs(weights[one] / weights[two] - ratio) < 0.1
        try:
            wait.until(right, 10, f"{prefix}: weights {ratio} : 1")
        except wait.Timeout as error:
            raise wait.Timeout(f"{error}; the weights are {self.weights(prefix)}") from None


class LocalFrr(LabTest):
    """FRR on the host has the session to the router."""

    def setUp(self):
        super().setUp()
        self.addCleanup(self.host.configure)
        conf = self.router.node.run("cat", "/etc/bird/bird.conf")
        self.addCleanup(self.router_conf, conf)
        self.router_conf(conf.replace("as 65534;", "as 65040;"))
        text = pages.block("docs/router.md", "local-frr").text.replace("192.168.8.40", self.host.address)
        self.host.run("tee", "/etc/frr/frr.conf", input=text.replace("192.168.8.", f"{lab.NET}."))
        self.host.run("sed", "-i", "s/^bgpd=no/bgpd=yes/", "/etc/frr/daemons")
        self.addCleanup(self.host.run, "/usr/lib/frr/frrinit.sh", "stop", check=False)
        self.host.run("/usr/lib/frr/frrinit.sh", "start")
        self.host.configure(PEER_ADDRESS=self.host.address, PEER_AS="65040")

    def router_conf(self, text):
        self.router.node.run("tee", "/etc/bird/bird.conf", input=text)
        self.assertRegex(self.router.node.run("birdc", "configure"), "Reconfigur")

    def dump(self):
        print(self.host.run("vtysh", "-c", "show bgp summary", check=False), self.host.run("ip", "route"), file=sys.stderr)
        super().dump()

    def test_the_documented_configuration(self):
        self.host.create_vip("web1", V4, V6)
        self.host.web("web1", "web1")
        for route in self.router.wait_for(*PREFIXES, timeout=20):
            self.assertEqual(route.next_hop, self.host.address6 if ":" in route.prefix else self.host.address)
            self.assertEqual(route.as_path, (65040, 65534))
        for address in (V4, V6):
            self.wait_answer(address, "web1")
            self.assertRegex(self.host.host_routes(address), rf"(?s)^{address} .*\bdev bgplb-")
        with self.router.watch() as watch:   # FRR keeps the routes while BIRD is restarted
            before = self.host.plugin_pids("bird")
            self.host.run("kill", "-9", str(before[0]))
            wait.until(lambda: set(self.host.plugin_pids("bird")) - set(before), 10, "a new BIRD")
            self.router.stays(3, *PREFIXES)
        self.assertEqual([line for _, deleted, line in watch.changes(PREFIXES[0]) if deleted], [])
        self.host.docker("kill", "-s", "USR2", "web1")
        self.router.wait_gone(*PREFIXES, timeout=3)


class Frr(FrrTest):
    def test_the_documented_configuration(self):
        for host in self.used:
            host.create_vip("web1", V4, V6)
            host.web(f"web1-{host}", "web1")
        for prefix in PREFIXES:
            self.wait_ratio(prefix, 1)
        for gateway in ("172.23.0.0/24", "172.23.1.0/24"):
            self.assertTrue(self.weights(gateway), f"{gateway} at the router")
        for address in (V4, V6):
            wait.until(lambda: set(traffic.servers(self.client, address, 10)) == {"web1-host1", "web1-host2"}, 10,
                       f"both hosts answer at {address}", every=0.2)
        self.host.docker("kill", "web1-host1")
        for prefix in PREFIXES:
            wait.until(lambda: list(self.weights(prefix)) == self.hops(prefix)[1:], 3, f"{prefix} withdrawn by one host")


class Weights(FrrTest):
    def start(self, network, v4, v6, *weights):
        for host, weight in zip(self.used, weights):
            option = ("-o", f"bgplb.weight={weight}") if weight else ()
            host.create_vip(network, v4, v6, *option)
            host.web(f"{network}-{host}", network)

    def test_weight_counts_ready_backends(self):
        for host in self.used:
            host.run(*pages.command("docs/networks-and-containers.md", "weight"))
            host.web(f"web1-{host}", "web1")
        for prefix in PREFIXES:
            self.wait_ratio(prefix, 1)
        self.host.web("web1-more", "web1")
        with self.router.watch() as watch:
            self.host.wait_health("web1-more", "healthy")
            for prefix in PREFIXES:
                self.wait_ratio(prefix, 2)
                self.assertFalse([line for _, deleted, line in watch.changes(prefix) if deleted])
        for address in (V4, V6):
            answers = traffic.servers(self.client, address, 150)
            share = 1 - answers.get("web1-host2", 0) / 150
            self.assertAlmostEqual(share, 2 / 3, delta=0.16, msg=f"{address}: {answers}")   # four standard deviations
        self.host.sick("web1-more")
        for prefix in PREFIXES:
            self.wait_ratio(prefix, 1)

    @slow
    def test_different_weights_and_a_host_without_a_weight(self):
        self.start("web1", V4, V6, 3, 1)
        self.start("web2", "10.0.0.102", None, 3, None)
        for prefix in PREFIXES:
            self.wait_ratio(prefix, 3)
        # If one host announces no weight, FRR gives all hosts the same share.
        self.wait_ratio("10.0.0.102/32", 1)

        weights = {vip["vip"]: vip["weight"] for vip in self.used[1].status()["vips"]}
        self.assertEqual(weights, {**dict.fromkeys(PREFIXES, 1), "10.0.0.102/32": None})

    @slow
    def test_a_new_controller_knows_the_weight(self):
        self.start("web1", V4, V6, 3, 1)
        for prefix in PREFIXES:
            self.wait_ratio(prefix, 3)
        before = self.host.plugin_pids("bgplb")
        self.host.run("kill", "-9", str(before[0]))
        wait.until(lambda: set(self.host.plugin_pids("bgplb")) - set(before), 10, "a new controller")
        self.host.web("web1-more", "web1")
        for prefix in PREFIXES:
            self.wait_ratio(prefix, 6)

