"""Settings: all wrong ones are reported together by name; valid ones take effect at the router."""
import time

import lab
import wait
from base import NAME, LabTest, slow
from router import Router

V4, V6 = "10.0.0.101", "2001:db8:0:1::101"


class WrongSettings(LabTest):
    gateway = False

    def setUp(self):
        super().setUp()
        self.host.docker("plugin", "disable", "-f", NAME)
        self.addCleanup(self.host.configure)   # restores the defaults
        self.host.settings, self.known = None, dict(self.host.settings)

    def enable_fails(self, expected, **settings):
        """`docker plugin enable` fails, and dockerd's log names each wrong setting."""
        self.host.settings = {**self.known, **settings}
        began = time.time() - 0.05
        self.host.docker("plugin", "set", NAME, *[f"{name}={value}" for name, value in settings.items()])
        with self.assertRaises(lab.CommandFailed):
            self.host.docker("plugin", "enable", NAME, timeout=60)
        self.assertFalse(self.host.plugin_enabled())
        # dockerd copies the plugin's standard error to its own log.
        wait.until(lambda: all(name in self.host.log_since(began) for name in expected), 10, f"{expected} in the log")
        return self.host.log_since(began)

    def test_all_problems_are_reported_together(self):
        self.enable_fails(
            ["ROUTER_ID", "LOCAL_AS", "PEER_AS", "PEER_ADDRESS", "ROUTER_PORT", "SIGUSR2_HANDLER"],
            ROUTER_ID="not an address", LOCAL_AS="0", PEER_AS="4294967296", PEER_ADDRESS="192.168.8.300",
            ROUTER_PORT="70000", SIGUSR2_HANDLER="perhaps")

    def test_hostile_password(self):
        log = self.enable_fails(["PEER_PASSWORD"],
                                PEER_PASSWORD='x"; } protocol static evil { ipv4; route 0.0.0.0/0 blackhole; } #\n')
        self.assertNotIn("evil", log)

    @slow
    def test_missing_required_settings(self):
        self.enable_fails(["ROUTER_ID", "PEER_AS", "PEER_ADDRESS"], ROUTER_ID="", PEER_AS="", PEER_ADDRESS="")


class OtherSessions(LabTest):
    """Other kinds of sessions, each with its own configuration of the router."""

    def setUp(self):
        super().setUp()
        self.addCleanup(self.host.configure)
        self.conf = self.router.node.run("cat", "/etc/bird/bird.conf")
        self.addCleanup(self.router_conf, self.conf)
        self.addCleanup(self.clean_up)   # before configure() restores the settings

    def router_conf(self, text):
        self.router.node.run("tee", "/etc/bird/bird.conf", input=text)
        answer = self.router.node.run("birdc", "configure")
        self.assertRegex(answer, "Reconfigur")

    def check_session(self, source=None):
        prefixes = self.vip("web1", V4, V6)
        self.host.web("web1", "web1", health=False)
        self.router.wait_for(*prefixes, timeout=15)
        for prefix in prefixes:
            route, = self.router.routes(prefix)
            self.assertEqual(route.next_hop, self.host.address6 if ":" in prefix else self.host.address)
        self.wait_answer(V4, "web1")
        self.wait_answer(V6, "web1")

    def test_md5_session(self):
        # A password may contain all printable characters except ", including BIRD's comment and block characters.
        password = "a#b'c;d}e\\f %$ü"[:14]
        self.router_conf(self.conf.replace("graceful restart on;", f'graceful restart on;\n    password "{password}";'))
        self.host.configure(PEER_PASSWORD=password)
        self.check_session()

    def test_wrong_password_is_no_session(self):
        self.router_conf(self.conf.replace("graceful restart on;", 'graceful restart on;\n    password "one";'))
        self.host.configure(PEER_PASSWORD="two")
        prefixes = self.vip("web1", V4, V6)
        self.host.web("web1", "web1", health=False)
        self.router.stays_away(4, *prefixes)

    def test_ipv6_peer(self):
        session = self.conf[self.conf.index("protocol bgp hosts"):]
        self.router_conf(self.conf + session.replace("hosts", "hosts6").replace(f"{lab.NET}.137", lab.v6(lab.NET, 137))
                         .replace(f"{lab.NET}.0/24", lab.v6(lab.NET, "") + "/64").replace('"host"', '"six"'))
        self.host.configure(PEER_ADDRESS=lab.v6(lab.NET, 137))
        self.check_session()

    def test_four_byte_as(self):
        self.router_conf(self.conf.replace("as 65534;", "as 4200000001;"))
        self.host.configure(LOCAL_AS="4200000001")
        prefix, = self.vip("web1", V4)
        self.host.web("web1", "web1", health=False)
        self.router.wait_for(prefix, timeout=15)
        self.assertEqual(self.router.routes(prefix)[0].as_path, (4200000001,))

    def test_waits_for_the_address_of_router_id(self):
        address = f"{lab.NET}.77"
        self.host.configure(ROUTER_ID=address)
        prefix, = self.vip("web1", V4)
        self.host.web("web1", "web1", health=False)
        self.router.stays_away(2, prefix)
        self.host.run("ip", "address", "add", f"{address}/24", "dev", "eth0")
        self.addCleanup(self.host.run, "ip", "address", "del", f"{address}/24", "dev", "eth0", check=False)
        self.router.wait_for(prefix, timeout=15)
        self.assertEqual(self.router.next_hops(prefix), {address})

    def test_several_peers(self):
        second = lab.Node("router2", f"{lab.NET}.139")
        lab.lab("node", "router2", "139", "sh", "-c", f"mkdir -p /run/bird; sed -i 's/192.168.8.137/{second.address}/; "
                f"s/192.168.8.0/{lab.NET}.0/' /etc/bird/bird.conf; exec bird -f -c /etc/bird/bird.conf")
        self.addCleanup(lab.run, ["docker", "rm", "-fv", second.container])
        other = Router(second)
        self.host.configure(PEER_ADDRESS=f"{lab.NET}.137,{second.address}")
        prefixes = self.vip("web1", V4, V6)
        self.host.web("web1", "web1", health=False)
        for router in (self.router, other):
            router.wait_for(*prefixes, timeout=15)
            # A session that an earlier test interrupted exists until its hold timer expires.
            router.wait_next_hops(prefixes[0], [self.host.address], timeout=15)
        # The end of one router must not affect the other one.
        second.run("kept", "stop", "KILL")
        with self.router.watch() as watch:
            self.router.stays(2, *prefixes)
            self.host.docker("kill", "web1")
            self.router.wait_gone(*prefixes, timeout=3)
        self.assertEqual(len(watch.changes(prefixes[0])), 1)

    def test_router_port(self):
        self.host.configure(ROUTER_PORT="1790")
        wait.until(lambda: f"{self.host.address}:1790" in self.host.run("ss", "-Htln"), 5, "BIRD listens there")
        self.check_session()
