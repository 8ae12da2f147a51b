"""Each fault under load on two hosts: the failed part recovers, and the router's routes do not change more than necessary."""
import json
import time

import traffic
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
        """PID 1 replaces it after 10 s without a heartbeat; BIRD and its announcements are not affected."""
        bird, began = self.host.plugin_pids("bird"), time.time()
        with Fault(self, "controller hung") as fault:
            self.wait_new("bgplb", self.kill("bgplb", "STOP"), timeout=25)
            self.both_stay(3)
        self.assertEqual(self.host.plugin_pids("bird"), bird)
        fault.nothing_moved()
        self.assertIn("hangs, killing it", self.host.log_since(began))

    def test_killed_in_the_middle_of_changes(self):
        """Killed during Join, Leave and the writing of files: the calls in progress may fail, but the other VIP is not affected."""
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
        self.host.run("rm", state)   # fails if the upgrade did not keep it
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
        # Docker 20.10 may stop the health checks of a container that it has taken over, after dockerd itself was silent for long.
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


class ByHand(FaultTest):
    """Somebody removes objects of the plugin."""

    def test_route_and_neighbours(self):
        bridge = self.host.bridge("web1")
        neighbours = [line.split()[0] for line in self.host.run("ip", "neigh", "show", "dev", bridge, "nud", "permanent").splitlines()]
        self.assertEqual(len(neighbours), 2)
        # One by one: `ip neigh flush` lists the entries again after each round, and gives up if they are restored each time.
        away = [f"ip neigh del {neighbour} dev {bridge}" for neighbour in neighbours]
        with Fault(self, "host routes and neighbours deleted by hand"):
            self.host.sh("; ".join([f"ip route del {V4} proto 178", f"ip -6 route del {V6} proto 178", *away]))
            wait.until(lambda: self.host.host_routes(V4) and self.host.host_routes(V6), 5, "the routes are restored")
            self.is_served()
            self.wait_both()

    def test_bridge(self):
        """The bridge is restored, and the remaining veth pair becomes its port again: the container needs no restart."""
        with Fault(self, "bridge deleted by hand"):
            self.host.run("ip", "link", "del", self.host.bridge("web1"))
            wait.until(lambda: self.host.host_routes(V4) and self.host.host_routes(V6), 10, "bridge and routes are restored")
            self.is_served()
            self.wait_both()

    def test_veth(self):
        """The container's end is removed as well, and only a restart creates a new pair, so the VIP must be withdrawn."""
        veth, = [line.split()[1].split("@")[0] for line in self.host.run("ip", "-o", "link", "show", "master",
                                                                         self.host.bridge("web1")).splitlines()]
        with Fault(self, "veth deleted by hand") as fault:
            self.host.run("ip", "link", "del", veth)
            self.wait_one(timeout=4)
        # A request that has already arrived is never answered, and its client times out.
        fault.nothing_failed_after_the_withdrawal()
        self.host.docker("restart", "-t", "1", self.name)
        self.wait_both()
        self.is_served()

    def test_firewall(self):
        for tool in ("iptables", "ip6tables"):   # Docker does not restore its own rules
            saved = self.host.run(f"{tool}-save", "-t", "filter")
            self.addCleanup(self.host.run, f"{tool}-restore", input=saved)
        with Fault(self, "all filter rules flushed by hand") as fault:
            self.host.sh("iptables -F; iptables -X BGPLB-FORWARD || :; ip6tables -F; ip6tables -X BGPLB-FORWARD || :")
            wait.until(self.host.has_firewall_rules, 20, "our rules are restored")
            for vip in (V4, V6):
                wait.until(lambda vip=vip: len(traffic.servers(self.client, vip, 10)) == 2, 5, f"both answer at {vip}")
        self.assertGreater(fault.requests, 0)

    def test_state_file_broken(self):
        """The controller keeps the broken file as .corrupt, logs it, and continues with the state of Docker and the kernel."""
        folder = f"/var/lib/docker/plugins/{self.host.plugin_id()}/propagated-mount"
        self.host.sh(f"echo '{{broken' > {folder}/drains.json; echo broken > {folder}/sessions")
        began = time.time()
        with Fault(self, "state files broken, controller killed") as fault:
            self.wait_new("bgplb", self.kill("bgplb"))
            self.both_stay(2)
        fault.nothing_moved()
        self.host.sh(f"grep broken {folder}/drains.json.corrupt && rm {folder}/drains.json.corrupt")
        self.assertIn("drains.json", self.host.log_since(began))

    @slow
    def test_state_folder_not_writable(self):
        folder = f"/var/lib/docker/plugins/{self.host.plugin_id()}/propagated-mount"
        self.host.sh(f"rm -f {folder}/drains.json; mkdir {folder}/drains.json {folder}/drains.json.new")
        self.addCleanup(self.host.sh, f"rmdir {folder}/drains.json {folder}/drains.json.new", check=False)
        self.drain_unwritten("drain with a state file that cannot be written")

    def test_disk_full(self):
        self.fill_state_folder()
        with Fault(self, "disk full, controller killed") as fault:
            self.wait_new("bgplb", self.kill("bgplb"))
            self.both_stay(2)
        fault.nothing_moved()
        self.assertIn("No space left on device", self.drain_unwritten("disk full, drain"))

    def fill_state_folder(self):
        """Mounts a full file system over the plugin's state folder, in the plugin's mount namespace."""
        folder = "/var/lib/bgplb"
        pid = self.host.plugin_pid("bgplb-init")

        def inside(*calls):
            self.host.run("python3", "-c", "\n".join((
                "import ctypes, os", "libc = ctypes.CDLL(None)", f"ns = os.open('/proc/{pid}/ns/mnt', os.O_RDONLY)",
                "assert libc.setns(ns, 0) == 0", *calls)))

        inside(f"assert libc.mount(b'tmpfs', b'{folder}', b'tmpfs', 0, b'size=4k') == 0",
               f"open('{folder}/filler', 'wb').write(bytes(4096))")
        self.addCleanup(inside, f"assert libc.umount2(b'{folder}', 2) == 0")

    def drain_unwritten(self, name):
        """The drain is carried out nevertheless; the log warns that a crash of the controller would end it."""
        self.host.docker("update", "--restart", "no", self.name)
        began = time.time()
        with Fault(self, name) as fault:
            self.host.docker("kill", "-s", "USR2", self.name)
            self.wait_one(timeout=4)
            self.host.wait_state(self.name, "exited", timeout=15)
        self.assertEqual(fault.failed, 0, fault.failures)
        log = self.host.log_since(began)
        self.assertIn("would end the drains under way", log)
        return log
