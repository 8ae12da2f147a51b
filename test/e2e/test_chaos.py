"""Many clients, random order, faults mixed in: in the end everything agrees, and nothing has leaked. test/soak is the long one."""
import wait
from base import LabTest
from chaos import Chaos, usage


class Changes(LabTest):
    def test_random_order_with_faults(self):
        chaos = Chaos(self.host, self.router, networks=24, clients=8, rounds=6, seed=1)
        chaos.run()
        try:
            chaos.settle(timeout=80)   # garbage is known by two full lists, the second a minute after the first
        except wait.Timeout as error:
            self.fail(f"{error}; only there, missing: {chaos.disagreement()}; faults {chaos.injected}")
        self.assertGreater(len(chaos.injected), 5)
        chaos.remove_all()
        chaos.settle(timeout=80)
        wait.until_none(self.host.has_firewall_rules, 10, "rules of ours")
        for name, (_, descriptors) in usage(self.host).items():
            self.assertLess(descriptors, 40, name)
