"""A separate real dockerd in a network namespace, with containers that become healthy on request.

It runs in a pid namespace, so no process outlives it. A container's health check waits until a FIFO is closed, so any number of
containers can wait without using CPU time, and their checks end at the same moment.
"""
import errno
import json
import os
import statistics
import subprocess
import threading
import time
from pathlib import Path

from unix_http import UnixConnection

ROOT = Path(__file__).resolve().parents[2]
CGROUP = "bgplb-scale"
IMAGE = "bgplb-scale:latest"
DRIVER = "bgplb-scale"
MOST = 1000   # a bridge has 1,024 ports, and all containers are on docker_gwbridge
HOUR = 3600 * 10**9   # in the API's nanoseconds


class RealDocker:
    plugin_socket, driver = f"/run/docker/plugins/{DRIVER}.sock", DRIVER   # dockerd looks for plugins nowhere else

    def __init__(self, folder, namespace):
        self.folder, self.socket = folder, f"{folder}/docker.sock"
        self.gates = Path(folder, "gates")
        self.gates.mkdir()
        self.took, self.healthy, self.changed = {}, {}, threading.Condition()   # healthy: container id -> ns
        os.makedirs(os.path.dirname(self.plugin_socket), exist_ok=True)
        with open(f"{folder}/dockerd.log", "w") as log:
            # Not with `ip netns exec`, which would hide the cgroups.
            self.process = subprocess.Popen(
                ["nsenter", f"--net=/run/netns/{namespace}", "unshare", "--pid", "--fork", "--kill-child", "--mount-proc",
                 "dockerd", "--data-root", f"{folder}/docker", "--exec-root", f"{folder}/exec", "--pidfile", f"{folder}/docker.pid",
                 "--host", f"unix://{self.socket}", "--bridge", "none", "--cgroup-parent", f"/{CGROUP}"], stdout=log, stderr=log)
        self.api = UnixConnection(self.socket)
        self.wait(lambda: os.path.exists(self.socket) and self.answers(), 60, "dockerd answers")
        self.make_image()
        threading.Thread(target=self.follow, daemon=True).start()

    def close(self):
        self.process.kill()   # unshare; --kill-child kills the namespace's first process, and with it all others
        self.process.wait()
        self.wait(self.cgroups_removed, 30, "the containers' cgroups are empty")   # the last processes are still ending

    @staticmethod
    def cgroups_removed():
        of_ours = ["find", "/sys/fs/cgroup", "-depth", "-type", "d", "-path", f"*/{CGROUP}*"]
        subprocess.run([*of_ours, "-exec", "rmdir", "{}", "+"], stderr=subprocess.DEVNULL)
        return not subprocess.run(of_ours, stdout=subprocess.PIPE).stdout

    # -- the API

    def call(self, method, path, body=None, raw=None):
        headers = {"Content-Type": "application/json" if raw is None else "application/x-tar"}
        self.api.request(method, path, json.dumps(body) if raw is None else raw, headers)
        response = self.api.getresponse()
        answer = response.read()
        if response.status >= 300:
            raise RuntimeError(f"{method} {path}: {response.status} {answer.decode().strip()}")
        return json.loads(answer) if answer.startswith(b"{") and raw is None else None

    def answers(self):
        try:
            self.call("GET", "/version")
            return True
        except OSError:
            self.api.close()
            return False

    def make_image(self):
        """Creates the image, with the programs of a container and its health check: `sleep` and `cat`, with their libraries."""
        subprocess.run([ROOT / "docker/gather", f"{self.folder}/image", "/usr/bin/sleep", "/usr/bin/cat"], check=True)
        files = subprocess.run(["tar", "-C", f"{self.folder}/image", "-c", "."], check=True, stdout=subprocess.PIPE).stdout
        name, tag = IMAGE.split(":")
        self.call("POST", f"/images/create?fromSrc=-&repo={name}&tag={tag}", raw=files)

    def follow(self):
        stream = UnixConnection(self.socket)
        stream.request("GET", "/events?filters=" + json.dumps({"event": ["health_status"]}, separators=(",", ":")))
        for line in stream.getresponse():
            event = json.loads(line)
            if event["Action"] == "health_status: healthy":
                with self.changed:
                    self.healthy[event["Actor"]["ID"]] = event["timeNano"]
                    self.changed.notify_all()

    def wait(self, condition, timeout, what):
        deadline = time.monotonic() + timeout
        while not condition():
            if time.monotonic() > deadline:
                log = Path(self.folder, "dockerd.log").read_text().splitlines()[-5:]
                raise TimeoutError("\n".join([f"not within {timeout} s: {what}", *log]))
            time.sleep(0.01)

    # -- the interface of fake_docker.FakeDocker

    def wait_for_controller(self):
        pass   # dockerd connects to the plugin when the first network is created

    def timed(self, name, *call):
        began = time.perf_counter()
        answer = self.call(*call)
        self.took.setdefault(name, []).append((time.perf_counter() - began) * 1000)
        return answer

    def create_network(self, container):
        v4, *v6 = container.prefixes
        options = {"v6subnet": v6[0]} if v6 else {}
        self.timed("network create", "POST", "/networks/create", {
            "Name": container.name, "Driver": DRIVER, "EnableIPv6": bool(v6),
            "IPAM": {"Driver": DRIVER, "Config": [{"Subnet": v4}], "Options": options}})

    def start(self, container):
        os.mkfifo(self.gates / container.name)
        check = {"Test": ["CMD", "/usr/bin/cat", f"/gates/{container.name}"], "Interval": 10**9, "Timeout": HOUR, "Retries": 1}
        container.id = self.timed("container create", "POST", f"/containers/create?name={container.name}", {
            "Image": IMAGE, "Cmd": ["/usr/bin/sleep", "infinity"], "Healthcheck": check,
            "HostConfig": {"NetworkMode": container.name, "Binds": [f"{self.gates}:/gates:ro"]}})["Id"]
        self.timed("container start", "POST", f"/containers/{container.id}/start")

    def becomes(self, containers, health):
        """Lets the health checks end; returns the time of each health event, in ns."""
        assert health == "healthy"
        for container in containers:
            self.wait(lambda: self.let_through(container), 60, f"the health check of {container.name} runs")
        self.wait(lambda: all(container.id in self.healthy for container in containers), 600, "all are healthy")
        return [self.healthy[container.id] for container in containers]

    def let_through(self, container):
        """Ends the container's health check if it is waiting at the FIFO. False if it is not."""
        try:
            os.close(os.open(self.gates / container.name, os.O_WRONLY | os.O_NONBLOCK))
            return True
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
            return False

    def set_up_figures(self):
        return {f"{name} ms": statistics.median(values) for name, values in self.took.items()}
