"""The commands of the front page and of docs/operations.md that build, install, change and run the plugin."""
import shlex

import lab
import pages
import wait
from base import NAME, LabTest, slow

PAGE = "docs/operations.md"
PREFIX = "10.0.0.101/32"


def here(text):
    """Runs commands of a page on this machine, in the repository."""
    return lab.run(["sh", "-ec", f"cd {shlex.quote(str(lab.ROOT))}\n{text}"], timeout=900)


class OnTheHost(LabTest):
    def test_the_program_runs_on_the_host(self):
        self.addCleanup(self.host.run, "rm", "-f", "/usr/local/bin/bgplb")
        status = self.host.sh(pages.block(PAGE, "program-on-the-host").text)
        self.assertIn("EXPORTED TO", status)

    def test_a_setting_is_changed(self):
        self.addCleanup(self.host.configure)
        self.host.settings = {**self.host.settings, "HOLD_TIME": "30"}   # so that configure() restores the default
        self.host.sh(pages.block(PAGE, "change-a-setting").text)
        conf = f"/run/docker/plugins/{self.host.plugin_id()}/bird.conf"
        wait.until(lambda: self.host.ok("grep", "-q", "hold time 30;", conf), 15, "the new hold time in bird.conf")


class Building(LabTest):
    """Runs on this machine, where the repository is. Its dockerd accepts plain-HTTP registries only on its loopback interface."""

    @slow
    def test_built_and_pushed(self):
        port = lab.run(["docker", "port", f"{lab.PREFIX}-registry", "5000/tcp"]).splitlines()[0].rsplit(":", 1)[1]
        registry = f"127.0.0.1:{port}"
        self.addCleanup(lab.run, ["docker", "plugin", "rm", "-f", f"{registry}/docker-bgp-lb:1.0"], check=False)
        here(pages.block("README.md", "build").text.replace("REGISTRY", registry))
        tags = lab.Node("registry").run("curl", "-fsS", f"http://{lab.REGISTRY}/v2/docker-bgp-lb/tags/list")
        self.assertIn('"1.0"', tags)

    @slow
    def test_built_on_the_host(self):
        if NAME in lab.run(["docker", "plugin", "ls", "--format", "{{.Name}}"]).split():
            self.skipTest(f"this machine has a plugin {NAME} of its own")
        self.addCleanup(lab.run, ["docker", "plugin", "rm", "-f", NAME], check=False)
        here(pages.block(PAGE, "build-on-the-host").text)
        settings = lab.run(["docker", "plugin", "inspect", "--format", "{{.Enabled}} {{.Settings.Env}}", NAME])
        self.assertIn("false", settings)
        self.assertIn("PEER_ADDRESS=192.168.8.137", settings)


class PlainProcess(LabTest):
    """Without a managed plugin: the same programs, started by hand."""

    def setUp(self):
        super().setUp()
        folder = f"/var/lib/docker/plugins/{self.host.plugin_id()}/rootfs/usr"
        self.addCleanup(self.host.sh, "rm -rf /usr/local/bin/bgplb /usr/local/bin/bgplb-init /usr/local/share/bgplb /var/lib/bgplb")
        self.host.sh(f"cp {folder}/bin/bgplb {folder}/bin/bgplb-init /usr/local/bin; cp -r {folder}/share/bgplb /usr/local/share")
        # Removed, because a disabled plugin still has the name bgplb.
        self.addCleanup(self.reinstall)
        self.host.docker("plugin", "rm", "-f", NAME)

    def stop(self, process):
        for pid in self.host.plugin_pids("bgplb-init"):
            self.host.run("kill", str(pid))
        wait.until_none(lambda: self.host.plugin_pids("bgplb-init") + self.host.plugin_pids("bird"), 15, "the plugin's processes")
        process.close()

    def reinstall(self):
        self.host.install(self.host.reference)

    def test_serves_a_vip(self):
        commands = pages.block(PAGE, "plain-process").text.replace("192.168.8.", f"{lab.NET}.")
        process = self.host.stream("sh", "-ec", commands)
        self.addCleanup(self.stop, process)
        wait.until(lambda: self.host.ok("test", "-S", "/run/docker/plugins/bgplb.sock"), 10, "the plugin's socket")
        self.addCleanup(self.host.clean)
        self.host.docker("network", "create", "--driver", "bgplb", "--ipam-driver", "bgplb", "--subnet", PREFIX, "web1")
        self.host.web("web1", "web1", health=False)
        self.router.wait_for(PREFIX, timeout=15)
        self.wait_answer("10.0.0.101", "web1")
