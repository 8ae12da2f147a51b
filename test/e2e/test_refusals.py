"""A network that cannot work is refused with an explanation, and nothing changes."""
from base import NAME, LabTest

V4, V6 = "10.0.0.101", "2001:db8:0:1::101"


class Refusals(LabTest):
    def setUp(self):
        super().setUp()
        self.prefixes = self.vip("web1", V4, V6)
        self.host.web("web1", "web1", health=False)
        self.router.wait_for(*self.prefixes)
        self.wait_answer(V4, "web1")
        self.before = self.snapshot()

    def snapshot(self):
        return {"router": self.router.prefixes(), "links": sorted(line.split()[0] for line in self.host.run("ip", "-br", "link").splitlines()),
                "networks": self.host.docker("network", "ls", "--format", "{{.ID}} {{.Name}}"),
                "routes": self.host.run("ip", "route") + self.host.run("ip", "-6", "route", "show", "type", "unicast")}

    def refuse(self, words, *options, name="bad"):
        self.refuse_only(words, *options, name=name)
        self.check_nothing_changed()

    def refuse_only(self, words, *options, name="bad"):
        output = self.assert_refused(words, "network", "create", "--driver", NAME, "--ipam-driver", NAME, *options, name)
        self.assertNotRegex(output, r"(?i)timeout|EOF|connection (reset|refused)")

    def check_nothing_changed(self):
        after = self.snapshot()
        for what in ("router", "networks", "links"):
            self.assertEqual(after[what], self.before[what])
        self.assertEqual(self.get(V4), "web1")

    def test_a_subnet_that_is_not_one_address(self):
        self.refuse("/32", "--subnet", "10.0.5.0/24")
        self.refuse("/128", "--subnet", "10.0.5.1/32", "--ipv6", "--ipam-opt", "v6subnet=2001:db8:5::/64")

    def test_no_subnet(self):
        self.refuse("subnet")

    def test_without_the_ipam_driver(self):
        for subnet in ("10.0.0.150/32", "10.0.5.0/24"):
            # The default IPAM driver of Docker 20.10 has no address for a gateway in such a subnet.
            by_docker = self.host.version().startswith("20.10") and subnet.endswith("/32")
            words = "no available addresses on this pool" if by_docker else "create the network with --ipam-driver, too"
            self.assert_refused(words, "network", "create", "--driver", NAME, "--subnet", subnet, "bad")
            self.check_nothing_changed()

    def test_an_internal_network(self):
        self.refuse("--internal is not possible", "--subnet", "10.0.0.150/32", "--internal")

    def test_auxiliary_addresses(self):
        self.refuse("--aux-address is not possible", "--subnet", "10.0.0.150/32", "--aux-address", "x=10.0.0.150")

    def test_a_gateway(self):
        self.refuse("no matching subnet for gateway 10.0.0.1", "--subnet", "10.0.0.150/32", "--gateway", "10.0.0.1")   # by Docker
        # The VIP itself is accepted, and has no effect.
        prefix, = self.vip("web2", "10.0.0.102", None, "--gateway", "10.0.0.102")
        self.host.web("web2", "web2", health=False)
        self.router.wait_for(prefix)
        self.wait_answer("10.0.0.102", "web2")

    def test_the_vip_of_another_network(self):
        self.refuse(V4, "--subnet", f"{V4}/32")
        self.refuse(V6, "--subnet", "10.0.0.150/32", "--ipv6", "--ipam-opt", f"v6subnet={V6}/128")

    def test_an_address_of_the_host(self):
        self.refuse([self.host.address, "host"], "--subnet", f"{self.host.address}/32")
        self.refuse(["127.0.0.1"], "--subnet", "127.0.0.1/32")

    def test_the_address_of_the_peer(self):
        peer, = self.host.status()["peers"]
        address, since = peer["address"], peer["since"]
        self.refuse(f"VIP {address} is the address of a BGP peer of this host", "--subnet", f"{address}/32")
        self.assertNotIn("bgplb-", self.host.run("ip", "route", "get", address))
        # The session is the same one, and it still carries changes.
        another, = self.vip("web2", "10.0.0.102")
        self.host.web("web2", "web2", health=False)
        self.router.wait_for(another, *self.prefixes)
        self.wait_answer("10.0.0.102", "web2")
        peer, = self.host.status()["peers"]
        self.assertEqual((peer["state"], peer["since"]), ("Established", since))

    def test_an_address_inside_a_bridge_network(self):
        # web1's own address on its gateway network: the host route would take over its traffic.
        self.refuse("lies inside the subnet 172.23.0.0/24 of the Docker network bgplb_gwbridge", "--subnet", "172.23.0.25/32")

    def test_hostile_options(self):
        for text in ("x; } protocol static evil { ipv4; route 0.0.0.0/0 blackhole; }", "a\nb", "\x1b[2J", "'\"`$(id)",
                     "A" * 5000, "%s%n", "../../etc/passwd"):
            with self.subTest(text[:20]):
                for options in (("-o", f"com.docker.network.driver.mtu={text}"), ("-o", f"bgplb.weight={text}"),
                                ("--ipv6", "--ipam-opt", f"v6subnet={text}"), ("--ipam-opt", f"unknown={text}")):
                    self.refuse_only("", "--subnet", "10.0.0.150/32", *options)
                self.check_nothing_changed()

    def test_a_vip_inside_a_connected_subnet_is_allowed(self):
        vip = f"{self.host.address.rsplit('.', 1)[0]}.222"
        prefix, = self.vip("inside", vip)
        self.host.web("inside", "inside", health=False)
        self.router.wait_for(prefix)
        self.wait_answer(vip, "inside")

    def test_a_wrong_ip_for_the_container(self):
        self.vip("web2", "10.0.0.102")
        self.assert_refused("", "run", "-d", "--name", "bad", "--network", "web2", "--ip", "10.0.0.103", "bgplb-web:trixie")
        self.router.stays_away(0.5, "10.0.0.103/32", "10.0.0.102/32")
