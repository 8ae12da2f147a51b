"""Gateway networks: Docker bridge networks labelled bgplb_advertise=true are announced while they exist."""
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
