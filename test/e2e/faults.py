"""Load on a VIP of two hosts during a fault, and its figures: one row of the table in docs/failures.md."""
import re
import sys
import time

import lab
import traffic
import wait
from base import Lab, LabTest
from traffic import Load

V4, V6 = "10.0.0.101", "2001:db8:0:1::101"
PREFIXES = [f"{V4}/32", f"{V6}/128"]
ROWS = []


def updates(router, host):
    """The numbers of UPDATEs and withdrawals that the router's BIRD has received on this host's session, both families."""
    text = router.node.run(*router.birdc, "show", "protocols", "all", check=False)
    for part in re.split(r"\n(?=\S)", text):
        if f"Neighbor address: {host.address}\n" in part:
            return tuple(sum(int(n) for n in re.findall(rf"Import {kind}:\s+(\d+)", part)) for kind in ("updates", "withdraws"))
    return None


class Fault:
    """with Fault(test, "name of the fault") as fault: ...; then .failed, .reopened, .moved, .updates, .withdraws."""

    def __init__(self, test, name):
        self.test, self.name, self.router = test, name, test.router

    def __enter__(self):
        wait.until(lambda: all(len(traffic.servers(self.test.client, vip, 10)) == 2 for vip in (V4, V6)), 15,
                   "both hosts answer", every=0.1)
        self.before = updates(self.router, self.test.host)
        self.watch = self.router.watch()
        self.loads = [Load(self.test.client, vip) for vip in (V4, V6)]
        for load in self.loads:
            load.__enter__()
        self.began = time.time()
        return self

    def __exit__(self, kind, *_):
        took = time.time() - self.began
        for load in self.loads:
            load.__exit__()
        after = updates(self.router, self.test.host)
        self.watch.__exit__()
        self.requests, self.failed, self.reopened = (sum(getattr(load, what) for load in self.loads)
                                                     for what in ("requests", "failed", "reopened"))
        self.failures = [line for load in self.loads for line in load.failures]
        self.changes = [change for prefix in PREFIXES for change in self.watch.changes(prefix)]
        self.moved = len(self.changes)
        same_session = self.before and after and after[0] >= self.before[0] and after[1] >= self.before[1]
        self.updates, self.withdraws = ([a - b for a, b in zip(after, self.before)] if same_session else (None, None))
        if kind is None:
            messages = "new session" if self.updates is None else f"{self.updates} + {self.withdraws}"
            ROWS.append((self.name, took, self.requests, self.failed, self.reopened, self.moved, messages))

    def nothing_moved(self, session=True):
        """No route changed at the router, no request failed, and no connection was reopened. With `session`: BIRD's session
        continued, without an UPDATE."""
        self.test.assertEqual((self.failed, self.reopened), (0, 0), self.failures)
        self.test.assertEqual(self.changes, [])
        if session:
            self.test.assertEqual((self.updates, self.withdraws), (0, 0))

    def nothing_failed_after_the_withdrawal(self):
        """No request that began more than 0.3 s after the withdrawal failed, and the withdrawal followed the first failure
        within 2 s."""
        withdrawn = max(next(stamp for stamp, *_ in self.watch.changes(prefix)) for prefix in PREFIXES)
        began = [float(line.split()[2]) for line in self.failures] or [withdrawn]
        self.test.assertLess(max(began), withdrawn + 0.3, self.failures)
        self.test.assertLess(withdrawn - min(began), 2, self.failures)


def report(out=sys.stderr):
    if not ROWS:
        return
    print(f"\n{'fault, under load on two hosts':<58}{'s':>6}{'requests':>10}{'failed':>8}{'reopened':>10}{'moved':>7}  updates",
          file=out)
    for name, took, requests, failed, reopened, moved, messages in ROWS:
        print(f"{name:<58}{took:6.1f}{requests:10}{failed:8}{reopened:10}{moved:7}  {messages}", file=out)
    print("moved: changes of the VIP's routes in the router's kernel; updates: UPDATEs + withdrawals the router received", file=out)


class FaultTest(LabTest):
    """The scenario's VIP on two hosts, healthy on both; faults hit the first."""
    hosts_needed = 2

    def setUp(self):
        super().setUp()
        for host in self.used:
            self.ensure_web(host)
        self.name = f"web1-{self.host}"
        try:
            self.wait_both()
        except wait.Timeout:
            self.dump()   # unittest does not call tearDown after a failed setUp
            raise

    def ensure_web(self, host):
        """Reuses the healthy container of the previous test, which saves most of the duration of a test."""
        name = f"web1-{host}"
        if host.health(name) == "healthy" and host.network("web1"):
            return host.docker("update", "--restart", "always", name)
        host.clean()
        host.create_vip("web1", V4, V6)
        # A health check that is interrupted because dockerd hangs or exits counts as one failure (docs/failures.md).
        return host.web(name, "web1", more=("--restart", "always", "--health-retries", "2"))

    def clean_up(self):
        if self.failed_so_far():
            super().clean_up()

    @classmethod
    def tearDownClass(cls):
        for host in Lab.hosts:
            host.clean()

    def wait_both(self, timeout=20):
        self.router.wait_next_hops(PREFIXES[0], [host.address for host in self.used], timeout=timeout)
        self.router.wait_next_hops(PREFIXES[1], [host.address6 for host in self.used], timeout=timeout)

    def both_stay(self, seconds):
        hops = {host.address for host in self.used}
        wait.holds(lambda: self.router.next_hops(PREFIXES[0]) == hops, seconds, "two next hops")

    def wait_one(self, timeout=5):
        self.router.wait_next_hops(PREFIXES[0], [self.used[1].address], timeout=timeout)
        self.router.wait_next_hops(PREFIXES[1], [self.used[1].address6], timeout=timeout)

    def kill(self, program, signal="KILL"):
        pid = self.host.plugin_pid(program)
        self.host.run("kill", f"-{signal}", str(pid))
        return pid

    def wait_new(self, program, pid, timeout=15):
        return wait.until(lambda: [p for p in self.host.plugin_pids(program) if p != pid], timeout, f"{program} runs again")[0]

    def kill_plugin(self):
        """Kills PID 1 and with it every process of the plugin. Waits until dockerd has started it again."""
        controller = self.host.plugin_pid("bgplb")
        self.wait_new("bgplb-init", self.kill("bgplb-init"))
        self.wait_new("bgplb", controller)

    def reboot(self):
        """Restarts the host as after a power cut."""
        lab.run(["docker", "kill", self.host.container])
        lab.run(["docker", "start", self.host.container])
        self.host.wait_dockerd()

    def is_served(self, *vips):
        """This host's container answers for both families. The request is sent on the host itself, whose route leads to it."""
        for vip in vips or (V4, V6):
            wait.until(lambda vip=vip: traffic.get(self.host, vip, timeout=1) == self.name, 10, f"{vip} on {self.host}")

    def settled(self):
        """Waits until all sessions are established and BIRD's graceful-restart recovery has ended."""
        def is_settled():
            try:
                status = self.host.status()
            except lab.CommandFailed:   # a controller that starts does not answer yet
                return False
            return not status["bird"].get("recovering", True) and all(p["state"] == "Established" for p in status["peers"])
        wait.until(is_settled, 30, "BIRD has its sessions and has recovered", every=0.2)
