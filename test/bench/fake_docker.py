"""A model of dockerd: the Docker API on a unix socket, and the plugin calls with which dockerd creates networks and containers.

It answers only the requests of the controller, in the form of Docker 26.1 (test/contract/engine). A container has no process, and
its end of the veth pair is moved into a namespace that all containers share.
"""
import http.server
import json
import socketserver
import statistics
import threading
import time

from unix_http import UnixConnection

DRIVER = "bgplb"
GATEWAY_ID = "f" * 64


class Container:
    """The only container on a separate VIP network."""

    def __init__(self, number, v4, v6=None):
        self.number, self.v4, self.v6, self.health = number, v4, v6, "starting"
        self.network, self.id = f"{number:09x}" + "a" * 55, f"{number:012x}" + "c" * 52
        self.endpoint, self.name = f"{number:012x}" + "e" * 52, f"web{number}"
        self.mac = "02:42:%02x:%02x:%02x:%02x" % tuple(number.to_bytes(4, "big"))
        self.prefixes = [f"{v4}/32"] + ([f"{v6}/128"] if v6 else [])
        self.started = False

    def listed(self):
        networks = {self.name: {"NetworkID": self.network, "EndpointID": self.endpoint, "MacAddress": self.mac},
                    "gateway": {"NetworkID": GATEWAY_ID, "EndpointID": "9" * 64, "MacAddress": ""}}
        return {"Id": self.id, "Names": [f"/{self.name}"], "State": "running", "NetworkSettings": {"Networks": networks}}

    def inspected(self):
        return {"Id": self.id, "Name": f"/{self.name}", "NetworkSettings": self.listed()["NetworkSettings"],
                "State": {"Status": "running", "Running": True, "Paused": False, "Restarting": False,
                          "StartedAt": "2026-11-22T20:00:00.000000000Z", "Health": {"Status": self.health}},
                "Config": {"Image": "web:1", "StopSignal": "SIGTERM", "StopTimeout": 10}}

    def network_listed(self):
        pools = [{"Subnet": prefix} for prefix in self.prefixes]
        return {"Name": self.name, "Id": self.network, "Scope": "local", "Driver": DRIVER, "Labels": {}, "Options": {},
                "IPAM": {"Driver": DRIVER, "Options": {}, "Config": pools}}


class FakeDocker:
    driver = DRIVER

    def __init__(self, folder, move):
        """`move` moves the container's end of a veth pair into the container's namespace, as dockerd does after Join."""
        self.socket, self.plugin_socket, self.move = f"{folder}/docker.sock", f"{folder}/plugin.sock", move
        self.plugin = UnixConnection(self.plugin_socket)
        self.containers, self.networks = {}, {}   # by their ids
        self.streams, self.asked, self.calls = [], set(), {}
        self.changed = threading.Condition()
        self.server = Server(self.socket, Handler)
        self.server.docker = self
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.plugin.close()

    # -- the Docker API

    def answer(self, path):
        """The value for GET `path` without its version, or None."""
        words = path.split("?")[0].strip("/").split("/")
        if words == ["networks"]:
            gateway = {"Name": "gateway", "Id": GATEWAY_ID, "Driver": "bridge", "Labels": {"bgplb_advertise": "true"},
                       "Options": {}, "IPAM": {"Config": [{"Subnet": "172.23.0.0/16"}]}}
            return [gateway, *(container.network_listed() for container in list(self.networks.values()))]
        if words[0] == "networks" and words[1] in self.networks:
            return self.networks[words[1]].network_listed()
        if words == ["containers", "json"]:
            return [container.listed() for container in list(self.containers.values()) if container.started]
        if words[0] == "containers" and words[1] in self.containers:
            container = self.containers[words[1]]
            with self.changed:
                self.asked.add(container.id)
                self.changed.notify_all()
            return container.inspected()
        return None

    def event(self, kind, action, actor, **attributes):
        now = time.time_ns()
        return {"Type": kind, "Action": action, "Actor": {"ID": actor, "Attributes": attributes}, "scope": "local",
                "time": now // 10**9, "timeNano": now}

    def tell(self, events):
        """Sends all events in one write; returns the time at which the write began."""
        lines = [json.dumps(event, separators=(",", ":")).encode() + b"\n" for event in events]
        data = b"".join(b"%x\r\n%s\r\n" % (len(line), line) for line in lines)
        began = time.time_ns()
        for stream in self.streams:
            stream.sendall(data)
        return began

    def becomes(self, containers, health):
        """Sends the health events; returns the time of each, in ns."""
        for container in containers:
            container.health = health
        began = self.tell([self.event("container", f"health_status: {health}", container.id, image="web:1", name=container.name)
                           for container in containers])
        return [began] * len(containers)

    def wait_for_controller(self):
        self.wait(lambda: self.streams, 10, "the controller follows the events")

    def wait(self, condition, timeout, what):
        with self.changed:
            if not self.changed.wait_for(condition, timeout):
                raise TimeoutError(f"not within {timeout} s: {what}")

    # -- the actions of dockerd

    def call(self, name, body):
        began = time.perf_counter()
        self.plugin.request("POST", f"/{name}", json.dumps(body), {"Accept": "application/vnd.docker.plugins.v1.2+json"})
        response = self.plugin.getresponse()
        answer = json.loads(response.read())
        self.calls.setdefault(name, []).append((time.perf_counter() - began) * 1000)
        if response.status != 200:
            raise RuntimeError(f"{name}: {response.status} {answer}")
        return answer

    def set_up_figures(self):
        return {f"{name} ms": statistics.median(self.calls[f"NetworkDriver.{name}"]) for name in ("CreateNetwork", "Join")}

    def create_network(self, container):
        pools = [{"AddressSpace": "bgplb", "Pool": prefix, "Gateway": prefix} for prefix in container.prefixes]
        self.call("NetworkDriver.CreateNetwork", {
            "NetworkID": container.network, "Options": {"com.docker.network.generic": {}}, "IPv4Data": pools[:1],
            "IPv6Data": pools[1:]})
        self.networks[container.network] = container
        self.tell([self.event("network", "create", container.network, name=container.name, type=DRIVER)])

    def start(self, container):
        ids = {"NetworkID": container.network, "EndpointID": container.endpoint}
        self.containers[container.id] = container
        self.call("NetworkDriver.CreateEndpoint", {**ids, "Options": {}, "Interface": {
            "Address": container.prefixes[0], "AddressIPv6": (container.prefixes + [""])[1], "MacAddress": container.mac}})
        joined = self.call("NetworkDriver.Join", {**ids, "SandboxKey": "/run/docker/netns/none", "Options": {}})
        self.move(joined["InterfaceName"]["SrcName"])
        container.started = True
        attributes = {"container": container.id, "name": container.name, "type": DRIVER}
        self.tell([self.event("network", "connect", container.network, **attributes),
                   self.event("container", "start", container.id, image="web:1", name=container.name)])
        self.wait(lambda: container.id in self.asked, 30, f"an inspection of {container.name}")


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads, request_queue_size = True, 4096


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        docker = self.server.docker
        path = self.path.split("/", 2)[2] if self.path.startswith("/v1.") else self.path
        path = f"/{path.lstrip('/')}"
        if path.startswith("/_ping"):
            return self.reply(200, b"OK")
        if path.startswith("/events"):
            return self.follow(docker)
        value = docker.answer(path)
        return self.reply(404 if value is None else 200, json.dumps(value).encode())

    def reply(self, status, body):
        self.send_response(status)
        self.send_header("Api-Version", "1.45")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def follow(self, docker):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        docker.streams.append(self.connection)
        with docker.changed:
            docker.changed.notify_all()
        self.rfile.read(1)   # returns at the end of the connection
        docker.streams.remove(self.connection)
        self.close_connection = True

    def address_string(self):
        return "controller"

    def log_message(self, *_):
        pass
