"""Restart policies, docker restart and docker update: the VIP follows the state of the container, and does not move otherwise."""
import time

import wait
from base import LabTest, slow
from traffic import Load

V4, V6 = "10.0.0.101", "2001:db8:0:1::101"


class RestartPolicies(LabTest):
    settings = {"DRAIN_DELAY": "2"}   # short, to save time

    def setUp(self):
        super().setUp()
        self.prefixes = self.vip("web1", V4, V6)

    def start(self, *more):
        self.host.web("web1", "web1", more=more)
        self.router.wait_for(*self.prefixes)

    def pid(self):
        return self.host.docker("inspect", "--format", "{{.State.Pid}}", "web1")

    def crash(self):
        self.host.run("kill", "-9", self.pid())

    def end_well(self):
        self.host.docker("exec", "web1", "kill", "1")   # SIGTERM, and exit status 0

    def withdrawn_and_back(self, end):
        """The router's kernel removed and installed the routes. A monitor is used, because polling could miss a short absence."""
        with self.router.watch() as watch:
            end()
            for prefix in self.prefixes:
                wait.until(lambda prefix=prefix: [gone for _, gone, _ in watch.changes(prefix)] == ["Deleted", ""], 20,
                           f"{prefix} withdrawn and announced again", every=0.1)
        self.wait_answer(V4, "web1")
        self.wait_answer(V6, "web1")

    def gone_for_good(self, end):
        end()
        self.router.wait_gone(*self.prefixes, timeout=1.8)   # less than DRAIN_DELAY
        self.host.wait_state("web1", "exited")
        self.router.stays_away(1, *self.prefixes)

    def test_a_drained_container_with_another_stop_signal_stays_down(self):
        """nginx: SIGQUIT. A container that another signal ends is started again by the policy `always`."""
        self.start("--restart", "always", "--stop-signal", "SIGQUIT")
        since = time.time()
        self.gone_for_good(lambda: self.host.docker("kill", "-s", "USR2", "web1"))
        self.host.event_time(since, "kill", "web1", "3")
        self.assertEqual(self.host.docker("inspect", "--format", "{{.RestartCount}}", "web1"), "0")

    def test_replaced_containers_that_crash_are_held_down(self):
        """Three crashes within a minute, each of a new container with the same name."""
        self.router.stays_away(0, *self.prefixes)
        for run in range(3):
            self.start("--rm")
            self.crash()
            self.router.wait_gone(*self.prefixes, timeout=3)
            wait.until(lambda: self.host.inspect("web1") is None, 10, "the container is removed")
        self.host.web("web1", "web1")
        self.host.wait_health("web1", "healthy")
        self.assertEqual(self.host.status()["vips"][0]["backends"][0]["state"], "held-down")
        self.router.stays_away(1, *self.prefixes)
        self.router.wait_for(*self.prefixes, timeout=15)   # HOLD_DOWN is 10 s

    def test_always_and_no_longer_by_docker_update(self):
        self.start("--restart", "always")
        self.withdrawn_and_back(self.crash)
        self.host.docker("update", "--restart", "no", "web1")
        self.gone_for_good(self.crash)

    @slow
    def test_on_failure(self):
        self.start("--restart", "on-failure:5")
        self.withdrawn_and_back(self.crash)
        self.gone_for_good(self.end_well)

    @slow
    def test_unless_stopped(self):
        self.start("--restart", "unless-stopped")
        self.withdrawn_and_back(self.end_well)
        self.gone_for_good(lambda: self.host.docker("kill", "-s", "USR2", "web1"))   # a drain is a stop, too

    @slow
    def test_docker_update_of_limits_and_docker_restart(self):
        self.start("--stop-signal", "SIGUSR2", "--stop-timeout", "30")
        pid = self.pid()
        with self.router.watch() as watch, Load(self.client, V4) as load:
            for limit in (("--memory", "256m", "--memory-swap", "256m"), ("--cpus", "0.8"), ("--cpu-shares", "512"),
                          ("--pids-limit", "200"), ("--restart", "unless-stopped")):
                self.host.docker("update", *limit, "web1")
            self.router.stays(0.5, *self.prefixes)
        self.assertEqual([change for prefix in self.prefixes for change in watch.changes(prefix)], [])
        self.assertEqual((load.failed, load.reopened), (0, 0), load.failures)
        self.assertEqual(self.pid(), pid)

        began = time.time()
        self.withdrawn_and_back(lambda: self.host.docker("restart", "web1"))
        self.assert_drain(began, "web1", 2)

    def test_a_crash_loop_is_held_down(self):
        """Without a health check, the container is ready as soon as it runs, and Docker restarts it again and again. The VIP is
        announced for three runs."""
        def states():
            vips = self.host.status()["vips"]
            return [backend["state"] for vip in vips for backend in vip["backends"]]
        with self.router.watch() as watch:
            self.host.web("web1", "web1", health=False, more=("--restart", "always"), command=("sh", "-c", "sleep 1.5; exit 1"))
            wait.until(lambda: "held-down" in states(), 30, "held down", every=0.1)
            changes = watch.changes(self.prefixes[0])
            self.router.stays_away(2.5, *self.prefixes)
            self.assertEqual(watch.changes(self.prefixes[0]), changes)
        self.assertIn(len(changes), (2, 4, 6))   # fewer if Docker reported a start together with the next end
