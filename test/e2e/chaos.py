"""Several clients create, restart and remove networks and containers at once in random order, with faults in between. At the end
Docker, the kernel, BIRD and the router must agree, and nothing may have leaked."""
import json
import random
import re
import threading
import time

import lab
import wait
from host import GATEWAY, NAME, WEB

FAULTS = ("controller", "bird", "route", "firewall", "engine-pause")


class Client(threading.Thread):
    """Owns some VIPs, and repeats a random action with a random one of them. Docker may refuse an action because of a fault."""

    def __init__(self, host, numbers, rounds, seed):
        super().__init__(daemon=True)
        self.host, self.numbers, self.rounds, self.random = host, list(numbers), rounds, random.Random(seed)
        self.made, self.refused, self.log = set(), 0, []

    def run(self):
        for _ in range(self.rounds):
            self.step(self.random.choice(self.numbers))

    def try_docker(self, *argv):
        began = time.time()
        try:
            self.host.docker(*argv, timeout=120)
            return True
        except lab.CommandFailed as error:
            self.refused += 1
            self.log.append((began, " ".join(argv[:2]), error.output.strip().splitlines()[-1][:200]))
            return False

    def step(self, number):
        name = f"chaos{number}"
        if number not in self.made:
            if self.make(number, name):
                self.made.add(number)
            return
        action = self.random.choice(("restart", "kill", "stop", "drain", "pause", "remove", "disconnect"))
        if action == "restart":
            self.try_docker("restart", "-t", "0", name)
        elif action == "kill":
            self.try_docker("kill", name) and self.try_docker("start", name)
        elif action == "stop":
            self.try_docker("stop", "-t", "1", name) and self.try_docker("start", name)
        elif action == "drain":
            self.try_docker("kill", "-s", "USR2", name) and self.try_docker("restart", "-t", "0", name)
        elif action == "pause":
            self.try_docker("pause", name) and self.try_docker("unpause", name)
        elif action == "disconnect":
            self.try_docker("network", "disconnect", "-f", name, name) and self.try_docker("network", "connect", name, name)
        else:
            self.remove(number, name)

    def make(self, number, name):
        v4, v6 = addresses(number)
        if not self.try_docker("network", "create", "--driver", NAME, "--ipam-driver", NAME, "--subnet", f"{v4}/32", "--ipv6",
                               "--ipam-opt", f"v6subnet={v6}/128", name):
            return False
        if self.try_docker("run", "-d", "--name", name, "--network", GATEWAY, "--network", name, "--no-healthcheck", WEB):
            return True
        self.remove(number, name)
        return False

    def remove(self, number, name):
        self.host.docker("rm", "-f", name, check=False, timeout=120)
        self.made.discard(number)
        self.try_docker("network", "rm", name)


def addresses(number):
    return f"10.0.{20 + number // 200}.{number % 200 + 1}", f"2001:db8:0:20::{number + 1:x}"


class Chaos:
    def __init__(self, host, router, networks, clients, rounds, seed, faults=FAULTS, every=1.5):
        self.host, self.router, self.faults, self.every = host, router, faults, every
        self.random = random.Random(seed)
        share = [range(start, networks, clients) for start in range(clients)]
        self.clients = [Client(host, numbers, rounds, seed * 1000 + n) for n, numbers in enumerate(share)]
        self.injected = []

    def run(self):
        for client in self.clients:
            client.start()
        while any(client.is_alive() for client in self.clients):
            time.sleep(self.every)   # the interval between faults
            if self.faults:
                self.inject(self.random.choice(self.faults))
        for client in self.clients:
            client.join()

    def inject(self, fault):
        self.injected.append(fault)
        if fault in ("controller", "bird"):
            for pid in self.host.plugin_pids("bgplb" if fault == "controller" else "bird"):
                self.host.run("kill", "-9", str(pid), check=False)
        elif fault == "route":
            self.host.sh("ip route flush proto 178; ip -6 route flush proto 178", check=False)
        elif fault == "firewall":
            self.host.sh("iptables -D FORWARD -j BGPLB-FORWARD; iptables -F BGPLB-FORWARD; ip6tables -D FORWARD -j BGPLB-FORWARD", check=False)
        elif fault == "engine-pause":
            pid = self.host.run("kept", "pid").strip()
            self.host.run("kill", "-STOP", pid)
            time.sleep(0.7)
            self.host.run("kill", "-CONT", pid)

    @property
    def refused(self):
        return sum(client.refused for client in self.clients)

    # -- the conditions at the end

    def wanted(self):
        """The desired state according to Docker: the VIPs with a running container, and the bridges of all our networks."""
        networks = json.loads(self.host.docker("network", "inspect", *self.network_ids()) if self.network_ids() else "[]")
        vips, bridges = set(), set()
        for network in networks:
            bridges.add("bgplb-" + network["Id"][:9])
            running = any(self.host.state(member["Name"]) == "running" for member in network["Containers"].values())
            if running:
                vips.update(self.vips_of(network))
        return vips, bridges

    def network_ids(self):
        return self.host.docker("network", "ls", "-q", "--no-trunc", "--filter", f"driver={NAME}").split()

    @staticmethod
    def vips_of(network):
        for config in network["IPAM"]["Config"] or []:
            yield config["Subnet"]
        if v6 := (network["IPAM"]["Options"] or {}).get("v6subnet"):
            if not any(":" in config["Subnet"] for config in network["IPAM"]["Config"]):
                yield v6

    def seen(self):
        """The observed state: VIPs in the kernel's routes, BIRD's exports and the router's table; our bridges and veths."""
        kernel, pinned = set(), set()
        for family, length in (("-4", "32"), ("-6", "128")):
            for line in self.host.run("ip", "-o", family, "route", "show", "table", "all", "proto", "178").splitlines():
                (pinned if " table 178" in line else kernel).add(f"{line.split()[0]}/{length}")
        status = self.host.status()
        host_prefixes = lambda found: {prefix for prefix in found if prefix.endswith(("/32", "/128"))}
        bird = host_prefixes(prefix for peer in status["peers"] for prefix in peer["exported"])
        router = host_prefixes(route.prefix for route in self.router.routes() if self.host.address == route.next_hop
                               or self.host.address6 == route.next_hop)
        links = {line.split()[1].rstrip(":").split("@")[0] for line in self.host.run("ip", "-o", "link", "show").splitlines()}
        return {"kernel": kernel, "pinned": pinned, "bird": bird, "router": router, "bridges": {l for l in links if re.match(r"bgplb-[0-9a-f]{9}$", l)},
                "veths": {l for l in links if re.match(r"bg[lc][0-9a-f]{12}$", l)}}

    def disagreement(self):
        vips, bridges = self.wanted()
        try:
            seen = self.seen()
        except lab.CommandFailed as failed:   # the next controller does not answer yet
            return failed.output
        found = {name: (sorted(seen[name] - vips), sorted(vips - seen[name])) for name in ("kernel", "pinned", "bird", "router")
                 if seen[name] != vips}
        if seen["bridges"] != bridges:
            found["bridges"] = (sorted(seen["bridges"] - bridges), sorted(bridges - seen["bridges"]))
        endpoints = len(vips) // 2
        if len(seen["veths"]) != endpoints:
            found["veths"] = (sorted(seen["veths"]), endpoints)
        return found

    def settle(self, timeout=30):
        wait.until_none(self.disagreement, timeout, "disagreement of Docker, the kernel, BIRD and the router", every=0.5)

    def remove_all(self):
        for client in self.clients:
            for number in sorted(client.made):
                self.host.docker("rm", "-f", f"chaos{number}", check=False, timeout=120)
        for identity in self.network_ids():
            self.host.docker("network", "rm", identity, check=False)


def usage(host):
    """Resident KiB and open descriptors of the controller and BIRD."""
    found = {}
    for name in ("bgplb", "bird"):
        pid = host.plugin_pid(name)
        status = host.run("cat", f"/proc/{pid}/status")
        found[name] = (int(re.search(r"VmRSS:\s+(\d+)", status)[1]), len(host.run("ls", f"/proc/{pid}/fd").split()))
    return found
