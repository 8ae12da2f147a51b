"""The router's tables, read from its BIRD and its kernel."""
import os
import re
from dataclasses import dataclass

import lab
import wait


@dataclass(frozen=True)
class Route:
    prefix: str
    next_hop: str
    origin: str
    as_path: tuple
    communities: str = ""


def parse_routes(text):
    """The routes of `birdc show route all`, BGP ones only; the prefix is printed on the first route of each."""
    routes, prefix, found = [], "", {}

    def finish():
        if "next_hop" in found:
            routes.append(Route(prefix, found["next_hop"].split()[0], found.get("origin", ""),
                                tuple(int(n) for n in found.get("as_path", "").split()), found.get("community", "")))

    for line in text.splitlines():
        if re.search(r"\[\S+ [^\]]+\]", line) and not line.startswith("\t"):
            finish()
            found = {}
            if not line[0].isspace():
                prefix = line.split()[0]
        elif match := re.match(r"\s+BGP\.(\w+): ?(.*)", line):
            found[match[1]] = match[2].strip()
    finish()
    return routes


class Router:
    def __init__(self, node, birdc=("birdc", "-r")):
        self.node, self.birdc = node, birdc

    def show(self, *words):
        return self.node.run(*self.birdc, "show", *words, check=False)

    def routes(self, prefix=None):
        found = parse_routes(self.show("route", "all"))
        return [route for route in found if prefix in (None, route.prefix)]

    def prefixes(self):
        return {route.prefix for route in self.routes()}

    def next_hops(self, prefix):
        return {route.next_hop for route in self.routes(prefix)}

    def kernel(self, prefix):
        family = "-6" if ":" in prefix else "-4"
        return self.node.run("ip", family, "route", "show", "exact", prefix, check=False)

    def wait_for(self, *prefixes, timeout=10):
        """Waits until the router has each prefix; returns the first route of each."""
        def first_routes():
            first = {route.prefix: route for route in reversed(self.routes())}
            return [first[prefix] for prefix in prefixes] if set(prefixes) <= set(first) else None
        return wait.until(first_routes, timeout, f"{prefixes} at the router")

    def wait_gone(self, *prefixes, timeout=10):
        wait.until_none(lambda: set(prefixes) & self.prefixes(), timeout, "routes at the router")

    def wait_next_hops(self, prefix, hops, timeout=10):
        try:
            wait.until(lambda: self.next_hops(prefix) == set(hops), timeout, f"{prefix} via {sorted(hops)}")
        except wait.Timeout as error:
            raise wait.Timeout(f"{error}; is via {sorted(self.next_hops(prefix))}") from None

    def stays(self, seconds, *prefixes):
        wait.holds(lambda: set(prefixes) <= self.prefixes(), seconds, f"{prefixes} announced")

    def stays_away(self, seconds, *prefixes):
        wait.holds(lambda: not set(prefixes) & self.prefixes(), seconds, f"{prefixes} not announced")

    def watch(self):
        """Records every change of the router's kernel routes from now on, with its time."""
        return RouteWatch(self.node)


class RouteWatch:
    MARK = ("blackhole", "192.0.2.179", "table", "179")

    def __init__(self, node):
        self.node, self.stream = node, node.stream("ip", "-ts", "-o", "monitor", "route")
        wait.until(self.listens, 10, f"the monitor of {node}'s routes listens", every=0)

    def listens(self):
        """True once the monitor reports a change that the test makes; earlier changes would be missed."""
        self.node.run("ip", "route", "replace", *self.MARK)
        self.node.run("ip", "route", "del", *self.MARK)
        return any(self.MARK[1] in line for _, line in self.stream.lines())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()

    def changes(self, prefix):
        """(time, 'Deleted' or '', line) of each change to this prefix."""
        return [(stamp, "Deleted" if "Deleted " in line else "", line)
                for stamp, line in self.stream.lines() if concerns(line, prefix)]


class OrderWatch:
    """Records the changes of two machines' kernel routes in their real order. One socket receives the notifications of both
    namespaces, and the kernel queues a notification before the system call of the change returns. The time stamps of two
    separate monitors would be those of their readers."""

    def __init__(self, *nodes):
        lab.run(["ip", "link", "show"])   # reports link peers in other namespaces, which assigns each namespace its nsid
        self.stream = lab.Stream(lab.ends_with_input("ip", "-o", "monitor", "all-nsid", "route"))
        self.ids = {node.name: self.find(node) for node in nodes}

    def find(self, node):
        mark, marked = ("blackhole", "192.0.2.180", "table", str(os.getpid())), set(self.ids_of_marks())

        def new_marks():
            node.run("ip", "route", "replace", *mark)
            node.run("ip", "route", "del", *mark)
            return set(self.ids_of_marks()) - marked
        return wait.until(new_marks, 10, f"the monitor receives {node}'s routes", every=0).pop()

    def ids_of_marks(self):
        text = self.stream.text()
        return re.findall(rf"^\[nsid (\d+)\].*192\.0\.2\.180 table {os.getpid()} ", text, re.MULTILINE)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()

    def changes(self, node, prefix):
        """(position in the order, whether deleted) of each change of this prefix on the machine."""
        return [(place, "Deleted " in line) for place, (_, line) in enumerate(self.stream.lines())
                if line.startswith(f"[nsid {self.ids[node.name]}]") and concerns(line.partition("]")[2], prefix)]


def concerns(line, prefix):
    """True if a monitor's line is about this prefix; a host prefix is printed without its length."""
    address, _, length = prefix.partition("/")
    name = address if length in ("32", "128") else prefix
    # Routes in the tables of the slots do not count; they are for established connections.
    return re.search(rf"(?:^|\s){re.escape(name)}\s", line) and " table " not in line
