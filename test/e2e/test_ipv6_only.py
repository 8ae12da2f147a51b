"""IPv6 without IPv4: a network with only an IPv6 VIP, and with Docker 28 a container without any IPv4."""
import json

from base import NAME, LabTest
from host import HEALTH, WEB

V6, OTHER = "2001:db8:0:1::106", "2001:db8:0:1::107"
PLACEHOLDER = "0.0.0.0"   # before Docker 28, every network has an IPv4 pool


class Ipv6Only(LabTest):
    def create(self, name, *options):
        self.host.docker("network", "create", "--driver", NAME, "--ipam-driver", NAME, "--ipv6", *options, name)

    def check(self, *addresses, name="web6"):
        self.router.wait_for(*[f"{address}/128" for address in addresses])
        for address in addresses:
            self.wait_answer(address, name)
            self.assertRegex(self.host.host_routes(address), rf"(?s)^{address} .*\bdev bgplb-")

    def check_no_ipv4(self):
        """There is no IPv4 VIP at the router, in BIRD, in the host's routes and neighbours, and in the container."""
        self.assertEqual([prefix for prefix in self.router.prefixes() if prefix.endswith("/32")], [])
        birdc = ("birdc", "-r", "-s", f"/run/docker/plugins/{self.host.plugin_id()}/bird.ctl")
        self.assertNotIn(PLACEHOLDER, self.host.run(*birdc, "show", "route"))
        ours = [link["ifname"] for link in json.loads(self.host.run("ip", "-j", "link")) if link["ifname"].startswith("bgplb-")]
        self.assertTrue(ours)
        for link in ours:
            self.assertEqual(self.host.run("ip", "-4", "route", "show", "table", "all", "dev", link), "")
            self.assertEqual(self.host.run("ip", "-4", "neigh", "show", "nud", "permanent", "dev", link), "")
        self.assertNotIn(PLACEHOLDER, self.host.bgplb("status", "--json"))
        self.assertEqual(self.host.docker("exec", "web6", "ip", "-4", "addr", "show", "dev", "vip0"), "")

    def test_v6subnet(self):
        self.create("six", "--ipam-opt", f"v6subnet={V6}/128")
        self.host.web("web6", "six")
        self.check(V6)
        self.check_no_ipv4()
        prefix, = self.vip("four", "10.0.0.104")
        self.host.docker("network", "connect", "four", "web6")
        self.router.wait_for(prefix, timeout=3)
        self.wait_answer("10.0.0.104", "web6")

    def test_two_networks_of_one_container_by_subnet(self):
        """Docker gives both networks the same placeholder pool."""
        self.create("six", "--subnet", f"{V6}/128")
        self.create("seven", "--subnet", f"{OTHER}/128")
        self.host.web("web6", "six", "seven")
        self.check(V6, OTHER)
        self.check_no_ipv4()
        self.host.docker("network", "disconnect", "six", "web6")
        self.router.wait_gone(f"{V6}/128", timeout=3)
        self.router.stays(0.5, f"{OTHER}/128")
        self.wait_answer(OTHER, "web6")

    def test_ipv6_without_an_address(self):
        self.assert_refused("without an IPv6 VIP", "network", "create", "--driver", NAME, "--ipam-driver", NAME, "--ipv6", "six")

    def test_ipv4_disabled(self):
        """Docker 28: neither the gateway network nor the VIP network has IPv4, so the container has none."""
        if not self.host.at_least(28):
            self.skipTest("--ipv4=false needs Docker 28")
        self.host.docker("network", "create", "--ipv4=false", "--ipv6", "--subnet", "2001:db8:0:66::/64",
                         "-o", "com.docker.network.bridge.gateway_mode_ipv6=routed", "--label", "bgplb_advertise=true", "gw6")
        self.create("six", "--ipv4=false", "--ipam-opt", f"v6subnet={V6}/128")
        self.create("seven", "--ipv4=false", "--subnet", f"{OTHER}/128")
        self.assertEqual([pool["Subnet"] for pool in self.host.network("six")["IPAM"]["Config"]], [f"{V6}/128"])
        self.host.docker("run", "-d", "--name", "web6", "--network", "gw6", "--network", "six", "--network", "seven", *HEALTH,
                         "-e", "NAME=web6", WEB)
        self.check(V6, OTHER)
        self.check_no_ipv4()
        addresses = self.host.docker("exec", "web6", "ip", "-4", "-o", "addr")
        self.assertEqual([line.split()[1] for line in addresses.splitlines()], ["lo"])
        self.router.wait_for("2001:db8:0:66::/64")
        self.assertTrue(self.host.ok("docker", "exec", "web6", "ping", "-c1", "-W2", self.client.address6))
