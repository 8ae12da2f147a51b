"""Malformed requests on the plugin's socket: their sender gets an error, other clients are served, and no state changes."""
import json
import time
from pathlib import Path

from base import LabTest

V4, V6 = "10.0.0.101", "2001:db8:0:1::101"
ATTACK = (Path(__file__).parent / "attack.py").read_text()


class Malformed(LabTest):
    def setUp(self):
        super().setUp()
        self.prefixes = self.vip("web1", V4, V6)
        self.host.web("web1", "web1", health=False)
        self.router.wait_for(*self.prefixes)
        self.wait_answer(V4, "web1")
        self.socket = f"/run/docker/plugins/{self.host.plugin_id()}/bgplb.sock"
        self.bird = self.host.plugin_pids("bird")

    def attack(self, *names):
        """Sends these requests of attack.py on the host; returns the answers by name."""
        return json.loads(self.host.python("attack.py", self.socket, *names, timeout=60).splitlines()[-1])

    def assert_unharmed(self):
        self.assertEqual(self.host.plugin_pids("bird"), self.bird)
        self.assertEqual(self.get(V4), "web1")
        self.router.stays(0.5, *self.prefixes)
        began = time.monotonic()
        self.vip("web2", "10.0.0.102")
        self.host.docker("network", "rm", "web2")
        self.assertLess(time.monotonic() - began, 5)

    def test_malformed_requests_get_errors(self):
        answers = self.attack("empty-body", "not-json", "wrong-types", "deep-json", "unknown-path", "wrong-method",
                              "huge-ids", "nul-bytes", "control-characters", "other-object-ids", "oversized-length",
                              "oversized-body", "negative-length", "not-http", "http2", "huge-header", "bare-newlines",
                              "two-lengths", "chunked-nonsense")
        for name, status in answers.items():
            with self.subTest(name):
                # Closing the connection is an acceptable answer to bytes that are not HTTP; success and silence are not.
                self.assertIn(status, ("closed", *range(400, 506)), answers)
        self.assertEqual(answers["empty-body"], 400)
        self.assertEqual(answers["unknown-path"], 404)
        self.assert_unharmed()

    def test_calls_that_must_always_succeed(self):
        """dockerd may send Leave, DeleteEndpoint, DeleteNetwork and releases for unknown objects; the answer must be success."""
        answers = self.attack("leave-unknown", "delete-endpoint-unknown", "delete-network-unknown", "release-unknown",
                              "activate", "capabilities", "probe")
        for name, status in answers.items():
            with self.subTest(name):
                self.assertEqual(status, "closed" if name == "probe" else 200)
        self.assert_unharmed()

    def test_slow_and_silent_clients_delay_no_other(self):
        slow = self.host.stream("python3", "-c", ATTACK, self.socket, "--hold", "40")
        try:
            self.assert_unharmed()
            self.host.docker("rm", "-f", "web1")
            self.router.wait_gone(*self.prefixes, timeout=3)
            self.host.web("web1", "web1", health=False)
            self.router.wait_for(*self.prefixes)
        finally:
            slow.close()

    def test_many_at_once(self):
        answers = self.attack("flood")
        self.assertEqual(answers["flood"], 200)
        self.assert_unharmed()
