"""Requests of a client behind the router: single ones, held connections, and continuous load."""
import re
import uuid
from urllib.parse import urlsplit

import wait


def url(address, path="/"):
    return f"http://{f'[{address}]' if ':' in address else address}{path}"


def get(client, address, path="/", timeout=2):
    """The body of the answer, or None."""
    parts = urlsplit(url(address, path))
    status, body = client.get(parts.path, parts.hostname, parts.port or 80, timeout)
    return body.strip() if status == 200 else None


def wait_answer(client, address, name=None, timeout=10):
    return wait.until(lambda: (body := get(client, address, timeout=1)) and name in (None, body) and body, timeout,
                      f"{address} answers" + (f" as {name}" if name else ""))


def servers(client, address, requests=40):
    """The number of answers by server; each request is a new flow."""
    argv = ["curl", "-fs", "-m", "2", "-H", "Connection: close", *[url(address)] * requests]
    answers = client.run(*argv, check=False).split()
    answers += ["failed"] * (requests - len(answers))
    return {name: answers.count(name) for name in set(answers)}


class Held:
    """with Held(client, addresses, 100) as held: ...; then held.fates has, for each server, the numbers of its connections that
    were kept, lost and moved."""

    def __init__(self, client, addresses, connections):
        self.client, self.until = client, f"/tmp/hold-{uuid.uuid4().hex[:8]}"
        self.count = connections * len(addresses)
        self.argv = ("hold", "--connections", str(connections), "--until", self.until, *addresses)

    def __enter__(self):
        self.stream = self.client.stream(*self.argv)
        wait.until(lambda: f"held {self.count}" in self.stream.text(), 20, f"{self.count} connections open")
        return self

    def __exit__(self, *_):
        self.client.run("touch", self.until)
        self.stream.process.wait(30)
        text = self.stream.close()
        self.client.run("rm", "-f", self.until)
        self.fates = {name: {"kept": int(kept), "lost": int(lost), "moved": int(moved)} for name, kept, lost, moved
                      in re.findall(r"(?m)^(\S+) kept (\d+) lost (\d+) moved (\d+)$", text)}
        assert sum(sum(fate.values()) for fate in self.fates.values()) == self.count, text


class Load:
    """with Load(client, address) as load: ...; then load.requests, load.failed, load.servers, load.failures."""

    def __init__(self, client, address, clients=4):
        self.client, self.address, self.clients = client, address, clients
        self.until = f"/tmp/load-{uuid.uuid4().hex[:8]}"
        self.argv = ("load", "--clients", str(clients), "--until", self.until, "--seconds", "90", url(address))

    def __enter__(self):
        self.stream = self.client.stream(*self.argv)
        wait.until(lambda: "first answer" in self.stream.text(), 20, "the load's first answer")
        return self

    def __exit__(self, *_):
        self.client.run("touch", self.until)
        self.stream.process.wait(20)
        self.text = self.stream.close()
        self.client.run("rm", "-f", self.until)
        match = re.search(r"requests (\d+) failed (\d+)(?: reopened (\d+))?", self.text)
        assert match, f"unexpected output of the load generator: {self.text}"
        self.requests, self.failed, self.reopened = int(match[1]), int(match[2]), int(match[3] or 0)
        self.failures = [line for line in self.text.splitlines() if line.startswith("failure")]
        # The list of failures is shortened to 10; the count is complete.
        assert self.failed <= 10 or len(self.failures) == 10, self.text
        self.servers = {name: int(count) for name, count in re.findall(r"(?m)^(\S+) (\d+)$", self.text)}
