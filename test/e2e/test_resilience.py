"""What dies comes back, and the router does not notice more than it must."""

import wait
from base import GATEWAY, NAME, LabTest
from traffic import Load

V4, V6 = "10.0.0.101", "2001:db8:0:1::101"


class Resilience(LabTest):
    def setUp(self):
        super().setUp()
        self.prefixes = self.vip("web1", V4, V6)
        self.host.web("web1", "web1")
        self.router.wait_for(*self.prefixes)
        self.wait_answer(V4, "web1")

    def kill(self, program, signal="KILL"):
        pid, = self.host.plugin_pids(program)
        self.host.run("kill", f"-{signal}", str(pid))
        wait.until(lambda: self.host.plugin_pids(program) not in ([], [pid]), 10, f"{program} runs again")
        return pid

    def test_the_controller_killed(self):
        bird = self.host.plugin_pids("bird")
        with self.router.watch() as watch, Load(self.client, V4) as load:
            self.kill("bgplb")
            self.router.stays(3, *self.prefixes)
        self.assertEqual(self.host.plugin_pids("bird"), bird)
        # Nothing moves, so no connection may be reset either, not even one that the client would open again.
        self.assertEqual((load.failed, load.reopened), (0, 0), load.failures)
        self.assertEqual([watch.changes(prefix) for prefix in self.prefixes], [[], []])
        # It knows what it announced, and goes on with it.
        self.host.sick("web1")
        self.host.wait_health("web1", "unhealthy")
        self.router.wait_gone(*self.prefixes, timeout=2)
        self.host.sick("web1", False)
        self.router.wait_for(*self.prefixes)

    def test_changes_while_the_controller_was_away(self):
        pid, = self.host.plugin_pids("bgplb")
        self.host.run("kill", "-STOP", str(pid))
        self.host.sick("web1")
        self.host.wait_health("web1", "unhealthy")
        self.host.run("kill", "-KILL", str(pid))
        self.router.wait_gone(*self.prefixes, timeout=5)

    def test_bird_killed(self):
        with self.router.watch() as watch, Load(self.client, V4) as load:
            self.kill("bird")
            self.router.wait_for(*self.prefixes)
            self.router.stays(3, *self.prefixes)
        # Nothing moves, so no connection may be reset either, not even one that the client would open again.
        self.assertEqual((load.failed, load.reopened), (0, 0), load.failures)
        self.assertFalse([c for p in self.prefixes for c in watch.changes(p) if c[1] == "Deleted"])
        self.host.docker("rm", "-f", "web1")
        self.router.wait_gone(*self.prefixes, timeout=2)

    def test_bird_killed_while_a_vip_goes(self):
        pid, = self.host.plugin_pids("bird")
        self.host.sh(f"kill -9 {pid}; docker kill web1 >/dev/null")
        self.router.wait_gone(*self.prefixes, timeout=15)
        self.host.docker("start", "web1")
        self.router.wait_for(*self.prefixes)

    def test_the_plugin_disabled_and_enabled(self):
        self.host.docker("plugin", "disable", "-f", NAME)
        self.addCleanup(self.host.docker, "plugin", "enable", NAME, check=False)
        self.router.wait_gone(*self.prefixes, timeout=3)
        self.host.docker("plugin", "enable", NAME)
        self.router.wait_for(*self.prefixes, "172.23.0.0/24")
        self.wait_answer(V4, "web1")
        self.wait_answer(V6, "web1")

    def test_dockerd_killed(self):
        """dockerd comes back: the containers with a restart policy too, on networks nobody creates again."""
        self.host.docker("update", "--restart", "always", "web1")
        self.host.run("kept", "restart", "KILL")
        wait.until(lambda: self.host.ok("docker", "version"), 60, "dockerd answers", every=0.3)
        wait.until(lambda: self.host.state("web1") == "running", 30, "web1 runs")
        self.router.wait_for(*self.prefixes, timeout=20)
        self.wait_answer(V4, "web1")
        self.wait_answer(V6, "web1")

    def test_dockerd_restarted(self):
        self.host.docker("update", "--restart", "always", "web1")
        self.host.run("kept", "restart", "TERM", timeout=90)
        wait.until(lambda: self.host.ok("docker", "version"), 60, "dockerd answers", every=0.3)
        self.router.wait_for(*self.prefixes, timeout=20)
        self.wait_answer(V4, "web1")
        self.host.docker("network", "inspect", GATEWAY)

    def test_the_bridge_deleted_by_hand(self):
        """It is made anew, and the veth pair, which outlives it, is put back: the container need not be restarted."""
        self.host.run("ip", "link", "del", self.host.bridge("web1"))
        wait.until(lambda: self.host.host_routes(V4) and self.host.host_routes(V6), 3, "bridge and routes are back")
        self.wait_answer(V4, "web1")
        self.wait_answer(V6, "web1")
        self.router.stays(1, *self.prefixes)

    def test_the_host_route_deleted_by_hand(self):
        self.host.run("ip", "route", "del", f"{V4}/32")
        wait.until(lambda: self.host.host_routes(V4), 3, "the route is back")
        self.wait_answer(V4, "web1")
