"""The operator's view: bgplb status, and birdc on BIRD's control socket."""
import json

import wait
from base import LabTest

V4, V6 = "10.0.0.101", "2001:db8:0:1::101"


class Status(LabTest):
    def setUp(self):
        super().setUp()
        self.prefixes = self.vip("web1", V4, V6)
        self.host.web("web1", "web1")
        self.router.wait_for(*self.prefixes)

    def test_text(self):
        text = self.host.bgplb("status")
        for word in (V4, V6, "web1", self.router.node.address, "172.23.0.0/24"):
            self.assertIn(word, text)

    def test_json_shows_announcements_and_health(self):
        text = json.dumps(self.host.status())
        for word in (V4, V6, self.router.node.address):
            self.assertIn(word, text)
        self.assertNotIn("unhealthy", text)
        self.host.sick("web1")
        self.host.wait_health("web1", "unhealthy")
        wait.until(lambda: "unhealthy" in json.dumps(self.host.status()), 3, "the status shows the change")

    def test_birdc_reaches_bird(self):
        control = f"/run/docker/plugins/{self.host.plugin_id()}/bird.ctl"
        routes = self.host.run("birdc", "-r", "-s", control, "show", "route")
        self.assertIn(f"{V4}/32", routes)
        self.assertIn(f"{V6}/128", routes)

    def test_no_secret_is_visible(self):
        self.host.configure(PEER_PASSWORD="s3cret-of-the-peer")
        self.addCleanup(self.host.configure)
        self.assertNotIn("s3cret", self.host.bgplb("status") + self.host.bgplb("status", "--json"))
        self.assertNotIn("s3cret", self.host.log(200))
        self.assertNotIn("s3cret", self.host.sh("cat /proc/[0-9]*/cmdline | tr '\\0' ' '"))
        # dockerd stores plugin settings itself. BIRD's configuration must be readable only for root and BIRD's group,
        # and every other file that the plugin writes only for root.
        readable = self.host.sh("grep -rls s3cret /run/docker/plugins /var/lib/docker/plugins/*/rootfs/run "
                                "/var/lib/docker/plugins/*/propagated-mount 2>/dev/null | xargs -r stat -c '%a %g %n'", check=False)
        for line in readable.splitlines():
            access, name = line.rsplit(" ", 1)
            self.assertTrue(access == "640 65521" if name.endswith("/bird.conf") else access.startswith("600 "), line)
