"""The host route is installed before the announcement and removed after the withdrawal, as observed from outside."""
import traffic
import wait
from base import GATEWAY, LabTest
from router import OrderWatch

V4, V6 = "10.0.0.101", "2001:db8:0:1::101"


def last_life(changes):
    """The positions in the order at which the route was last installed and last removed."""
    ends = [-1, *(place for place, gone in changes if gone)]
    return min(place for place, gone in changes if not gone and place > ends[-2]), ends[-1]


class Order(LabTest):
    def test_an_announced_vip_answers(self):
        """The container is ready at its start: no health check delays the announcement until the container can answer."""
        prefixes = self.vip("web1", V4, V6)
        self.host.web("first", health=False)   # the gateway's own address stays tentative until the first container starts
        wait.until_none(lambda: self.host.run("ip", "-6", "address", "show", "dev", GATEWAY, "tentative").strip(), 10,
                        "tentative addresses of the gateway")
        answers = []
        for _ in range(3):
            self.host.web("web1", "web1", health=False)
            self.router.wait_for(*prefixes)
            self.wait_serves("web1")
            answers += [traffic.get(self.client, address, timeout=0.9) for address in (V6, V4)]
            self.host.docker("rm", "-f", "web1")
            self.router.wait_gone(*prefixes)
        self.assertGreaterEqual(answers.count("web1"), 5, answers)   # one timeout is allowed: the client may be slow

    def test_route_before_announcement_and_after_withdrawal(self):
        prefixes = self.vip("web1", V4, V6)
        with OrderWatch(self.host, self.router.node) as watch:
            self.host.web("web1", "web1")
            self.router.wait_for(*prefixes)
            for end in ("sick", "pause", "kill", "drain", "remove"):
                with self.subTest(end):
                    self.there_and_gone(end, prefixes, watch)

    def there_and_gone(self, end, prefixes, watch):
        commands = {"pause": ("pause", "web1"), "kill": ("kill", "web1"), "drain": ("kill", "-s", "USR2", "web1"),
                    "remove": ("rm", "-f", "web1")}
        if end == "sick":
            self.host.sick("web1")
        else:
            self.host.docker(*commands[end])
        self.router.wait_gone(*prefixes)
        self.wait_no_host_route(V4, V6)
        places = (self.host, self.router.node)
        wait.until(lambda: all(changes and changes[-1][1] for changes in
                               (watch.changes(place, prefix) for place in places for prefix in prefixes)), 5, "both removals")
        for prefix in prefixes:
            host, router = (last_life(watch.changes(place, prefix)) for place in places)
            self.assertLess(host[0], router[0], f"{prefix}: the host route was installed after the announcement")
            self.assertLess(router[1], host[1], f"{prefix}: the host route was removed before the withdrawal")
        self.back(end, prefixes)

    def back(self, end, prefixes):
        if end == "remove":
            return
        if end == "sick":
            self.host.sick("web1", False)
        elif end == "pause":
            self.host.docker("unpause", "web1")
        else:
            self.host.docker("restart", "-t", "0", "web1")
        self.router.wait_for(*prefixes)
