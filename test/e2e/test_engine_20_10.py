"""Docker 20.10 on Debian 12: `docker run` takes only one network, and there is no `stop?signal=`."""
import lab
import wait
from base import Lab, LabTest
from host import NAME, WEB, Host

V4, V6 = "10.0.0.101", "2001:db8:0:1::101"


class Engine2010(LabTest):
    takes_long = True

    @classmethod
    def setUpClass(cls):
        cls.old = Host(3)
        lab.add_host(3, "bookworm")
        lab.lab("load", WEB, cls.old.name)
        cls.old.clean()
        cls.old.docker("plugin", "rm", "-f", NAME, check=False)
        cls.old.install(Lab.reference)

    def choose_hosts(self):
        return [self.old]

    def test_scenario(self):
        host = self.host
        self.assertTrue(host.version().startswith("20.10"), host.version())
        prefixes = self.vip("web1", V4, V6)
        host.docker("create", "--name=web1", "--network=bgplb_gwbridge", "--ip", "172.23.2.25", "--ip6", "2001:db8:0:f2::25",
                    "--health-cmd", "curl -f http://localhost/ || exit 1", "--health-interval", "500ms",
                    "--stop-timeout", "30", "--stop-signal", "SIGUSR2", "-e", "NAME=web1", WEB)
        host.docker("network", "connect", "web1", "web1")
        host.docker("start", "web1")
        self.router.wait_for(*prefixes)
        for prefix, hop in zip(prefixes, (host.address, host.address6)):
            route, = self.router.routes(prefix)
            self.assertEqual((route.origin, route.as_path, route.next_hop), ("IGP", (65534,), hop))
        for address, client in ((V4, self.client.address), (V6, self.client.address6)):
            self.wait_answer(address, "web1")
            self.assertEqual(self.get(address, "/client"), client)
        host.sick("web1")
        host.wait_health("web1", "unhealthy")
        self.router.wait_gone(*prefixes, timeout=3)
        host.sick("web1", False)
        self.router.wait_for(*prefixes)

        began = wait.time.time()
        stop = host.stream("docker", "stop", "web1")
        self.router.wait_gone(*prefixes, timeout=4)
        self.assertEqual(host.state("web1"), "running")
        stop.process.wait(20)
        stop.close()
        _, terminated = self.assert_drain(began, "web1", 5)
        self.assertLess(host.event_time(began, "die", "web1") - terminated, 8)

    def test_every_end(self):
        prefixes = self.vip("web1", V4, V6)
        self.host.web("web1", "web1", health=False)
        for end in (("kill", "web1"), ("stop", "web1"), ("pause", "web1"), ("network", "disconnect", "web1", "web1")):
            with self.subTest(end):
                self.host.docker("start", "web1")
                self.router.wait_for(*prefixes)
                self.host.docker(*end)
                self.router.wait_gone(*prefixes, timeout=3)
                if end[0] == "pause":
                    self.host.docker("unpause", "web1")

    def test_dockerd_restarted(self):
        prefixes = self.vip("web1", V4, V6)
        self.host.web("web1", "web1", health=False, more=("--restart", "always"))
        self.router.wait_for(*prefixes)
        self.host.run("kept", "restart", "TERM", timeout=90)
        wait.until(lambda: self.host.ok("docker", "version"), 60, "dockerd answers", every=0.3)
        self.router.wait_for(*prefixes, timeout=20)
        self.wait_answer(V4, "web1")
        self.wait_answer(V6, "web1")
