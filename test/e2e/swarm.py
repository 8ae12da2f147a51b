"""A Swarm of the lab's hosts, all of them managers, and the user's commands to run services on it."""
import json
from concurrent.futures import ThreadPoolExecutor

import lab
import pages
import wait
from host import MODES, NAME, WEB, Host

GATEWAY = "docker_gwbridge"
PORT = 2377
# Swarm replaces an unhealthy task, so a task that starts slowly needs many retries.
HEALTH = ("--health-cmd", "curl -f http://localhost/ || exit 1", "--health-interval", "300ms", "--health-timeout", "2s",
          "--health-retries", "20")


def suite_of(host):
    """The Debian suite of the host's image; another host with the same Docker needs the same suite."""
    return lab.run(["docker", "inspect", "--format", "{{.Config.Image}}", host.container]).strip().rsplit(":", 1)[1]


def on_all(hosts, function):
    """Calls the function for all hosts at once; raises the first exception, if any."""
    with ThreadPoolExecutor(len(hosts)) as pool:
        return list(pool.map(function, hosts))


def gateway_subnets(host):
    return f"172.24.{host.number}.0/24", f"2001:db8:0:e{host.number}::/64"


class Swarm:
    def __init__(self, hosts):
        self.hosts = hosts

    # -- the cluster

    def form(self):
        """Creates docker_gwbridge with the label on every host before the host joins, then forms the swarm."""
        on_all(self.hosts, self.create_gateway)
        first, *others = self.hosts
        first.docker("swarm", "init", "--advertise-addr", first.address)
        token = first.docker("swarm", "join-token", "--quiet", "manager")
        for host in others:   # one after the other, because each join changes the quorum
            host.docker("swarm", "join", "--advertise-addr", host.address, "--token", token, f"{first.address}:{PORT}")
        wait.until(lambda: len(self.nodes()) == len(self.hosts), 20, "all nodes are ready")

    @staticmethod
    def create_gateway(host):
        host.docker("network", "rm", GATEWAY, check=False)
        create = pages.command("docs/swarm.md", "gateway-network")
        own = [word.replace("172.24.1.", f"172.24.{host.number}.").replace(":e1:", f":e{host.number}:") for word in create]
        host.run(*own[:-1], *[f"--opt={mode}=routed" for mode in MODES], own[-1])

    def leave(self):
        def go(host):
            host.docker("swarm", "leave", "--force", check=False)
            host.clean()
            wait.until(lambda: host.ok("docker", "network", "rm", GATEWAY), 20, f"{GATEWAY} removed on {host}", every=0.3)
        on_all(self.hosts, go)

    def nodes(self):
        """The ready nodes by name, with their manager status: Leader, Reachable or none."""
        lines = self.manager().docker("node", "ls", "--format", "{{.Hostname}} {{.Status}} {{.ManagerStatus}}").splitlines()
        return {line.split()[0]: line.split()[2:] for line in lines if line.split()[1] == "Ready"}

    def manager(self):
        """A host whose dockerd answers as a manager."""
        def answering():
            return next((host for host in self.hosts if host.ok("docker", "node", "ls")), None)
        return wait.until(answering, 20, "a manager answers", every=0.3)

    def leader(self):
        name, = [name for name, what in self.nodes().items() if "Leader" in what]
        return next(host for host in self.hosts if host.name == name)

    # -- networks and services

    def create_vip(self, name, v4, v6=None, *more):
        return self.manager().create_vip(name, v4, v6, *more)

    def create_service(self, name, network, *options, mode="dnsrr"):
        """Creates a web service that answers with "node/task". The image is given by its id, because it is in no registry."""
        manager = self.manager()
        image = manager.docker("image", "inspect", "--format", "{{.Id}}", WEB)
        manager.docker("service", "create", "--detach", "--no-resolve-image", "--name", name, "--network", network,
                       "--endpoint-mode", mode, "--env", "NAME={{.Node.Hostname}}/{{.Task.ID}}", *HEALTH,
                       "--restart-delay", "0s", *options, image, timeout=60)

    def run_documented(self):
        """Creates the network and the service of docs/swarm.md, with this lab's image and quick health checks."""
        manager = self.manager()
        network, service = pages.commands("docs/swarm.md", "service")
        manager.run(*network)
        image = manager.docker("image", "inspect", "--format", "{{.Id}}", WEB)
        assert service[-1] == "IMAGE", service
        manager.run(*service[:-1], "--detach", "--no-resolve-image", "--env", "NAME={{.Node.Hostname}}/{{.Task.ID}}", *HEALTH[2:],
                    "--restart-delay", "0s", image, timeout=60)

    def tasks(self, service, state="running"):
        """The tasks whose desired state and current state are both `state`: {task id: host's name}."""
        lines = self.manager().docker("service", "ps", "--no-trunc", "--filter", f"desired-state={state}", "--format",
                                      "{{.ID}} {{.Node}} {{.CurrentState}}", service).splitlines()
        return {line.split()[0]: line.split()[1] for line in lines if line.split()[2].lower() == state}

    def wait_tasks(self, service, count, timeout=20):
        wait.until(lambda: len(self.tasks(service)) == count, timeout, f"{count} tasks of {service} run", every=0.2)
        return self.tasks(service)

    def remove_all(self):
        manager = self.manager()
        services = manager.docker("service", "ls", "--quiet").split()
        if services:
            manager.docker("service", "rm", *services)
        def gone(host):
            wait.until_none(lambda: host.docker("ps", "--quiet"), 40, f"tasks on {host}", every=0.3)
        on_all(self.hosts, gone)
        ours = [line.split()[0] for line in manager.docker("network", "ls", "--format", "{{.Name}} {{.Driver}}").splitlines()
                if line.split()[1] == NAME]
        if ours:
            manager.docker("network", "rm", *ours)


__all__ = ["GATEWAY", "Host", "Swarm", "gateway_subnets", "json", "on_all", "suite_of"]
