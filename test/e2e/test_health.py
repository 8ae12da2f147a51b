"""A VIP is announced exactly while its container can answer: health checks, pause, and containers without a health check."""
import time

import wait
from base import LabTest
from host import HEALTH, WEB

V4, V6 = "10.0.0.101", "2001:db8:0:1::101"


class Health(LabTest):
    def start(self, **options):
        self.prefixes = self.vip("web1", V4, V6)
        self.host.web("web1", "web1", **options)
        self.router.wait_for(*self.prefixes)

    def test_unhealthy_withdraws_and_recovery_announces(self):
        self.start()
        self.host.sick("web1")
        self.host.wait_health("web1", "unhealthy")
        self.router.wait_gone(*self.prefixes, timeout=3)
        self.host.sick("web1", False)
        self.host.wait_health("web1", "healthy")
        self.router.wait_for(*self.prefixes, timeout=3)
        self.wait_answer(V4, "web1")
        self.wait_answer(V6, "web1")

    def test_the_server_is_in_the_network_namespace_of_the_container_with_the_vip(self):
        self.start(health=False, more=("--entrypoint", "python3"), command=("-c", "import time; time.sleep(1e6)"))
        self.host.docker("run", "-d", "--name", "app", "--network", "container:web1", *HEALTH, "-e", "NAME=app", WEB)
        self.host.wait_health("app", "healthy")
        self.router.wait_for(*self.prefixes)
        self.wait_answer(V4, "app")
        self.host.sick("app")
        self.host.wait_health("app", "unhealthy")
        self.router.wait_gone(*self.prefixes, timeout=3)
        self.host.sick("app", False)
        self.router.wait_for(*self.prefixes)
        self.host.docker("kill", "app")
        self.router.wait_gone(*self.prefixes, timeout=3)
        self.host.docker("start", "app")
        self.router.wait_for(*self.prefixes)
        self.host.docker("kill", "-s", "USR2", "app")
        self.router.wait_gone(*self.prefixes, timeout=3)
        self.host.wait_state("app", "exited")
        self.assertEqual(self.host.state("web1"), "running")

    def test_checks_that_cannot_run(self):
        """Simulates a package upgrade that replaces runc: Docker reports every container as unhealthy."""
        self.start()
        runc = self.host.sh("command -v runc").strip()
        away = f"mv {runc} /root/runc.away"
        back = f"test ! -e /root/runc.away || mv /root/runc.away {runc}"
        self.addCleanup(self.host.sh, back)
        with self.router.watch() as watch:
            self.host.sh(away)
            self.host.wait_health("web1", "unhealthy")
            self.router.stays(1.5, *self.prefixes)
            self.host.sh(back)
            self.host.wait_health("web1", "healthy")
            self.router.stays(0.5, *self.prefixes)
            self.assertEqual([change for prefix in self.prefixes for change in watch.changes(prefix)], [])
        with self.subTest("the container fails meanwhile: withdrawn by the first check that runs"):
            pid = self.host.inspect("web1")["State"]["Pid"]
            self.host.sh(away)
            self.host.wait_health("web1", "unhealthy")
            self.host.run("touch", f"/proc/{pid}/root/tmp/unhealthy")
            self.router.stays(0.5, *self.prefixes)
            self.host.sh(back)
            self.router.wait_gone(*self.prefixes, timeout=5)

    def test_a_container_that_never_becomes_healthy_is_never_announced(self):
        prefixes = self.vip("web1", V4, V6)
        self.host.web("web1", "web1", more=("--health-cmd", "exit 1", "--health-retries", "2"))
        self.host.wait_health("web1", "unhealthy")
        self.router.stays_away(1, *prefixes)

    def test_pause_and_unpause(self):
        self.start()
        self.host.docker("pause", "web1")
        self.router.wait_gone(*self.prefixes, timeout=3)
        self.router.stays_away(1, *self.prefixes)
        self.host.docker("unpause", "web1")
        self.router.wait_for(*self.prefixes, timeout=4)
        self.wait_answer(V4, "web1")

    def test_without_health_check_ready_at_start(self):
        prefixes = self.vip("web1", V4, V6)
        self.host.web("web1", "web1", health=False)
        self.router.wait_for(*prefixes, timeout=4)
        self.wait_answer(V4, "web1")

    def test_network_connect_of_a_running_container(self):
        self.host.web("web1")
        self.host.wait_health("web1", "healthy")
        prefixes = self.vip("web1", V4, V6)
        self.host.docker("network", "connect", "web1", "web1")
        self.router.wait_for(*prefixes, timeout=4)
        self.wait_answer(V4, "web1")
        self.wait_answer(V6, "web1")

    def test_one_of_two_unhealthy(self):
        prefixes = self.vip("web1", V4, V6)
        self.host.web("one", "web1")
        self.host.web("two", "web1")
        self.router.wait_for(*prefixes)
        self.host.wait_health("two", "healthy")
        self.host.sick("one")
        self.host.wait_health("one", "unhealthy")
        self.router.stays(1, *prefixes)
        wait.holds(lambda: self.get(V4) == "two", 1, "the healthy one answers")
        self.host.sick("two")
        self.host.wait_health("two", "unhealthy")
        self.router.wait_gone(*prefixes, timeout=3)


class Flapping(LabTest):
    settings = {"HOLD_DOWN": "12", "RISE_TIME": "4"}   # longer than the polls of this test

    def fail_once(self):
        self.host.sick("web1")
        self.host.wait_health("web1", "unhealthy")
        self.host.sick("web1", False)
        self.host.wait_health("web1", "healthy")

    def backend(self):
        status = self.host.status()
        return status["vips"][0]["backends"][0]

    def test_held_down_after_the_third_failure(self):
        prefixes = self.vip("web1", V4, V6)
        self.host.web("web1", "web1")
        self.host.wait_health("web1", "healthy")
        self.assertEqual(self.backend()["state"], "rising")
        self.router.wait_for(*prefixes)
        for _ in range(2):
            self.fail_once()
            self.router.wait_for(*prefixes)
        self.fail_once()
        asked = time.monotonic()
        held = self.backend()
        self.assertEqual(held["state"], "held-down")
        self.assertEqual(held["failures"], 3)
        self.router.stays_away(held["secondsLeft"] - (time.monotonic() - asked) - 1.5, *prefixes)
        self.router.wait_for(*prefixes)
