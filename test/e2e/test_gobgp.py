"""GoBGP as the router, with the configuration of docs/router.md."""
import json
import re

import lab
import pages
import wait
from base import LabTest

V4, V6 = "10.0.0.101", "2001:db8:0:1::101"


def documented_config(ipv6):
    """The configuration of docs/router.md, with this lab's addresses. Its last family is only for IPv6 VIPs."""
    text = pages.block("docs/router.md", "gobgp").text.replace("192.168.8.", f"{lab.NET}.")
    return text if ipv6 else re.sub(r".*# only for IPv6 VIPs\n.*\n.*\n", "", text)


class GoBgp(LabTest):
    ipv6 = True

    def setUp(self):
        super().setUp()
        self.node = self.router.node
        self.node.run("kept", "stop")   # BIRD has the port otherwise
        self.addCleanup(self.node.run, "kept", "start")
        self.node.run("tee", "/run/gobgp.toml", input=documented_config(self.ipv6))
        self.gobgpd = self.node.stream("sh", "-c", "exec gobgpd -l debug -f /run/gobgp.toml 2>&1")
        self.addCleanup(self.end_gobgpd)
        wait.until(lambda: self.node.ok("gobgp", "neighbor"), 15, "gobgpd answers")

    def end_gobgpd(self):
        self.node.sh("kill $(pgrep -x gobgpd)", check=False)
        self.gobgpd.close()

    def rib(self, family):
        text = self.node.run("gobgp", "global", "rib", "-a", family, "-j", check=False)
        try:
            return json.loads(text) if text.startswith("{") else {}
        except ValueError:
            return {}

    def attributes(self, prefix):
        family = "ipv6" if ":" in prefix else "ipv4"
        path, = wait.until(lambda: self.rib(family).get(prefix), 15, f"{prefix} at GoBGP")
        found = {attribute["type"]: attribute for attribute in path["attrs"]}
        hop = found[14]["nexthop"] if family == "ipv6" and 14 in found else found[3]["nexthop"]
        return {"origin": found[1]["value"], "as_path": found[2]["as_paths"][0]["asns"], "next_hop": hop}

    def start(self):
        prefixes = self.vip("web1", V4, V6)
        self.host.web("web1", "web1", more=("--stop-signal", "SIGUSR2", "--stop-timeout", "30"))
        return prefixes

    def test_update_and_withdrawal(self):
        monitor = self.node.stream("gobgp", "monitor", "global", "rib", "-a", "ipv4")
        self.addCleanup(monitor.close)
        prefixes = self.start()
        for prefix, hop in zip(prefixes, (self.host.address, self.host.address6)):
            self.assertEqual(self.attributes(prefix), {"origin": 0, "as_path": [65534], "next_hop": hop})
        self.attributes("172.23.0.0/24")
        self.attributes("2001:db8::/64")
        stop = self.host.stream("docker", "stop", "web1")
        for prefix, family in zip(prefixes, ("ipv4", "ipv6")):
            wait.until(lambda: prefix not in self.rib(family), 4, f"{prefix} withdrawn at GoBGP")
        self.assertEqual(self.host.state("web1"), "running")
        stop.process.wait(20)
        stop.close()
        self.assertRegex(monitor.text(), r"(?i)\[ROUTE\].*10\.0\.0\.101/32.*")
        self.assertRegex(monitor.text(), r"(?i)\[DELROUTE\].*10\.0\.0\.101/32.*")


class GoBgpIpv4Only(GoBgp):
    ipv6 = False

    def test_update_and_withdrawal(self):
        """Without the IPv6 family, the IPv4 VIP works."""
        prefixes = self.start()
        self.assertEqual(self.attributes(prefixes[0])["next_hop"], self.host.address)
        self.host.docker("kill", "web1")
        wait.until(lambda: prefixes[0] not in self.rib("ipv4"), 4, "withdrawn at GoBGP")
