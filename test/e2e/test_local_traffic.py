"""VIPs are reachable from the hosts and their containers, with the VIP's container on this host or only on another host."""
from base import GATEWAY, LabTest

LOCAL4, LOCAL6 = "10.0.0.101", "2001:db8:0:1::101"
FAR4, FAR6 = "10.0.0.102", "2001:db8:0:1::102"


class LocalTraffic(LabTest):
    hosts_needed = 2

    def setUp(self):
        super().setUp()
        here, there = self.used
        prefixes = self.vip("local", LOCAL4, LOCAL6) + self.vip("far", FAR4, FAR6, host=there)
        here.web("local", "local", health=False)
        there.web("far", "far", health=False)
        self.router.wait_for(*prefixes)
        for address, name in ((LOCAL4, "local"), (LOCAL6, "local"), (FAR4, "far"), (FAR6, "far")):
            self.wait_answer(address, name)

    def ask(self, *inside, six=True):
        """Sends requests from the host, or with `inside` from a container on it."""
        for address, name in ((LOCAL4, "local"), (FAR4, "far"), *(((LOCAL6, "local"), (FAR6, "far")) if six else ())):
            target = f"[{address}]" if ":" in address else address
            with self.subTest(address):
                self.assertEqual(self.host.run(*inside, "curl", "-fsS", "-m", "3", f"http://{target}/").strip(), name)

    def test_from_the_host_itself(self):
        self.ask()

    def test_from_the_same_gateway_bridge(self):
        self.host.docker("run", "-d", "--name", "mate", "--network", GATEWAY, "--no-healthcheck", "bgplb-web:trixie")
        self.ask("docker", "exec", "mate")

    def test_from_another_bridge(self):
        self.host.docker("network", "create", "--subnet", "172.29.0.0/24", "plain")
        self.host.docker("run", "-d", "--name", "plain", "--network", "plain", "--no-healthcheck", "bgplb-web:trixie")
        self.ask("docker", "exec", "plain", six=False)   # no IPv6 address on that bridge

    def test_from_the_default_bridge(self):
        self.host.docker("run", "-d", "--name", "plain", "--no-healthcheck", "bgplb-web:trixie")
        self.ask("docker", "exec", "plain", six=False)

    def test_from_a_container_with_a_vip_of_its_own(self):
        self.vip("own", "10.0.0.103", "2001:db8:0:1::103")
        self.host.web("own", "own", health=False)
        self.wait_answer("10.0.0.103", "own")
        self.ask("docker", "exec", "own")

    def test_its_own_vip(self):
        for target in (LOCAL4, f"[{LOCAL6}]"):
            self.assertEqual(self.host.docker("exec", "local", "curl", "-fsS", "-m", "3", f"http://{target}/"), "local")
