"""The files of docs/compose, unchanged, and the commands of its README."""
import lab
import pages
from base import GATEWAY, LabTest, slow
from host import WEB
from traffic import Load

V4, V6 = "10.0.0.101", "2001:db8:0:1::101"
PREFIXES = (f"{V4}/32", f"{V6}/128")
DOCS = lab.ROOT / "docs/compose"
PAGE = "docs/compose/README.md"
FOLDER = "/root/shop"


class Compose(LabTest):
    settings = {"DRAIN_DELAY": "2"}   # short, to save time

    def setUp(self):
        super().setUp()
        if not self.host.ok("docker", "compose", "version"):
            self.skipTest("Debian has version 2 of Docker Compose from Debian 13 on")
        self.host.run("mkdir", "-p", FOLDER)
        for name in ("compose.yaml", "external.yaml", "update"):
            self.host.run("tee", f"{FOLDER}/{name}", input=(DOCS / name).read_text())
        self.host.run("chmod", "+x", f"{FOLDER}/update")
        self.image("shop:1", "ENV NAME=one")
        self.image("shop:2", "ENV NAME=two")

    def image(self, name, change):
        """Creates a new version of the web server's image. The image stays for the next tests."""
        if not self.host.ok("docker", "image", "inspect", name):
            origin = self.host.docker("create", WEB)
            self.host.docker("commit", "--change", change, origin, name)
            self.host.docker("rm", origin)

    def in_folder(self, *argv, image="shop:1", run=None, **settings):
        variables = [f"{name}={value}" for name, value in {"WEB_IMAGE": image, **settings}.items()]
        script = f'cd {FOLDER}; exec "$@"'
        return (run or self.host.run)("env", *variables, "sh", "-ec", script, "sh", *argv)

    def compose(self, *argv, **options):
        return self.in_folder("docker", "compose", *argv, **options)

    def web(self):
        return self.compose("ps", "--all", "--quiet", "web").split()

    def up(self, *more, **options):
        variable, *up = pages.command(PAGE, "up")
        self.assertEqual(variable, "WEB_IMAGE=shop:1")   # the default of in_folder
        self.in_folder(*up, *more, **options)
        self.router.wait_for(*PREFIXES, timeout=3)

    def moves(self, watch):
        """Changes of the VIP's routes at the router."""
        return [change for prefix in PREFIXES for change in watch.changes(prefix)]


class Service(Compose):
    settings = {"DRAIN_DELAY": "6"}   # long enough for `docker compose ps` during the drain

    def test_scaled_stopped_and_removed(self):
        self.up()
        pools = self.host.network("web1")["IPAM"]["Config"]
        self.assertEqual([pool["Subnet"] for pool in pools], list(PREFIXES))
        with self.router.watch() as watch:
            self.up("--scale", "web=3")
            first, second, _ = self.web()
            self.host.docker("rm", "-f", first)
            self.host.docker("kill", second)
            for address in (V4, V6):
                self.wait_answer(address, "one")
        self.assertEqual(self.moves(watch), [])

        stop = self.compose("stop", run=self.host.stream)
        self.router.wait_gone(*PREFIXES, timeout=5)
        self.assertIn("running", self.compose("ps", "--format", "{{.State}}"))   # it drains
        stop.process.wait(20)
        stop.close()
        self.compose("down")
        networks = self.host.docker("network", "ls", "--format", "{{.Name}}").split()
        self.assertNotIn("web1", networks)
        self.assertIn(GATEWAY, networks)

    @slow
    def test_another_project_takes_over_on_an_external_network(self):
        network, blue, green, end_of_blue = pages.commands(PAGE, "blue-green")
        self.host.run(*network)
        self.in_folder("env", *blue)
        self.router.wait_for(*PREFIXES, timeout=3)
        with self.router.watch() as watch:
            self.in_folder("env", *green)
            self.in_folder("env", *end_of_blue)
            for address in (V4, V6):
                self.wait_answer(address, "two")
        self.assertEqual(self.moves(watch), [])


class Update(Compose):
    def update(self, **options):
        return self.in_folder("./update", "web", **options)

    @slow
    def test_start_first_loses_no_request_and_a_bad_version_changes_nothing(self):
        self.up("--scale", "web=2")
        old = self.web()
        with self.router.watch() as watch, Load(self.client, V4) as load4, Load(self.client, V6) as load6:
            self.update(image="shop:2")
        self.assertEqual(self.moves(watch), [])
        for load in (load4, load6):
            self.assertEqual(load.failed, 0, load.failures)
            self.assertEqual(set(load.servers), {"one", "two"})
        new = self.web()
        self.assertEqual(len(new), 2)
        self.assertFalse(set(new) & set(old))
        self.up("--scale", "web=2", image="shop:2")
        self.assertEqual(self.web(), new)   # `up` changes nothing

        self.image("shop:3", 'CMD ["/bin/sh", "-c", "touch /tmp/unhealthy; exec python3 -u /web.py"]')
        with self.router.watch() as watch, self.assertRaises(lab.CommandFailed):   # shop:3 never becomes healthy
            self.update(image="shop:3", HEALTHY_WITHIN="3")
        self.assertEqual(self.moves(watch), [])
        self.assertEqual(self.web(), new)
        self.assertEqual(self.get(V4), "two")
