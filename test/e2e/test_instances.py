"""Two plugins on one host: networks move from one to the other, by the commands of docs/instances.md."""
import lab
import pages
import wait
from base import NAME, LabTest, slow

PAGE = "docs/instances.md"
SECOND = "bgplb2:latest"
OWN = f"{lab.NET}.50"   # the second plugin's ROUTER_ID
V4, V6, STAYS = "10.0.0.101", "2001:db8:0:1::101", "10.0.0.102"


class TwoPlugins(LabTest):
    def setUp(self):
        super().setUp()
        self.addCleanup(self.remove_second)
        device = self.host.sh(f"ip -o route get {lab.NET}.137").split(" dev ")[1].split()[0]
        self.host.run("ip", "address", "add", f"{OWN}/24", "dev", device)
        self.addCleanup(self.host.run, "ip", "address", "del", f"{OWN}/24", "dev", device)

    def remove_second(self):
        self.host.clean()
        self.host.docker("plugin", "rm", "-f", SECOND, check=False)

    def follow(self, block, **changes):
        """Runs commands of the page on the host, with these words in place of the page's."""
        if "docker run" in block.text and not self.host.at_least(25):
            self.skipTest("docker run with two networks needs Docker 25")
        text = block.text
        for old, new in {"REGISTRY/docker-bgp-lb:1.1": self.host.reference, "192.168.8.": f"{lab.NET}.",
                         "IMAGE": "-e NAME=web1 bgplb-web:trixie", **changes}.items():
            text = text.replace(old, new)
        return self.host.sh(text, timeout=180)

    def serve(self, name, address, address6=None):
        prefixes = self.vip(name, address, address6)
        self.host.web(name, name, health=False)
        self.router.wait_for(*prefixes)
        self.wait_answer(address, name)
        return prefixes

    def owned(self, protocol):
        """The VIPs in the routing tables of one plugin."""
        return self.host.sh(f"ip route show table all proto {protocol}; ip -6 route show table all proto {protocol}")

    def chains(self):
        return self.host.sh("iptables -S FORWARD | grep BGPLB").split("\n")

    def test_a_network_moves(self):
        moves = self.serve("web1", V4, V6)
        stays = self.serve("web2", STAYS)
        self.follow(pages.block(PAGE, "second-plugin"))
        self.follow(pages.block(PAGE, "move"))
        self.router.wait_for(*moves, timeout=20)
        self.wait_answer(V4, "web1")
        self.wait_answer(STAYS, "web2")
        self.assertIn(V4, self.owned(179))
        self.assertNotIn(V4, self.owned(178))
        self.assertIn(STAYS, self.owned(178))
        wait.until(lambda: len(self.chains()) == 3, 15, "a chain of each plugin")   # and an empty line
        self.router.stays(1, *stays)

        self.host.docker("rm", "-f", "web1")
        self.host.docker("network", "rm", "web1")
        wait.until(lambda: "BGPLB2" not in "".join(self.chains()), 15, "the second plugin's chain is removed")
        self.wait_answer(STAYS, "web2")

    @slow
    def test_the_old_plugin_is_removed(self):
        self.serve("web1", V4, V6)
        self.follow(pages.block(PAGE, "second-plugin"))
        self.follow(pages.block(PAGE, "move"))
        self.wait_answer(V4, "web1")
        self.addCleanup(self.host.install, self.host.reference)
        self.follow(pages.block(PAGE, "remove-the-old"))
        wait.holds(lambda: self.get(V4), 5, "the moved container answers")

    def test_a_forgotten_number(self):
        prefixes = self.serve("web1", V4, V6)
        before = self.host.own_links()
        self.follow(pages.block(PAGE, "second-plugin"), **{"INSTANCE=2": ""})
        refused = self.host.run("docker", "network", "create", "--driver", SECOND, "--ipam-driver", SECOND,
                                "--subnet", f"{STAYS}/32", "web2", check=False)
        self.assertIsNone(self.host.network("web2"), refused)
        self.router.stays(2, *prefixes)
        self.wait_answer(V4, "web1")
        self.assertEqual(self.host.own_links(), before)
        # An upgrade or a restart of the first plugin finds its number free.
        self.host.docker("plugin", "disable", "-f", NAME)
        self.host.docker("plugin", "enable", NAME)
        self.wait_answer(V4, "web1")
        self.assertEqual(self.host.own_links(), before)
