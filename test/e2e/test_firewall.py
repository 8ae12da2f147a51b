"""The host's firewall and sysctls: packets to VIPs pass, and the user's DROP rules still apply."""
import shlex

import wait
from base import LabTest

V4, V6 = "10.0.0.101", "2001:db8:0:1::101"
TOOLS = {V4: "iptables", V6: "ip6tables"}


class Firewall(LabTest):
    def setUp(self):
        super().setUp()
        self.prefixes = self.vip("web1", V4, V6)
        self.host.web("web1", "web1", health=False)
        self.router.wait_for(*self.prefixes)
        self.wait_answer(V4, "web1")
        self.wait_answer(V6, "web1")

    def policy(self, target):
        for tool in TOOLS.values():
            before = "DROP" if "-P FORWARD DROP" in self.host.run(tool, "-S", "FORWARD") else "ACCEPT"
            self.host.run(tool, "-P", "FORWARD", target)
            self.addCleanup(self.host.run, tool, "-P", "FORWARD", before)

    def test_forward_policy_drop(self):
        self.policy("DROP")
        for address in (V4, V6):
            self.assertEqual(self.get(address), "web1", address)

    def test_other_traffic_is_still_dropped(self):
        """The rules accept packets only towards the bridges of VIPs."""
        self.policy("DROP")
        self.host.docker("network", "create", "--subnet", "172.29.0.0/24", "plain")
        self.host.docker("run", "-d", "--name", "plain", "--network", "plain", "--ip", "172.29.0.9", "bgplb-web:trixie")
        self.router.node.run("ip", "route", "replace", "172.29.0.0/24", "via", self.host.address)
        self.addCleanup(self.router.node.run, "ip", "route", "del", "172.29.0.0/24", check=False)
        self.assertIsNone(self.get("172.29.0.9", timeout=1))

    def test_the_users_drop_still_drops(self):
        # DOCKER-USER for IPv6 exists only if dockerd manages ip6tables; otherwise the user's rules are in FORWARD.
        for address, tool in TOOLS.items():
            chain = "DOCKER-USER" if self.host.ok(tool, "-S", "DOCKER-USER") else "FORWARD"
            rule = (chain, "-d", address, "-p", "tcp", "--dport", "80", "-j", "DROP")
            self.host.run(tool, "-I", *rule)
            try:
                self.assertIsNone(self.get(address, timeout=1), f"{chain} {address}")
            finally:
                self.host.run(tool, "-D", *rule)
            self.assertEqual(self.get(address), "web1")

    def test_our_rules_are_removed_with_the_last_network(self):
        self.assertTrue(self.host.has_firewall_rules())
        self.host.docker("rm", "-f", "web1")
        self.host.docker("network", "rm", "web1")
        wait.until_none(self.host.has_firewall_rules, 5, "rules of ours")

    def test_deleted_rules_are_restored(self):
        self.policy("DROP")
        for tool in TOOLS.values():
            ours = [rule for rule in self.host.run(tool, "-S").splitlines()
                    if "bgplb-" in rule.replace("bgplb_gwbridge", "") and rule.startswith("-A")]
            self.assertTrue(ours, tool)
            for rule in ours:
                self.host.run(tool, "-D", *shlex.split(rule)[1:])
        for address in (V4, V6):
            self.wait_answer(address, "web1", timeout=20)

    def test_the_hosts_nft_reads_our_tables(self):
        """The plugin's nft may be newer than the host's (with Docker 20.10, the hosts of the lab are Debian 12)."""
        tables = self.host.run("nft", "list", "ruleset")
        for name in ("bgplb", "bgplb_loops"):
            self.assertIn(f"table inet {name} {{", tables)
        self.host.run("nft", "-f", "-", input="table inet other {\n}\n")
        self.host.run("nft", "delete", "table", "inet", "other")

    def test_another_container_of_the_gateway_bridge_reaches_the_vip(self):
        """web1 reaches web2's VIP on the same host, although enable_icc=false isolates the containers of the gateway bridge."""
        self.vip("web2", "10.0.0.102", "2001:db8:0:1::102")
        self.host.web("web2", "web2", health=False)
        self.wait_answer("10.0.0.102", "web2")
        for target in ("10.0.0.102", "[2001:db8:0:1::102]"):
            with self.subTest(target):
                self.assertEqual(self.host.docker("exec", "web1", "curl", "-fsS", "-m", "3", f"http://{target}/"), "web2")

    def test_strict_reverse_path_filter_of_a_container(self):
        """As on a host with net.ipv4.conf.default.rp_filter=1 in its first network namespace: containers inherit it."""
        four, six = self.vip("web3", "10.0.0.103", "2001:db8:0:1::103")
        for link in ("all", "vip0"):
            with self.subTest(link):
                self.host.web("web3", "web3", health=False, more=("--sysctl", f"net.ipv4.conf.{link}.rp_filter=1"))
                self.router.wait_for(six)
                self.router.stays_away(1, four)
                problem = next(vip["problem"] for vip in self.host.status()["vips"] if vip["vip"] == four)
                self.assertTrue(problem.startswith("container web3 drops requests to the VIP"), problem)
                self.host.docker("rm", "-f", "web3")
                self.router.wait_gone(six, timeout=3)
        self.host.web("web3", "web3", health=False, more=("--sysctl", "net.ipv4.conf.all.rp_filter=2"))
        self.wait_answer("10.0.0.103", "web3")

    def test_strict_reverse_path_filter_of_the_host(self):
        for name in ("all", "default"):
            path = f"net.ipv4.conf.{name}.rp_filter"
            before = self.host.run("sysctl", "-n", path).strip()
            self.host.run("sysctl", "-w", f"{path}=1")
            self.addCleanup(self.host.run, "sysctl", "-w", f"{path}={before}")
        self.vip("web3", "10.0.0.103", "2001:db8:0:1::103")
        self.host.web("web3", "web3", health=False)
        self.wait_answer("10.0.0.103", "web3")
        self.wait_answer("2001:db8:0:1::103", "web3")
        self.assertEqual(self.get(V4), "web1")
