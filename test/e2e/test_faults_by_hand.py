"""Somebody removes, breaks or fills what the plugin needs, under load on two hosts: the plugin restores its objects."""
import time

import traffic
import wait
from base import slow
from faults import V4, V6, Fault, FaultTest


class ByHand(FaultTest):
    """Another program removes objects of the plugin."""

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
        self.assertIn("would end the drains in progress", log)
        return log
