"""Many clients, random order, faults in between: at the end all parts agree, and nothing has leaked. test/soak runs it for longer."""
import wait
from base import LabTest
from chaos import Chaos, usage


class Changes(LabTest):
    def test_random_order_with_faults(self):
        chaos = Chaos(self.host, self.router, networks=24, clients=8, rounds=6, seed=1)
        chaos.run()
        try:
            chaos.settle(timeout=80)   # leftovers are removed after two full lists, the second a minute after the first
        except wait.Timeout as error:
            self.fail(f"{error}; unexpected, missing: {chaos.disagreement()}; faults {chaos.injected}")
        self.assertGreater(len(chaos.injected), 2)   # one each 1.5 s, as long as the clients need
        chaos.remove_all()
        chaos.settle(timeout=80)
        wait.until_none(self.host.has_firewall_rules, 10, "rules of ours")
        for name, (_, descriptors) in usage(self.host).items():
            self.assertLess(descriptors, 40, name)
