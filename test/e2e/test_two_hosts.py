"""One network on two hosts: the router spreads flows over both."""
import traffic
import wait
from base import LabTest
from traffic import Load

V4, V6 = "10.0.0.101", "2001:db8:0:1::101"


class TwoHosts(LabTest):
    hosts_needed = 2

    def start_both(self, *more):
        for host in self.used:
            host.create_vip("web1", V4, V6)
            host.web(f"web1-{host}", "web1", more=more)
        self.router.wait_next_hops(f"{V4}/32", [host.address for host in self.used])
        self.router.wait_next_hops(f"{V6}/128", [host.address6 for host in self.used])

    def test_flows_are_spread_over_both(self):
        self.start_both()
        for address in (V4, V6):
            wait.until(lambda: set(traffic.servers(self.client, address)) == {"web1-host1", "web1-host2"}, 10,
                       f"both hosts answer at {address}", every=0.2)
        for prefix, hops in ((f"{V4}/32", [h.address for h in self.used]), (f"{V6}/128", [h.address6 for h in self.used])):
            kernel = self.router.kernel(prefix)
            for hop in hops:
                self.assertIn(f"via {hop} ", kernel)

    def test_one_host_leaves_and_returns(self):
        self.start_both()
        self.host.docker("kill", "web1-host1")
        self.router.wait_next_hops(f"{V4}/32", [self.used[1].address])
        self.router.wait_next_hops(f"{V6}/128", [self.used[1].address6])
        self.assertEqual(set(traffic.servers(self.client, V4, 20)), {"web1-host2"})
        self.host.docker("start", "web1-host1")
        self.router.wait_next_hops(f"{V4}/32", [host.address for host in self.used])

    def test_drain_by_stop_under_load_loses_nothing(self):
        self.start_both("--stop-signal", "SIGUSR2", "--stop-timeout", "30")
        with Load(self.client, V4) as load4, Load(self.client, V6) as load6:
            for vip in (V4, V6):
                wait.until(lambda vip=vip: len(traffic.servers(self.client, vip, 10)) == 2, 10, f"both answer at {vip}",
                           every=0.1)
            self.host.docker("stop", "web1-host1")
            self.assertEqual(self.host.state("web1-host1"), "exited")
        for load in (load4, load6):
            self.assertEqual(load.failed, 0, load.failures)
            # At most one connection per client is in flight when the router's next hops change, and one when the host route is
            # removed.
            self.assertLessEqual(load.reopened, 2 * load.clients)
            self.assertEqual(set(load.servers), {"web1-host1", "web1-host2"})
            self.assertGreater(load.requests, 200)
