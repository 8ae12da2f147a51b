"""A machine with Docker and the plugin, controlled with a user's commands."""
import json
import re
import time
from urllib.parse import urlencode

import lab
import wait

NAME = "bgplb:latest"   # docker plugin install --alias; as a driver the name needs its tag
WEB = "bgplb-web:trixie"
GATEWAY = "bgplb_gwbridge"
MODES = tuple(f"com.docker.network.bridge.gateway_mode_ipv{family}" for family in (4, 6))
HEALTH = ("--health-cmd", "curl -f http://localhost/ || exit 1", "--health-interval", "300ms", "--health-timeout", "5s",
          "--health-retries", "1")


class Host(lab.Node):
    def __init__(self, number):
        super().__init__(f"host{number}", f"{lab.NET}.{39 + number}", lab.v6(lab.NET, 39 + number))
        self.number, self.settings, self.reference = number, None, None

    def docker(self, *argv, **options):
        return self.run("docker", *argv, **options).strip()

    def api_text(self, path, **query):
        """The Docker API's answer to a GET; None if the object does not exist. The docker command would need ten times the CPU
        time for each poll."""
        status, body = self.get(path + (f"?{urlencode(query)}" if query else ""), "/var/run/docker.sock", 0, timeout=60)
        if status == 404:
            return None
        if status != 200:
            raise lab.CommandFailed(self.name, ["GET", path], status, body)
        return body

    def api(self, path, **query):
        """The answer of api_text(), parsed as JSON."""
        body = self.api_text(path, **query)
        return json.loads(body) if body else None

    def inspect(self, name):
        return self.api(f"/containers/{name}/json")

    def network(self, name):
        return self.api(f"/networks/{name}")

    def version(self):
        return self.api("/version")["Version"]

    def wait_dockerd(self):
        wait.until(lambda: self.ok("docker", "version"), 60, "dockerd answers", every=0.3)

    def set_live_restore(self, on):
        """For the next start of dockerd, or the next SIGHUP."""
        word = str(on).lower()
        self.sh(r"""sed -i 's/, "live-restore": [a-z]*//; s/ }$/, "live-restore": """ + word + r""" }/' /etc/docker/daemon.json""")

    # -- the plugin

    def default_settings(self):
        return {"ROUTER_ID": self.address, "LOCAL_AS": "65534", "PEER_ADDRESS": f"{lab.NET}.137", "PEER_AS": "64512",
                "SIGUSR2_HANDLER": "true"}

    def install(self, reference):
        settings = self.default_settings()
        self.reference = reference
        self.docker("plugin", "install", "--grant-all-permissions", "--alias", NAME, reference,
                    *[f"{name}={value}" for name, value in settings.items()], timeout=120)
        self.settings = settings

    def configure(self, **changes):
        """Gives the plugin the default settings with these changes, unless it has them already. None unsets a setting."""
        wanted = {**self.default_settings(), **changes}
        if wanted == self.settings and self.plugin_enabled():
            return
        self.docker("plugin", "disable", "-f", NAME, check=False)
        # `docker plugin set` cannot unset a value; the empty value means the default.
        every = {name: "" for name in (self.settings or {})} | {name: value or "" for name, value in wanted.items()}
        self.settings = None
        self.docker("plugin", "set", NAME, *[f"{name}={value}" for name, value in every.items()])
        self.docker("plugin", "enable", NAME)
        self.settings = wanted

    def plugin_enabled(self):
        return bool((self.api(f"/plugins/{NAME}/json") or {}).get("Enabled"))

    def plugin_id(self):
        return self.api(f"/plugins/{NAME}/json")["Id"]

    def plugin_pids(self, name):
        """The pids of the plugin's processes with this program name, in the host's pid namespace."""
        return [int(pid) for pid in self.run("pgrep", "-x", name, check=False).split() if pid.isdigit()]

    def plugin_pid(self, name):
        """The pid of the only such process. Waits, because a forked child has its parent's name until it executes iptables."""
        def single():
            found = self.plugin_pids(name)
            return found if len(found) == 1 else None
        return wait.until(single, 10, f"one process {name}")[0]

    def bgplb(self, *argv, **options):
        """Runs the plugin's program on the host."""
        return self.run(f"/var/lib/docker/plugins/{self.plugin_id()}/rootfs/usr/bin/bgplb", *argv, **options)

    def status(self):
        return json.loads(self.bgplb("status", "--json"))

    # -- networks

    def create_gateway(self, name=GATEWAY, *more, label=True, subnet=None, subnet6=None, bridge=None, mode="routed"):
        """Creates a gateway network. Docker 28 needs `mode` to accept replies; Docker before 27 must ignore it."""
        third = self.number - 1
        subnet = subnet or f"172.23.{third}"
        subnet6 = subnet6 or ("2001:db8:" if not third else f"2001:db8:0:f{third}:")
        self.docker("network", "create", "--driver", "bridge", "--subnet", f"{subnet}.0/24", "--gateway", f"{subnet}.1",
                    "--ipv6", "--subnet", f"{subnet6}:0/64", "--gateway", f"{subnet6}:1",
                    "-o", f"com.docker.network.bridge.name={bridge or name}",
                    "-o", "com.docker.network.bridge.enable_icc=false",
                    "-o", "com.docker.network.bridge.enable_ip_masquerade=false",
                    *[part for option in MODES if mode for part in ("-o", f"{option}={mode}")],
                    *(("--label", "bgplb_advertise=true") if label else ()), *more, name)
        return f"{subnet}.0/24", f"{subnet6}:/64"

    def ensure_gateway(self):
        if not self.network(GATEWAY):
            self.create_gateway()

    def create_vip(self, name, v4, v6=None, *more):
        family6 = ("--ipv6", "--ipam-opt", f"v6subnet={v6}/128") if v6 else ()
        return self.docker("network", "create", "--driver", NAME, "--ipam-driver", NAME, "--subnet", f"{v4}/32", *family6,
                           *more, name)

    def bridge(self, network):
        return "bgplb-" + self.network(network)["Id"][:9]

    def host_routes(self, address):
        """The host's routes to exactly this VIP."""
        family, length = ("-6", 128) if ":" in address else ("-4", 32)
        return self.run("ip", family, "route", "show", "exact", f"{address}/{length}", check=False).strip()

    # -- containers

    def web(self, name, *networks, health=True, command=(), more=()):
        """Starts a web server on the gateway network and these networks, with one `docker run` if this Docker supports it."""
        options = [*(HEALTH if health else ("--no-healthcheck",)), "-e", f"NAME={name}", *more]
        networks = [GATEWAY, *networks]
        if self.at_least(25):
            return self.docker("run", "-d", "--name", name, *[f"--network={net}" for net in networks], *options, WEB, *command)
        self.docker("create", "--name", name, f"--network={networks[0]}", *options, WEB, *command)
        for network in networks[1:]:
            self.docker("network", "connect", network, name)
        return self.docker("start", name)

    def at_least(self, version):
        """True if the host has this Docker version or a newer one."""
        if not hasattr(self, "major"):
            self.major = int(self.version().split(".")[0])
        return self.major >= version

    def sick(self, name, sick=True):
        self.docker("exec", name, *(("touch",) if sick else ("rm", "-f")), "/tmp/unhealthy")

    def connections(self, name):
        """The established connections to port 80 of the container, without those of its own health check."""
        table = self.docker("exec", name, "cat", "/proc/net/tcp6")
        lines = [line.split() for line in table.splitlines()[1:]]
        return [line for line in lines if line[1].endswith(":0050") and line[3] == "01" and line[1][:32] != line[2][:32]]

    def container_state(self, name):
        """Empty if the container does not exist, or while dockerd does not answer."""
        try:
            return (self.inspect(name) or {}).get("State", {})
        except lab.CommandFailed:
            return {}

    def state(self, name):
        return self.container_state(name).get("Status", "")

    def health(self, name):
        return self.container_state(name).get("Health", {}).get("Status", "")

    def wait_health(self, name, health, timeout=20):
        wait.until(lambda: self.health(name) == health, timeout, f"{name} {health}")

    def wait_state(self, name, state, timeout=20):
        wait.until(lambda: self.state(name) == state, timeout, f"{name} {state}")

    def events(self, since, **filters):
        """Docker's events from the time `since` until now, with "time" in seconds as a float."""
        chosen = json.dumps({key: [value] for key, value in filters.items()})
        text = self.api_text("/events", since=f"{since:.9f}", until=f"{time.time():.9f}", filters=chosen)
        found = [json.loads(line) for line in text.splitlines()]
        return [{**event, "time": event["timeNano"] / 1e9} for event in found]

    def event_time(self, since, action, name, signal=None, timeout=15):
        """The time of Docker's event about the container."""
        def matching():
            return [event["time"] for event in self.events(since, type="container", container=name)
                    if event["Action"].startswith(action)
                    and signal in (None, event["Actor"]["Attributes"].get("signal"))]
        return wait.until(matching, timeout, f"event {action} {signal or ''} of {name}")[0]

    # -- cleaning up

    def leftovers(self):
        containers = [container["Id"] for container in self.api("/containers/json", all=1)]
        networks = [network["Name"] for network in self.api("/networks")]
        return containers, [name for name in networks
                            if name not in ("bridge", "host", "none", "docker_gwbridge", GATEWAY)]

    def clean(self):
        containers, networks = self.leftovers()
        if containers:
            self.docker("rm", "-fv", *containers, timeout=90)
        if networks:
            self.docker("network", "rm", *networks, timeout=90)

    def own_links(self):
        """Bridges and veth pairs of the plugin."""
        return re.findall(r"(?m)^\d+: ((?:bgplb-|bg[lc][0-9a-f]{12})[^:]*): ", self.run("ip", "-o", "link"))

    def has_firewall_rules(self):
        """The plugin's rules, of both families."""
        return [line for tool in ("iptables-save", "ip6tables-save") for line in self.run(tool, check=False).splitlines()
                if re.search(r"bgplb-|BGPLB", line) and line.startswith("-A")]
