"""Gateway networks: Docker bridge networks labelled bgplb_advertise=true are announced while they exist."""
import wait
from base import GATEWAY, LabTest


class GatewayNetworks(LabTest):
    gateway = False

    def setUp(self):
        super().setUp()
        self.host.docker("network", "rm", GATEWAY, check=False)

    def test_created_and_removed(self):
        prefixes = self.host.create_gateway("gw2", subnet="172.24.7", subnet6="2001:db8:0:77:", bridge="gw2")
        for route in self.router.wait_for(*prefixes, timeout=3):
            self.assertEqual((route.origin, route.as_path), ("IGP", (65534,)))
        self.host.docker("network", "rm", "gw2")
        self.router.wait_gone(*prefixes, timeout=3)

    def test_recreated_without_the_label_and_with_it(self):
        prefixes = self.host.create_gateway("gw2", subnet="172.24.7", subnet6="2001:db8:0:77:", bridge="gw2")
        self.router.wait_for(*prefixes, timeout=3)
        self.host.docker("network", "rm", "gw2")
        self.host.create_gateway("gw2", label=False, subnet="172.24.7", subnet6="2001:db8:0:77:", bridge="gw2")
        self.router.wait_gone(*prefixes, timeout=3)
        self.router.stays_away(1, *prefixes)
        self.host.docker("network", "rm", "gw2")
        self.host.create_gateway("gw2", subnet="172.24.7", subnet6="2001:db8:0:77:", bridge="gw2")
        self.router.wait_for(*prefixes, timeout=3)

    def test_another_value_of_the_label_is_not_true(self):
        self.host.docker("network", "create", "--subnet", "172.24.8.0/24", "--label", "bgplb_advertise=false", "gw3")
        self.router.stays_away(1.5, "172.24.8.0/24")

    def test_two_at_once(self):
        first = self.host.create_gateway("gw2", subnet="172.24.7", subnet6="2001:db8:0:77:", bridge="gw2")
        second = self.host.create_gateway("gw3", subnet="172.24.9", subnet6="2001:db8:0:79:", bridge="gw3")
        self.router.wait_for(*first, *second, timeout=3)
        self.host.docker("network", "rm", "gw2")
        self.router.wait_gone(*first, timeout=3)
        self.router.stays(1, *second)

    def test_a_container_on_it_is_reached_by_its_own_address(self):
        self.host.ensure_gateway()
        self.host.docker("run", "-d", "--name", "web1", f"--network={GATEWAY}", "--ip", "172.23.0.25",
                         "--ip6", "2001:db8::25", "-p", "80", "bgplb-web:trixie")
        self.wait_answer("172.23.0.25")
        self.wait_answer("2001:db8::25")


class GatewayMode(LabTest):
    """Docker 28 needs the gateway network in routed mode (docs/firewall-and-network.md). Tests published ports in every mode."""
    gateway = False
    CONTAINER = "172.23.0.25"

    def start(self, mode):
        self.host.docker("network", "rm", GATEWAY, check=False)
        self.addCleanup(self.host.docker, "network", "rm", GATEWAY)   # the next test needs the default one
        self.addCleanup(self.host.clean)
        self.host.create_gateway(mode=mode)
        prefixes = self.vip("web1", "10.0.0.101", "2001:db8:0:1::101")
        self.host.web("web1", "web1", health=False, more=("--ip", self.CONTAINER, "-p", "8080:80"))
        self.router.wait_for(*prefixes, timeout=3)
        for vip in ("10.0.0.101", "2001:db8:0:1::101"):
            self.wait_answer(vip, "web1")
        self.assertIsNone(self.get("10.0.0.101", ":8080/", timeout=1))   # the VIP has the container's ports, not published ones

    def reaches_out(self):
        return self.host.ok("docker", "exec", "web1", "ping", "-c1", "-W1", self.client.address)

    def published(self):
        return self.get(self.host.address, ":8080/", timeout=1) == "web1"

    def needs(self, version):
        if not self.host.at_least(version):
            self.skipTest(f"needs Docker {version}")

    def test_without_a_mode(self):
        self.start(None)
        wait.until(self.published, 5, "the published port answers")
        # From Docker 28 on, even the answer to the container's own ping is dropped.
        self.assertEqual(self.reaches_out(), not self.host.at_least(28))

    def test_routed(self):
        self.needs(28)
        self.start("routed")
        self.wait_answer(self.CONTAINER, "web1")
        self.assertTrue(self.reaches_out())
        self.assertFalse(self.published())

    def test_nat_unprotected(self):
        self.needs(28)
        self.start("nat-unprotected")
        self.wait_answer(self.CONTAINER, "web1")
        self.assertTrue(self.reaches_out())
        wait.until(self.published, 5, "the published port answers")
