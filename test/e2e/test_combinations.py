"""Several VIPs on one container, all ports exposed, a container without IPv6, and a VIP without a gateway network. Published
ports beside a VIP: test_gateway.py."""
import traffic
from base import LabTest
from host import HEALTH, NAME, WEB

ONE4, ONE6 = "10.0.0.101", "2001:db8:0:1::101"
TWO4, TWO6 = "10.0.0.102", "2001:db8:0:1::102"


class SeveralVips(LabTest):
    def setUp(self):
        super().setUp()
        self.one, self.two = self.vip("one", ONE4, ONE6), self.vip("two", TWO4, TWO6)

    def answer(self, name, *addresses):
        for address in addresses:
            self.wait_answer(address, name)

    def test_each_vip_is_announced_and_withdrawn_on_its_own(self):
        self.host.web("web1", "one", "two")
        self.router.wait_for(*self.one, *self.two)
        self.answer("web1", ONE4, ONE6, TWO4, TWO6)
        self.host.docker("network", "disconnect", "one", "web1")
        self.router.wait_gone(*self.one, timeout=3)
        self.router.stays(0.5, *self.two)
        self.answer("web1", TWO4, TWO6)
        self.host.docker("network", "connect", "one", "web1")
        self.router.wait_for(*self.one, timeout=3)
        self.answer("web1", ONE4, ONE6, TWO4, TWO6)
        with self.router.watch() as watch:
            self.host.docker("kill", "-s", "USR2", "web1")   # a drain concerns the container: it withdraws both VIPs
            self.router.wait_gone(*self.one, *self.two, timeout=3)
        self.assertEqual({prefix: len(watch.changes(prefix)) for prefix in self.one + self.two},
                         {prefix: 1 for prefix in self.one + self.two})

    def test_two_containers_share_one_of_the_vips(self):
        self.host.web("both", "one", "two")
        self.host.web("second", "two")
        self.router.wait_for(*self.one, *self.two)
        self.host.wait_health("second", "healthy")
        with self.router.watch() as watch:
            self.host.docker("rm", "-f", "both")
            self.router.wait_gone(*self.one, timeout=3)
            self.answer("second", TWO4, TWO6)
        self.assertEqual([change for prefix in self.two for change in watch.changes(prefix)], [])
        self.assertEqual(set(traffic.servers(self.client, TWO4, 10)), {"second"})


class ExposedPorts(LabTest):
    def test_all_ports_of_both_protocols(self):
        """As with images of media servers; dockerd lists each port in the calls for the endpoint."""
        prefix, = self.vip("one", ONE4)
        self.host.web("web1", "one", health=False, more=("--expose", "1-65535/tcp", "--expose", "1-65535/udp"))
        self.router.wait_for(prefix)
        self.wait_answer(ONE4, "web1")
        self.host.docker("rm", "-f", "web1")
        self.router.wait_gone(prefix, timeout=3)


class WithoutIpv6(LabTest):
    """A container of a VIP of both families that cannot answer over IPv6."""

    def check(self, problem):
        """The reason applies to this container; another one, on this host or on another one, serves the VIP."""
        four, six = self.prefixes
        self.router.wait_for(four)
        self.wait_answer(ONE4, "web1")
        self.router.stays_away(1, six)
        problems = {vip["vip"]: vip["problem"] for vip in self.host.status()["vips"]}
        self.assertEqual(problems, {four: "", six: problem})
        self.host.web("web2", "one")
        self.router.wait_for(six)
        self.wait_answer(ONE6, "web2")
        self.assertEqual(set(traffic.servers(self.client, ONE6, 10)), {"web2"})
        self.host.docker("rm", "-f", "web2")
        self.router.wait_gone(six, timeout=3)
        self.router.stays(0.5, four)

    def test_network_without_ipv6(self):
        """Until Docker 28, the IPv6 subnet of a network without --ipv6 is in its lists, and no container has an address of it."""
        driver = ("--driver", NAME, "--ipam-driver", NAME)
        self.host.docker("network", "create", *driver, "--subnet", f"{ONE4}/32", "--subnet", f"{ONE6}/128", "one")
        self.host.web("web1", "one")
        four, six = f"{ONE4}/32", f"{ONE6}/128"
        self.router.wait_for(four)
        self.router.stays_away(1, six)
        problems = {vip["vip"]: vip["problem"] for vip in self.host.status()["vips"]}
        self.assertEqual(problems, {four: "", six: "container web1 does not have the IPv6 VIP"})

    def test_container_with_ipv6_disabled(self):
        self.prefixes = self.vip("one", ONE4, ONE6)
        self.host.web("web1", "one", more=("--sysctl", "net.ipv6.conf.all.disable_ipv6=1"))
        self.check("IPv6 is disabled in container web1")

    def test_gateway_network_without_ipv6(self):
        self.prefixes = self.vip("one", ONE4, ONE6)
        self.host.docker("network", "create", "gw4")
        self.host.docker("run", "-d", "--name", "web1", "--network", "gw4", "--network", "one", *HEALTH, "-e", "NAME=web1", WEB)
        self.check("container web1 has no network over which it can reply to IPv6 clients")


class WithoutGatewayNetwork(LabTest):
    """dockerd attaches such a container to docker_gwbridge, which dockerd creates if it is missing: IPv4 only, masquerading."""
    gateway = False

    def setUp(self):
        super().setUp()
        self.host.docker("network", "rm", "docker_gwbridge", check=False)
        # The next test must not find the docker_gwbridge of this test.
        self.addCleanup(self.host.docker, "network", "rm", "docker_gwbridge", check=False)
        self.addCleanup(self.host.docker, "rm", "-fv", "web1", check=False)
        self.prefixes = self.vip("one", ONE4, ONE6)

    def start(self, *options, prefixes=None):
        self.host.docker("run", "-d", "--name", "web1", "--network", "one", *(options or HEALTH), "-e", "NAME=web1", WEB)
        self.router.wait_for(*(prefixes or self.prefixes))

    def check_only_ipv4(self, problem):
        self.router.stays_away(1, self.prefixes[1])
        problems = {vip["vip"]: vip["problem"] for vip in self.host.status()["vips"]}
        self.assertEqual(problems, {self.prefixes[0]: "", self.prefixes[1]: problem})

    def check(self, address, client):
        self.wait_answer(address, "web1")
        self.assertEqual(self.get(address, "/client"), client)

    def test_docker_gwbridge_created_by_dockerd(self):
        self.start(prefixes=self.prefixes[:1])
        self.check(ONE4, self.client.address)
        self.check_only_ipv4("container web1 has no network over which it can reply to IPv6 clients")
        self.assertIn("docker_gwbridge", self.host.docker("network", "ls", "--format", "{{.Name}}").split())
        # docker_gwbridge masquerades connections to the outside, so the router needs no route back.
        self.assertTrue(self.host.ok("docker", "exec", "web1", "ping", "-c1", "-W2", self.client.address))
        self.host.sick("web1")
        self.host.wait_health("web1", "unhealthy")
        self.router.wait_gone(*self.prefixes, timeout=3)

    def test_docker_gwbridge_created_by_hand_for_ipv6(self):
        self.host.docker("network", "create", "--subnet", "172.28.0.0/24", "--ipv6", "--subnet", "2001:db8:0:28::/64",
                         "-o", "com.docker.network.bridge.name=docker_gwbridge", "docker_gwbridge")
        self.start()
        self.check(ONE4, self.client.address)
        self.check(ONE6, self.client.address6)
        # `docker inspect` does not show the container's address on docker_gwbridge. The gateway's own address is no longer
        # tentative.
        self.host.docker("rm", "-f", "web1")
        self.start("--no-healthcheck")
        self.wait_serves("web1")
        self.assertEqual(self.get(ONE6, timeout=0.9), "web1")
