"""The main scenario: the commands of the front page."""
import lab
import pages
import wait
from base import GATEWAY, NAME, LabTest
from host import MODES, WEB

V4, V6 = "10.0.0.101", "2001:db8:0:1::101"
PREFIXES = (f"{V4}/32", f"{V6}/128")
FRONT_PAGE = "README.md"


class Scenario(LabTest):
    gateway = False

    def setUp(self):
        super().setUp()
        if not self.host.at_least(25):
            self.skipTest("docker run with two networks needs Docker 25; test_engine_20_10 uses docker network connect")
        # Start like a user: without a network, the plugin installed from a registry.
        self.host.docker("network", "rm", GATEWAY, check=False)
        self.host.docker("plugin", "rm", "-f", NAME, check=False)
        install = pages.command(FRONT_PAGE, "install", **{"REGISTRY/docker-bgp-lb:1.0": self.host.reference})
        self.host.run(*[word.replace("192.168.8.", f"{lab.NET}.") for word in install], timeout=120)
        self.host.settings = self.host.default_settings()

    def check_attributes(self, prefix):
        route, = self.router.routes(prefix)
        self.assertEqual(route.origin, "IGP")
        self.assertEqual(route.as_path, (65534,))
        self.assertEqual(route.next_hop, self.host.address6 if ":" in prefix else self.host.address)

    def test_scenario(self):
        host = self.host
        with self.subTest("the gateway network is announced while it exists"):
            create = pages.command(FRONT_PAGE, "gateway-network")
            routed = [f"--opt={mode}=routed" for mode in MODES] if host.at_least(28) else []
            host.run(*create[:-1], *routed, create[-1])
            self.router.wait_for("172.23.0.0/24", "2001:db8::/64")
            self.check_attributes("172.23.0.0/24")
            self.check_attributes("2001:db8::/64")

        host.run(*pages.command(FRONT_PAGE, "vip-network"))
        # The web server is unhealthy at first, so that the state before "healthy" can be checked.
        run = pages.command(FRONT_PAGE, "container")
        self.assertEqual(run[-1], "IMAGE")
        host.run(*run[:-1], "--health-interval", "1s", "--entrypoint", "/bin/sh", WEB,
                 "-c", "touch /tmp/unhealthy; exec python3 -u /web.py", timeout=60)

        with self.subTest("not announced before it is healthy"):
            self.assertEqual(host.health("web1"), "starting")
            self.router.stays_away(2, *PREFIXES)
            self.assertEqual(host.health("web1"), "starting")

        with self.subTest("when it is healthy: announced, with a host route on the network's bridge"):
            host.sick("web1", False)
            host.wait_health("web1", "healthy")
            self.router.wait_for(*PREFIXES, timeout=3)
            for prefix in PREFIXES:
                self.check_attributes(prefix)
            bridge = host.bridge("web1")
            self.assertEqual(len(bridge), 15)
            for address in (V4, V6):
                self.assertRegex(host.host_routes(address), rf"(?s)^{address} .*\bdev {bridge} ")

        with self.subTest("requests are answered, and the server sees the client's own address"):
            for address, client in ((V4, self.client.address), (V6, self.client.address6)):
                self.wait_answer(address)
                self.assertEqual(self.get(address, "/client"), client)
            # The container can also open connections to the outside.
            self.assertTrue(host.ok("docker", "exec", "web1", "ping", "-c1", "-W2", self.client.address))
            self.assertTrue(host.ok("docker", "exec", "web1", "ping", "-c1", "-W2", self.client.address6))

        with self.subTest("docker stop: withdrawn at once, the host route after the grace time, SIGTERM after 5 s"):
            began = wait.time.time()
            with self.router.watch() as watch:   # the monitor has the time of the change; a poll would be later
                stop = host.stream("docker", "stop", "web1")
                self.router.wait_gone(*PREFIXES, timeout=4)
            self.assertEqual(host.state("web1"), "running")
            self.wait_no_host_route(V4, V6, timeout=4)
            stop.process.wait(20)
            stop.close()
            signalled, terminated = self.assert_drain(began, "web1", 5)
            for prefix in PREFIXES:
                (withdrawn, gone, _), = watch.changes(prefix)
                self.assertTrue(gone)
                self.assertLess(withdrawn - signalled, 1)
            self.assertLess(host.event_time(began, "die", "web1") - terminated, 8)   # the server's own time to end

        with self.subTest("the gateway subnets are withdrawn when the network is removed"):
            self.router.stays(0.5, "172.23.0.0/24", "2001:db8::/64")
            host.docker("rm", "web1")
            host.docker("network", "rm", "web1")
            host.docker("network", "rm", "bgplb_gwbridge")
            self.router.wait_gone("172.23.0.0/24", "2001:db8::/64", timeout=3)
            left = host.run("ip", "-o", "link")
            self.assertNotIn("bgplb-", left)


class FurtherCases(LabTest):
    """Cases that the scenario does not cover."""

    def test_start_again_after_stop(self):
        prefixes = self.vip("web1", V4, V6)
        self.host.web("web1", "web1", more=("--stop-signal", "SIGUSR2", "--stop-timeout", "30"))
        self.router.wait_for(*prefixes)
        self.host.docker("stop", "web1")
        self.router.wait_gone(*prefixes, timeout=3)
        self.host.docker("start", "web1")
        self.router.wait_for(*prefixes)
        self.wait_answer(V4)
        self.wait_answer(V6)

    def test_ipv4_only(self):
        prefix, = self.vip("web4", "10.0.0.104")
        self.host.web("web4", "web4")
        self.router.wait_for(prefix)
        self.wait_answer("10.0.0.104", "web4")

    def test_many_networks_at_once(self):
        prefixes = []
        for n in range(1, 9):
            prefixes += self.vip(f"many{n}", f"10.0.1.{n}", f"2001:db8:0:1::1:{n}")
        self.host.web("many", *[f"many{n}" for n in range(1, 9)])
        self.router.wait_for(*prefixes, timeout=20)
        self.assertEqual(self.get("10.0.1.8"), "many")
        self.assertEqual(self.get("2001:db8:0:1::1:8"), "many")
        self.host.docker("rm", "-f", "many")
        self.router.wait_gone(*prefixes, timeout=3)


