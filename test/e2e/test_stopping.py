"""Every event that ends a container, or its attachment to the network, withdraws the VIP."""
import wait
from base import LabTest

V4, V6 = "10.0.0.101", "2001:db8:0:1::101"


class Stopping(LabTest):
    def setUp(self):
        super().setUp()
        self.prefixes = self.vip("web1", V4, V6)

    def start(self, *more, **options):
        self.host.web("web1", "web1", more=more, **options)
        self.router.wait_for(*self.prefixes)

    def assert_withdrawn(self, timeout=3):
        self.router.wait_gone(*self.prefixes, timeout=timeout)
        self.wait_no_host_route(V4, V6)

    def test_stop_with_sigterm_withdraws_before_the_process_ends(self):
        # A request of 10 s keeps the process running after SIGTERM, because the server completes accepted requests.
        self.start("--stop-timeout", "20")
        slow = self.client.stream("curl", "-fsS", "-m", "15", f"http://{V4}/slow?10")
        wait.until(lambda: self.host.connections("web1"), 5, "the request is in the server")
        stop = self.host.stream("docker", "stop", "web1")
        self.router.wait_gone(*self.prefixes, timeout=6)
        self.assertEqual(self.host.state("web1"), "running")
        stop.process.wait(20)
        slow.close(), stop.close()
        self.assertEqual(self.host.state("web1"), "exited")

    def test_signals_of_updaters_withdraw_although_the_image_declares_another_one(self):
        self.start("--stop-signal", "SIGUSR1", "--stop-timeout", "20")
        slow = self.client.stream("curl", "-fsS", "-m", "15", f"http://{V4}/slow?5")
        wait.until(lambda: self.host.connections("web1"), 5, "the request is in the server")
        self.host.docker("kill", "-s", "TERM", "web1")
        self.router.wait_gone(*self.prefixes, timeout=3)
        self.assertEqual(self.host.state("web1"), "running")
        slow.process.wait(12)
        self.assertEqual(slow.close().strip(), "web1")

    def test_docker_kill(self):
        self.start()
        self.host.docker("kill", "web1")
        self.assert_withdrawn()

    def test_rm_force(self):
        self.start()
        self.host.docker("rm", "-f", "web1")
        self.assert_withdrawn()

    def test_network_disconnect(self):
        self.start()
        self.host.docker("network", "disconnect", "web1", "web1")
        self.assert_withdrawn()
        self.assertEqual(self.host.state("web1"), "running")

    def test_the_process_crashes(self):
        self.start()
        pid = self.host.docker("inspect", "--format", "{{.State.Pid}}", "web1")
        self.host.run("kill", "-9", pid)
        self.assert_withdrawn()

    def test_nothing_is_left_behind(self):
        before = self.host.run("ip", "-o", "link").count("\n")
        for _ in range(3):
            self.start()
            self.host.docker("rm", "-f", "web1")
            self.assert_withdrawn()
        wait.until(lambda: self.host.run("ip", "-o", "link").count("\n") == before, 5, "the same number of links as before")
