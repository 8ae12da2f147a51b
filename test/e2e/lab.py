"""The lab's machines: runs commands on them and reads their output. docker/lab/lab creates the machines."""
import functools
import os
import subprocess
import threading
import time
from pathlib import Path

import control
import wait

ROOT = Path(__file__).resolve().parents[2]
PREFIX = os.environ.get("LAB_PREFIX", "bgplb-lab")
NET = os.environ.get("LAB_NET", "192.168.8")
CLIENT_NET = os.environ.get("LAB_CLIENT_NET", "192.168.9")
REGISTRY = f"{NET}.200:5000"


def v6(net, last):
    return f"fd00:{net.replace('.', ':')}::{last}"


class CommandFailed(AssertionError):
    def __init__(self, where, argv, status, output):
        super().__init__(f"on {where}: {' '.join(map(str, argv))}\n-> exit status {status}\n{output.strip()}")
        self.output, self.status = output, status


def run(argv, where="this machine", input=None, check=True, timeout=60):
    """Runs a command on this machine; returns standard output, with check=False standard error as well, for any exit status."""
    done = subprocess.run([str(arg) for arg in argv], input=input, text=True, timeout=timeout,
                          stdin=None if input is not None else subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE if check else subprocess.STDOUT, errors="replace")
    if check and done.returncode:
        raise CommandFailed(where, argv, done.returncode, done.stdout + done.stderr)
    return done.stdout


def lab(*argv, timeout=600):
    return run([ROOT / "docker/lab/lab", *argv], timeout=timeout)


def add_host(number, suite):
    """Adds a host of another Debian suite, with another Docker, to the lab."""
    script = f"""set -euo pipefail; cd docker/lab; lab_dir=$PWD
        for part in ../lib/common.sh ../lib/engine.sh ../lib/base-image.sh ./topology.sh; do . $part; done
        ensure_engine; ensure_base_image {suite}; build_image host {suite}; start_host {number} {suite}"""
    run(["bash", "-c", f"cd {ROOT}; {script}"], timeout=900)
    wait.until(lambda: Node(f"host{number}").ok("docker", "version"), 90, f"dockerd on host{number}")


def ends_with_input(*argv):
    """Wraps a command so that it ends when its standard input is closed."""
    script = 'exec 3<&0; "$@" 3<&- & pid=$!; { cat <&3 >/dev/null; kill $pid 2>/dev/null; } & wait $pid'
    return ["sh", "-c", script, "sh", *argv]


class Stream:
    """A running command; its output lines are stored with their time of arrival."""

    def __init__(self, argv):
        self.process = subprocess.Popen([str(arg) for arg in argv], text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace")
        self.kept, self.lock = [], threading.Lock()
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            with self.lock:
                self.kept.append((time.time(), line.rstrip("\n")))

    def lines(self):
        with self.lock:
            return list(self.kept)

    def text(self):
        return "\n".join(line for _, line in self.lines())

    def close(self, timeout=10):
        """Closes the input of the command, which ends the command; returns the whole output."""
        self.process.stdin.close()
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.reader.join(timeout)
        self.process.stdout.close()
        return self.text()


@functools.cache
def control_of(container):
    return control.Control(container)


class Node:
    """A machine. Single commands use its control connection; `stream` uses a separate `docker exec`."""

    def __init__(self, name, address=None, address6=None):
        self.name, self.container = name, f"{PREFIX}-{name}"
        self.address, self.address6 = address, address6

    def __repr__(self):
        return self.name

    def exec_argv(self, *argv):
        return ["docker", "exec", "-i", self.container, *argv]

    def execute(self, *argv, input=None, timeout=60, merge=False):
        """Returns exit status, standard output and standard error; `merge` adds standard error to standard output."""
        answer = control_of(self.container).request("execute", timeout, argv=[str(arg) for arg in argv], input=input, merge=merge)
        return answer["status"], answer["out"], answer["err"]

    def run(self, *argv, input=None, check=True, timeout=60):
        """Returns standard output; with check=False standard error as well, for any exit status."""
        status, out, err = self.execute(*argv, input=input, timeout=timeout, merge=not check)
        if check and status:
            raise CommandFailed(self.name, argv, status, out + err)
        return out

    def get(self, path, host, port=80, timeout=2):
        """Status and body of an HTTP GET from this machine; status 0: no answer. Port 0: `host` is a unix socket."""
        answer = control_of(self.container).request("get", timeout, host=host, port=port, path=path)
        return answer["status"], answer["out"]

    def sh(self, script, **options):
        return self.run("sh", "-ec", script, **options)

    def ok(self, *argv):
        try:
            return self.execute(*argv)[0] == 0
        except control.Lost:
            return False

    def python(self, script, *argv, **options):
        """Runs a Python file of this folder on the machine."""
        return self.run("python3", "-", *argv, input=(Path(__file__).parent / script).read_text(), **options)

    def stream(self, *argv):
        """Starts a command that ends by itself or when the stream is closed; `docker exec` alone would leave it running."""
        return Stream(self.exec_argv(*ends_with_input(*argv)))

    def log(self, lines=60):
        """The last lines of the machine's main program (dockerd on a host)."""
        return run(["docker", "logs", "--tail", lines, self.container], check=False)

    def log_since(self, moment):
        return run(["docker", "logs", "--since", f"{moment:.6f}", self.container], check=False)
