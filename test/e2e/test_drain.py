"""SIGUSR2: withdraw, wait, stop; or withdraw and keep the container running."""
import time

from base import LabTest

V4, V6 = "10.0.0.101", "2001:db8:0:1::101"


class Drain(LabTest):
    def test_kill_usr2_drains_and_stops_a_running_container(self):
        prefixes = self.vip("web1", V4, V6)
        self.host.web("web1", "web1")
        self.router.wait_for(*prefixes)
        began = time.time()
        self.host.docker("kill", "-s", "USR2", "web1")
        self.router.wait_gone(*prefixes, timeout=3)
        self.assertEqual(self.host.state("web1"), "running")
        self.host.wait_state("web1", "exited", timeout=15)
        self.assert_drain(began, "web1", 5)


class DrainWithoutStop(LabTest):
    settings = {"SIGUSR2_ACTION": "none"}

    def test_drained_until_the_next_start(self):
        prefixes = self.vip("web1", V4, V6)
        self.host.web("web1", "web1")
        self.router.wait_for(*prefixes)
        self.host.docker("kill", "-s", "USR2", "web1")
        self.router.wait_gone(*prefixes, timeout=3)
        # Neither time, nor health changes, nor pause end a drain.
        self.host.sick("web1")
        self.host.wait_health("web1", "unhealthy")
        self.host.sick("web1", False)
        self.host.wait_health("web1", "healthy")
        self.host.docker("pause", "web1")
        self.host.docker("unpause", "web1")
        self.router.stays_away(6, *prefixes)
        self.assertEqual(self.host.state("web1"), "running")
        self.host.docker("restart", "-t", "2", "web1")
        self.router.wait_for(*prefixes)
        self.wait_answer(V4, "web1")


class NoHandler(LabTest):
    settings = {"SIGUSR2_HANDLER": "false"}

    def test_the_signal_has_no_effect(self):
        prefixes = self.vip("web1", V4, V6)
        self.host.web("web1", "web1")
        self.router.wait_for(*prefixes)
        self.host.docker("kill", "-s", "USR2", "web1")
        self.router.stays(2, *prefixes)
