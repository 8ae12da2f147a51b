"""Shared by all tests: one lab for the whole run, clean hosts for each test, diagnostics when a test fails."""
import sys
import unittest

import lab
import traffic
import wait
from host import GATEWAY, NAME, Host
from router import Router


def slow(test):
    """Marks a test that only a full run or an explicit pattern selects; other tests cover parts of it."""
    test.slow = True
    return test


class Lab:
    """Set up once by run.py."""
    hosts = []
    reference = None
    full = False   # run.py --all: tests with a variable length run at full length

    @classmethod
    def use(cls, hosts, reference):
        cls.hosts, cls.reference = hosts, reference


class LabTest(unittest.TestCase):
    hosts_needed = 1
    settings = {}        # changes to the plugin's default settings, on every host used
    gateway = True       # setUp ensures the scenario's gateway network
    takes_long = False   # takes minutes: started first if several labs share the tests

    @property
    def client(self):
        return self._client

    def setUp(self):
        self._client = lab.Node("client", f"{lab.CLIENT_NET}.10", lab.v6(lab.CLIENT_NET, 10))
        self.router = Router(lab.Node("router", f"{lab.NET}.137", lab.v6(lab.NET, 137)))
        self.used = self.choose_hosts()
        self.host = self.used[0]
        self.addCleanup(self.clean_up)   # added first, so it runs after the test's own cleanups
        for host in self.used:
            host.configure(**self.settings)
            if self.gateway:
                host.ensure_gateway()

    def choose_hosts(self):
        return Lab.hosts[:self.hosts_needed]

    def tearDown(self):
        # Before any cleanup, so that the output shows the state at the failure.
        if self.failed_so_far():
            self.dump()

    def clean_up(self):
        for host in self.used:
            host.clean()
        for host in self.used:
            wait.until_none(host.own_links, 15, f"links of ours on {host}")

    def failed_so_far(self):
        return bool(getattr(self._outcome.result, "problems", None))   # run.py's Result

    def dump(self):
        def section(title, text):
            print(f"----- {self.id()}: {title}\n{text.rstrip()}", file=sys.stderr)
        try:
            section("router: show protocols, show route all",
                    self.router.show("protocols") + self.router.show("route", "all"))
            for host in self.used:
                section(f"{host}: networks, containers", host.docker("network", "ls", check=False) + "\n" +
                        host.docker("ps", "-a", check=False))
                section(f"{host}: bgplb status --json", host.bgplb("status", "--json", check=False))
                section(f"{host}: log of dockerd", host.log(60))
        except Exception as error:   # an error here must not hide the failure of the test
            section("the rest is not available", repr(error))

    # -- shorthands

    def vip(self, name, v4, v6=None, *more, host=None):
        (host or self.host).create_vip(name, v4, v6, *more)
        return [f"{v4}/32"] + ([f"{v6}/128"] if v6 else [])

    def get(self, address, path="/", **options):
        return traffic.get(self.client, address, path, **options)

    def wait_answer(self, address, name=None, **options):
        return traffic.wait_answer(self.client, address, name, **options)

    def wait_no_host_route(self, *addresses, host=None, timeout=5):
        host = host or self.host
        wait.until_none(lambda: "".join(host.host_routes(address) for address in addresses), timeout, "host routes")

    def assert_drain(self, since, name, delay, host=None):
        """SIGTERM followed SIGUSR2 after `delay` seconds, at most 4 s later on a busy machine, never earlier. Returns both times."""
        signalled, terminated = ((host or self.host).event_time(since, "kill", name, signal) for signal in ("12", "15"))
        self.assertGreater(terminated - signalled, delay - 0.1)
        self.assertLess(terminated - signalled, delay + 4)
        return signalled, terminated

    def wait_serves(self, name):
        """Waits until the server listens: without a health check, a started container counts as ready earlier."""
        wait.until(lambda: " serves" in self.host.api_text(f"/containers/{name}/logs", stdout=1, stderr=1), 10, f"{name} serves")

    def assert_refused(self, words, *argv, host=None):
        """The docker command fails, and its output contains all these words."""
        with self.assertRaises(lab.CommandFailed) as caught:
            (host or self.host).docker(*argv)
        for word in [words] if isinstance(words, str) else words:
            self.assertIn(word.lower(), caught.exception.output.lower())
        return caught.exception.output


__all__ = ["GATEWAY", "NAME", "Host", "Lab", "LabTest", "slow"]
