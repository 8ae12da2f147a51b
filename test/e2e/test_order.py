"""Seen from outside: the host route is there before the announcement, and goes after the withdrawal."""
import re
from datetime import datetime, timezone

import traffic
import wait
from base import GATEWAY, LabTest
from router import RouteWatch

V4, V6 = "10.0.0.101", "2001:db8:0:1::101"


def stamped(watch, prefix):
    """(kernel monitor's own time, deleted?) of each change."""
    found = []
    for _, deleted, line in watch.changes(prefix):
        stamp = re.match(r"\[(\S+)\]", line)
        found.append((datetime.fromisoformat(stamp[1]).replace(tzinfo=timezone.utc).timestamp(), bool(deleted)))
    return found


class Order(LabTest):
    def test_what_is_announced_answers(self):
        """Ready at its start: no health check waits until the new container's links are in order."""
        prefixes = self.vip("web1", V4, V6)
        self.host.web("first", health=False)   # the gateway's own address is tentative until there was one
        wait.until_none(lambda: self.host.run("ip", "-6", "address", "show", "dev", GATEWAY, "tentative").strip(), 10,
                        "tentative addresses of the gateway")
        for _ in range(3):
            self.host.web("web1", "web1", health=False)
            self.router.wait_for(*prefixes)
            for address in (V6, V4):
                self.assertEqual(traffic.get(self.client, address, timeout=0.9), "web1", address)
            self.host.docker("rm", "-f", "web1")
            self.router.wait_gone(*prefixes)

    def test_route_before_announcement_and_after_withdrawal(self):
        prefixes = self.vip("web1", V4, V6)
        with RouteWatch(self.host) as here, self.router.watch() as there:
            self.host.web("web1", "web1")
            self.router.wait_for(*prefixes)
            for end in ("sick", "pause", "kill", "drain", "remove"):
                with self.subTest(end):
                    self.there_and_gone(end, prefixes, here, there)

    def there_and_gone(self, end, prefixes, here, there):
        commands = {"pause": ("pause", "web1"), "kill": ("kill", "web1"), "drain": ("kill", "-s", "USR2", "web1"),
                    "remove": ("rm", "-f", "web1")}
        if end == "sick":
            self.host.sick("web1")
        else:
            self.host.docker(*commands[end])
        self.router.wait_gone(*prefixes)
        self.wait_no_host_route(V4, V6)
        wait.until(lambda: all(stamped(watch, prefix) and stamped(watch, prefix)[-1][1]
                               for watch in (here, there) for prefix in prefixes), 5, "both monitors saw the end")
        for prefix in prefixes:
            host, router = stamped(here, prefix), stamped(there, prefix)
            first = [next(when for when, gone in reversed(changes) if not gone) for changes in (host, router)]
            self.assertLessEqual(first[0], first[1], f"{prefix}: the host route came after the announcement")
            self.assertLessEqual(router[-1][0], host[-1][0], f"{prefix}: the host route went before the withdrawal")
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
