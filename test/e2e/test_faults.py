"""Each fault under load on two hosts: the failed part recovers, and the router's routes do not change more than necessary."""
import json
import time

import wait
from base import GATEWAY, NAME, Lab, slow
from faults import PREFIXES, V4, V6, Fault, FaultTest


class Controller(FaultTest):
    def test_killed(self):
        bird = self.host.plugin_pids("bird")
        with Fault(self, "controller killed") as fault:
            self.wait_new("bgplb", self.kill("bgplb"))
            self.both_stay(3)
        self.assertEqual(self.host.plugin_pids("bird"), bird)
        fault.nothing_moved()
        # The new controller knows the announced VIPs and can withdraw them.
        self.host.sick(self.name)
        self.host.wait_health(self.name, "unhealthy")
        self.wait_one(timeout=4)

    def test_hung(self):
        """PID 1 replaces the controller after 10 s without a heartbeat; BIRD and its announcements are not affected."""
        bird, began = self.host.plugin_pids("bird"), time.time()
        with Fault(self, "controller hung") as fault:
            self.wait_new("bgplb", self.kill("bgplb", "STOP"), timeout=25)
            self.both_stay(3)
        self.assertEqual(self.host.plugin_pids("bird"), bird)
        fault.nothing_moved()
        self.assertIn("hangs, killing it", self.host.log_since(began))

    def test_killed_in_the_middle_of_changes(self):
        """The controller is killed during Join, Leave and writes: calls in progress may fail; the other VIP stays."""
        times = 6 if Lab.full else 3
        with Fault(self, f"controller killed during network changes, {times} times") as fault:
            for moment in range(times):
                script = f"""docker network create -d {NAME} --ipam-driver {NAME} --subnet 10.0.7.{moment + 1}/32 busy{moment} &&
                    docker run -d --name busy{moment} --network busy{moment} --no-healthcheck bgplb-web:trixie &&
                    docker rm -f busy{moment}; docker rm -f busy{moment}; docker network rm busy{moment}"""
                busy = self.host.stream("sh", "-c", script)
                pid = self.host.plugin_pid("bgplb")
                time.sleep(0.48 * (moment + 1) / times)   # a different moment in each round
                self.kill("bgplb")
                self.wait_new("bgplb", pid)
                busy.process.wait(60)
                busy.close()
        fault.nothing_moved(session=False)   # the session carries the UPDATEs of the changed networks
        self.host.docker("network", "prune", "-f")
        self.wait_both()
        self.is_served()

    def test_killed_in_a_drain(self):
        self.drain_through("controller killed in a drain", lambda: self.wait_new("bgplb", self.kill("bgplb")))

    @slow
    def test_plugin_killed_in_a_drain(self):
        self.drain_through("plugin killed in a drain", self.kill_plugin)

    def drain_through(self, name, break_it):
        self.host.docker("update", "--restart", "no", self.name)
        began = time.time()
        with Fault(self, name) as fault:
            self.host.docker("kill", "-s", "USR2", self.name)
            self.wait_one(timeout=4)
            break_it()
            wait.holds(lambda: self.router.next_hops(PREFIXES[0]) == {self.used[1].address}, 2, "drained")
            self.host.wait_state(self.name, "exited", timeout=30)
        self.assertEqual(fault.failed, 0, fault.failures)
        self.assert_drain(began, self.name, 5)
        self.host.docker("start", self.name)
        self.wait_both()


class Plugin(FaultTest):
    def test_killed_as_a_whole(self):
        with Fault(self, "plugin killed as a whole") as fault:
            self.kill_plugin()
            self.settled()
            self.both_stay(2)
        fault.nothing_moved(session=False)
        self.is_served()

    def test_disabled_and_enabled(self):
        with Fault(self, "plugin disabled and enabled") as fault:
            self.host.docker("plugin", "disable", "-f", NAME)
            self.both_stay(1)
            self.host.docker("plugin", "enable", NAME)
            self.settled()
            self.both_stay(2)
        fault.nothing_moved(session=False)
        self.is_served()

    def test_upgraded(self):
        state = f"/var/lib/docker/plugins/{self.host.plugin_id()}/propagated-mount/kept-by-the-test"
        self.host.run("touch", state)
        with Fault(self, "docker plugin upgrade") as fault:
            self.host.docker("plugin", "disable", "-f", NAME)
            self.host.docker("plugin", "upgrade", "--grant-all-permissions", "--skip-remote-check", NAME, Lab.reference,
                             timeout=120)
            self.host.docker("plugin", "enable", NAME)
            self.settled()
            self.both_stay(2)
        fault.nothing_moved(session=False)
        self.host.run("rm", state)   # fails if the upgrade did not keep the file
        self.is_served()


class Stopped(FaultTest):
    settings = {"GR_TIME": "8"}

    def test_for_good(self):
        """The container keeps running and answers; the router keeps the route for GR_TIME, then drops it."""
        self.addCleanup(self.host.docker, "plugin", "enable", NAME, check=False)
        with Fault(self, "plugin stopped for good") as fault:
            self.host.docker("plugin", "disable", "-f", NAME)
            self.both_stay(4)
            self.wait_one(timeout=10)
        self.assertEqual(fault.failed, 0, fault.failures)

    def test_while_dockerd_is_silent(self):
        """A silent dockerd means that the host is shutting down, so the VIP is withdrawn at once."""
        dockerd = self.host.run("kept", "pid").strip()
        self.host.run("kill", "-STOP", dockerd)
        self.addCleanup(self.wait_both, timeout=40)
        self.addCleanup(self.host.run, "kill", "-CONT", dockerd)
        with Fault(self, "SIGTERM to the plugin while dockerd is silent") as fault:
            self.kill("bgplb-init", "TERM")
            self.wait_one(timeout=6)
        self.assertEqual(fault.failed, 0, fault.failures)


class StopModeWithdraw(FaultTest):
    settings = {"STOP_MODE": "withdraw"}

    def test_withdraws_everything_at_once(self):
        self.addCleanup(self.host.docker, "plugin", "enable", NAME, check=False)
        with Fault(self, "plugin disabled, STOP_MODE=withdraw") as fault:
            self.host.docker("plugin", "disable", "-f", NAME)
            self.wait_one(timeout=4)
        self.assertEqual(fault.failed, 0, fault.failures)
        self.host.docker("plugin", "enable", NAME)
        self.wait_both()


class OrphanTime(FaultTest):
    settings = {"ORPHAN_TIME": "8"}

    def test_no_controller_in_charge(self):
        """The controller cannot start: after ORPHAN_TIME its routes are withdrawn, and later announced again."""
        began = time.time()
        socket = f"/run/docker/plugins/{self.host.plugin_id()}/bgplb.sock"
        with Fault(self, "no controller for ORPHAN_TIME=8") as fault:
            pid = self.kill("bgplb", "STOP")
            self.host.sh(f"rm {socket}; mkdir {socket}")
            self.addCleanup(self.host.sh, f"rmdir {socket}", check=False)
            self.host.run("kill", "-KILL", str(pid))
            self.both_stay(5)
            self.wait_one(timeout=8)
        self.assertEqual(fault.failed, 0, fault.failures)
        self.assertIn("no controller is in charge", self.host.log_since(began))
        self.host.sh(f"rmdir {socket}")
        self.wait_both(timeout=40)


class Bird(FaultTest):
    def test_killed(self):
        with Fault(self, "BIRD killed") as fault:
            self.wait_new("bird", self.kill("bird"))
            self.settled()
            self.both_stay(2)
        fault.nothing_moved(session=False)

    @slow
    def test_killed_during_a_withdrawal(self):
        pid = self.host.plugin_pid("bird")
        with Fault(self, "BIRD killed while the container is killed") as fault:
            self.host.sh(f"kill -9 {pid}; docker kill {self.name} >/dev/null")
            self.wait_one(timeout=15)
        self.assertGreater(fault.requests, 0)   # failures are allowed: a killed BIRD cannot send the withdrawal

    def test_hung(self):
        """A hung BIRD is replaced long before the hold time of 9 s ends."""
        with Fault(self, "BIRD hung") as fault:
            pid = self.kill("bird", "STOP")
            began = time.time()
            self.wait_new("bird", pid)
            took = time.time() - began
            self.settled()
            self.both_stay(2)
        self.assertLess(took, 6)   # a third of the hold time, plus polling and the machine's load
        fault.nothing_moved(session=False)


class Engine(FaultTest):
    def live_restore(self, on):
        self.host.set_live_restore(on)
        self.host.run("kill", "-HUP", self.host.run("kept", "pid").strip())
        wait.until(lambda: self.host.docker("info", "--format", "{{.LiveRestoreEnabled}}") == str(on).lower(), 10, "reload")

    def test_restarted_with_live_restore(self):
        # Docker 20.10 may stop the health checks of a container that it has taken over, if dockerd itself was silent
        # for a minute.
        self.addCleanup(self.host.docker, "rm", "-f", self.name)
        self.live_restore(True)
        self.addCleanup(self.live_restore, False)
        with Fault(self, "dockerd restarted, live-restore") as fault:
            self.host.run("kept", "restart", "TERM", timeout=90)
            self.host.wait_dockerd()
            self.both_stay(5)   # health checks begin again at `starting`
        fault.nothing_moved()

    def test_restarted(self):
        with Fault(self, "dockerd restarted") as fault:
            self.host.run("kept", "restart", "TERM", timeout=90)
            self.host.wait_dockerd()
            self.wait_both(timeout=30)
        # The web server accepts no connection from its SIGTERM on, and the router processes the withdrawal a moment later.
        fault.nothing_failed_after_the_withdrawal()
        self.is_served()
        self.host.docker("network", "inspect", GATEWAY)

    def test_killed(self):
        """dockerd restarts, and with it the containers with a restart policy, on networks for which it sends no CreateNetwork."""
        # The sandbox of the killed run may stay on the gateway bridge, with the addresses of the next run, whose IPv6 address then
        # fails duplicate address detection. A reboot removes the sandbox.
        self.addCleanup(self.reboot)
        with Fault(self, "dockerd killed"):
            self.host.run("kept", "restart", "KILL")
            self.host.wait_dockerd()
            self.host.wait_state(self.name, "running", timeout=30)
            self.wait_both(timeout=30)
        self.is_served(V4)

    def test_silent(self):
        """While dockerd does not answer, nothing is withdrawn; later changes are noticed when dockerd answers again."""
        dockerd = self.host.run("kept", "pid").strip()
        self.addCleanup(self.host.run, "kill", "-CONT", dockerd)
        status = [f"/var/lib/docker/plugins/{self.host.plugin_id()}/rootfs/usr/bin/bgplb", "status", "--json"]
        seconds = 60 if Lab.full else 15
        with Fault(self, f"dockerd silent for {seconds} s") as fault:
            self.host.run("kill", "-STOP", dockerd)
            self.both_stay(seconds)
            self.assertFalse(json.loads(self.host.run(*status))["engine"]["following"])
            self.host.run("kill", "-CONT", dockerd)
            self.host.wait_dockerd()
            self.assertTrue(json.loads(self.host.run(*status))["engine"]["following"])
            self.both_stay(2)
        fault.nothing_moved()
        self.host.sick(self.name)
        self.host.wait_health(self.name, "unhealthy", timeout=90)   # dockerd has a backlog of health checks
        self.wait_one(timeout=4)

    def test_changes_while_the_controller_was_away(self):
        pid = self.kill("bgplb", "STOP")
        self.host.sick(self.name)
        self.host.wait_health(self.name, "unhealthy")
        self.host.run("kill", "-KILL", str(pid))
        self.wait_one(timeout=5)


class Machine(FaultTest):
    def test_rebooted(self):
        """A power cut: links, routes and sockets are lost, the disk is kept. The hold time may expire meanwhile."""
        with Fault(self, "host loses power and boots") as fault:
            self.reboot()
            self.host.wait_state(self.name, "running", timeout=30)
            self.wait_both(timeout=40)
        self.assertGreater(fault.requests, 0)
        self.is_served()
