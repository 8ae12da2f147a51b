"""Swarm: services on VIP networks, on three hosts that are all managers."""
import time

import lab
import traffic
import wait
from base import NAME, Lab, LabTest, slow
from host import WEB, Host
from swarm import Swarm, gateway_subnets, on_all, suite_of
from traffic import Load

V4, V6 = "10.0.0.101", "2001:db8:0:1::101"
PREFIXES = (f"{V4}/32", f"{V6}/128")
DRAIN = 2
SETTINGS = {"GLOBAL_SCOPE": "true", "DRAIN_DELAY": str(DRAIN)}
DRAINED = ("--stop-signal", "SIGUSR2", "--stop-grace-period", "20s")


class Services(LabTest):
    takes_long = True
    gateway = False   # docker_gwbridge is the gateway network here
    settings = SETTINGS

    @classmethod
    def setUpClass(cls):
        third = Host(3)
        lab.add_host(third.number, suite_of(Lab.hosts[0]))
        lab.lab("load", WEB, third.name)
        cls.hosts = [*Lab.hosts, third]
        cls.swarm = Swarm(cls.hosts)
        cls.addClassCleanup(cls.end)
        third.clean()
        third.docker("plugin", "rm", "-f", NAME, check=False)
        third.install(Lab.reference)
        # Before they join: afterwards Swarm notices a plugin only after up to 20 s.
        on_all(cls.hosts, lambda host: host.configure(**SETTINGS))
        cls.swarm.form()

    @classmethod
    def end(cls):
        """Restores the first two hosts for the other tests, and removes the third."""
        cls.swarm.leave()
        lab.run(["docker", "rm", "-fv", cls.hosts[2].container])
        on_all(cls.hosts[:2], lambda host: host.configure())

    def choose_hosts(self):
        return self.hosts

    def clean_up(self):
        self.swarm.remove_all()

    # -- shorthands

    def start(self, *options, network="web1", name="web", mode="dnsrr", vips=(V4, V6)):
        self.swarm.create_vip(network, *vips)
        self.swarm.create_service(name, network, *options, mode=mode)

    def wait_served_by(self, hosts, timeout=20):
        self.router.wait_next_hops(PREFIXES[0], [host.address for host in hosts], timeout=timeout)
        self.router.wait_next_hops(PREFIXES[1], [host.address6 for host in hosts], timeout=timeout)

    def nodes_answering(self, address):
        return {server.split("/")[0] for server in traffic.servers(self.client, address, 20)}

    def wait_answered_by(self, hosts):
        for address in (V4, V6):
            wait.until(lambda: self.nodes_answering(address) == {host.name for host in hosts}, 10,
                       f"{hosts} answer at {address}", every=0.2)

    @staticmethod
    def wait_nothing_left(host):
        wait.until_none(host.own_links, 10, f"links of ours on {host}")
        assert not host.run("ip", "route", "show", "proto", "178") + host.run("ip", "-6", "route", "show", "proto", "178")

    # -- the tests

    def test_global_service(self):
        self.swarm.run_documented()
        self.wait_served_by(self.hosts)
        for prefix in PREFIXES:
            for route in self.router.routes(prefix):
                self.assertEqual((route.origin, route.as_path), ("IGP", (65534,)))
        with self.subTest("every node answers, through its docker_gwbridge, and sees the client's own address"):
            self.router.wait_for(*[subnet for host in self.hosts for subnet in gateway_subnets(host)])
            self.wait_answered_by(self.hosts)
            self.assertEqual(self.get(V4, "/client"), self.client.address)
            self.assertEqual(self.get(V6, "/client"), self.client.address6)
        with self.subTest("bridge names use Swarm's network ids"):
            for host in self.hosts:
                network = host.docker("network", "inspect", "--format", "{{.Id}}", "web1")
                self.assertEqual(len(network), 25)
                for address in (V4, V6):
                    self.assertRegex(host.host_routes(address), rf"(?s)^{address} .*\bdev bgplb-{network[:9]} ")

        drained = self.hosts[2]
        with self.subTest("a drained node keeps no object, although as a manager it still lists the network"):
            self.swarm.manager().docker("node", "update", "--availability", "drain", drained.name)
            self.wait_served_by(self.hosts[:2])
            wait.until_none(lambda: drained.docker("ps", "--quiet"), 20, "its task")
            self.wait_nothing_left(drained)
            for pid in drained.plugin_pids("bgplb"):
                drained.run("kill", "-9", str(pid))
            wait.until(lambda: '"following":true' in drained.bgplb("status", "--json", check=False), 10,
                       "the next controller has read the lists")
            wait.holds(lambda: self.wait_nothing_left(drained) is None, 1, f"no link of ours on {drained}")
            self.assertIn("web1", drained.docker("network", "ls"))
        with self.subTest("after a kill, the next controller finds the tasks and the IPv6 VIP of their network"):
            host = self.hosts[0]
            with self.router.watch() as watch:
                for pid in host.plugin_pids("bgplb"):
                    host.run("kill", "-9", str(pid))
                wait.until(lambda: '"following":true' in host.bgplb("status", "--json", check=False), 10,
                           "the next controller has read the lists")
                self.router.stays(1, *PREFIXES)
            self.assertEqual([watch.changes(prefix) for prefix in PREFIXES], [[], []])
        with self.subTest("an active node gets tasks again"):
            self.swarm.manager().docker("node", "update", "--availability", "active", drained.name)
            self.wait_served_by(self.hosts)

        with self.subTest("the end of the service"):
            self.swarm.manager().docker("service", "rm", "web")
            self.router.wait_gone(*PREFIXES, timeout=10)
            for host in self.hosts:
                self.wait_nothing_left(host)

    def test_rolling_update_under_load_loses_nothing(self):
        two = self.hosts[1:]
        self.start("--replicas", "2", "--replicas-max-per-node", "2", "--constraint", "node.hostname!=host1", *DRAINED,
                   "--update-order", "start-first", "--update-monitor", "1s")
        self.wait_served_by(two)
        before = self.swarm.wait_tasks("web", 2)
        containers = {host: host.docker("ps", "--quiet", "--no-trunc") for host in two}
        began = time.time()
        with Load(self.client, V4) as load4, Load(self.client, V6) as load6:
            for vip in (V4, V6):
                wait.until(lambda vip=vip: len(traffic.servers(self.client, vip, 10)) == 2, 10, f"both answer at {vip}", every=0.1)
            self.swarm.manager().docker("service", "update", "--quiet", "--force", "web", timeout=90)
            after = self.swarm.wait_tasks("web", 2)
            # The update ends when the new tasks run, while the old ones are still draining.
            for host in two:
                wait.until(lambda host=host: containers[host] not in host.docker("ps", "--quiet", "--no-trunc"), 20,
                           f"the old task on {host} ends")
            for vip in (V4, V6):
                wait.until(lambda vip=vip: len(traffic.servers(self.client, vip, 10)) == 2, 10, f"both answer at {vip}", every=0.1)
        self.assertFalse(set(before) & set(after))
        for load in (load4, load6):
            self.assertEqual(load.failed, 0, load.failures)
            self.assertTrue({f"{node}/{task}" for task, node in {**before, **after}.items()} >= set(load.servers))
            self.assertTrue({f"{node}/{task}" for task, node in after.items()} <= set(load.servers))
        for host in two:
            with self.subTest(f"the old task on {host} was drained"):
                self.assert_drain(began, containers[host], DRAIN, host)

    def replicas_on_one_node(self, count):
        host = self.hosts[1]
        self.start("--replicas", str(count), "--constraint", f"node.hostname=={host.name}", "--network", "web1")
        tasks = self.swarm.wait_tasks("web", count)
        self.assertEqual(set(tasks.values()), {host.name})
        self.wait_served_by([host])
        return host, {f"{host}/{task}" for task in tasks}

    @slow
    def test_one_of_several_replicas_on_a_node_ends(self):
        host, _ = self.replicas_on_one_node(2)
        for container in host.docker("ps", "--quiet").split():
            with self.router.watch() as watch:
                host.docker("kill", container)
                wait.until(lambda: len(self.swarm.tasks("web")) == 2 and container not in host.docker("ps", "--quiet"), 20,
                           "Swarm has replaced it", every=0.2)
                self.wait_answer(V4)
                self.wait_answer(V6)
            self.assertEqual([watch.changes(prefix) for prefix in PREFIXES], [[], []])

    def test_several_replicas_on_a_node_share_the_traffic(self):
        host, servers = self.replicas_on_one_node(3)
        policies = ("net.ipv4.fib_multipath_hash_policy", "net.ipv6.fib_multipath_hash_policy")
        before = [f"{policy}={host.run('sysctl', '-n', policy).strip()}" for policy in policies]
        self.addCleanup(host.run, "sysctl", "-qw", *before)
        host.run("sysctl", "-qw", *[f"{policy}=1" for policy in policies])
        for address in (V4, V6):
            wait.until(lambda: set(traffic.servers(self.client, address, 60)) == servers, 10, f"all answer at {address}")

    def test_endpoint_mode_vip_is_explained(self):
        """The request for the service's address is identical to the request for a task's address, so it cannot be refused."""
        def notes():
            return [line for line in self.host.bgplb("status").splitlines() if line.startswith("note: swarm:")]
        self.start(mode="vip")
        self.router.wait_for(*PREFIXES, timeout=20)
        self.wait_answer(V4)
        self.wait_answer(V6)
        note, = wait.until(notes, 5, "the note about it")
        for word in ("service web", "web1", "docker service update --endpoint-mode dnsrr web"):
            self.assertIn(word, note)
        self.swarm.manager().docker("service", "update", "--detach", "--endpoint-mode", "dnsrr", "web")
        wait.until_none(notes, 5, "the note")

    def test_ipv6_only(self):
        self.host.docker("network", "create", "--driver", NAME, "--ipam-driver", NAME, "--ipv6",
                         "--ipam-opt", f"v6subnet={V6}/128", "web1")
        self.swarm.create_service("web", "web1")
        self.router.wait_for(PREFIXES[1], timeout=20)
        self.wait_answer(V6)
        self.assertFalse([p for p in self.router.prefixes() if p.startswith(("0.0.0.0", "192.0.0.8"))])

    @slow
    def test_the_leader_is_lost(self):
        self.start("--mode", "global")
        self.wait_served_by(self.hosts)
        lost = self.swarm.leader()
        others = [host for host in self.hosts if host is not lost]
        self.addCleanup(lab.run, ["docker", "start", lost.container])
        lost.run("ip", "link", "set", "eth0", "down")   # a machine that loses power closes no connection
        lab.run(["docker", "kill", lost.container])
        self.wait_served_by(others)
        self.wait_answered_by(others)
        with self.subTest("the new leader allocates addresses, and knows the allocated ones"):
            wait.until(lambda: self.swarm.leader() is not lost, 30, "another leader", every=0.3)
            self.swarm.create_vip("web2", "10.0.0.102")
            self.swarm.create_service("other", "web2", "--mode", "global")
            self.router.wait_next_hops("10.0.0.102/32", [host.address for host in others], timeout=20)
            self.wait_answer("10.0.0.102")
        with self.subTest("the machine returns"):
            lab.run(["docker", "start", lost.container])
            self.wait_served_by(self.hosts, timeout=60)
            self.router.wait_next_hops("10.0.0.102/32", [host.address for host in self.hosts], timeout=60)   # Swarm notices its plugins within 20 s
            self.wait_answered_by(self.hosts)

    @slow
    def test_dockerd_restarted_on_a_node(self):
        self.start("--mode", "global", *DRAINED)
        self.wait_served_by(self.hosts)
        restarted = next(host for host in self.hosts if host is not self.swarm.leader())
        others = [host for host in self.hosts if host is not restarted]
        restart = restarted.stream("kept", "restart", "TERM")
        self.wait_served_by(others)
        self.wait_answered_by(others)
        restart.process.wait(60)
        restart.close()
        self.wait_served_by(self.hosts, timeout=60)
        self.wait_answered_by(self.hosts)
