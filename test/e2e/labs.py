"""One run in several labs at once. Each lab has a process of its own, which takes the next class of tests that no other took.

Most of a test is waiting, for health checks, timers and dockerd; two labs keep two processors busy.
"""
import itertools
import os
import signal
import subprocess
import sys
import tempfile
import threading
import unittest
import xml.etree.ElementTree as ET
from pathlib import Path

import lab


class Shared(unittest.TestSuite):
    """The tests of all processes, of which this one runs what it is the first to come to. They agree by files in a folder."""
    _cleanup = False   # of unittest: the tests are no list to take from

    def __init__(self, tests, folder):
        # What takes long first, or one lab would wait for it in the end.
        super().__init__(sorted(tests, key=lambda test: not getattr(test, "takes_long", False)))
        self.folder = folder

    def __iter__(self):
        for group, tests in itertools.groupby(self._tests, type):
            try:
                Path(self.folder, f"{group.__module__}.{group.__name__}").open("x").close()
            except FileExistsError:
                continue
            yield from tests


def environment(number):
    """The first is the lab that it would be without others; the nth has the networks 10 * (n - 1) further on."""
    if number == 1:
        return {}

    def moved(net):
        head, _, last = net.rpartition(".")
        return f"{head}.{int(last) + 10 * (number - 1)}"
    return {"LAB_PREFIX": f"{lab.PREFIX}-{number}", "LAB_NET": moved(lab.NET), "LAB_CLIENT_NET": moved(lab.CLIENT_NET)}


class Worker:
    def __init__(self, number, argv, folder):
        self.number, self.junit = number, Path(folder, f"lab{number}.xml")
        self.environment = {**os.environ, **environment(number)}
        self.process = subprocess.Popen([sys.executable, *argv, "--junit", str(self.junit)], env=self.environment, text=True,
                                        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, errors="replace")
        self.reader = threading.Thread(target=self.read)
        self.reader.start()

    def read(self):
        for line in self.process.stderr:
            print(f"{self.number}| {line}", end="", file=sys.stderr, flush=True)

    def end(self):
        """The tests it has run."""
        self.process.wait()
        self.reader.join()
        try:
            return list(ET.parse(self.junit).getroot())
        except (OSError, ET.ParseError):
            case = ET.Element("testcase", classname="e2e", name=f"lab {self.number}")
            ET.SubElement(case, "failure", message=f"exit status {self.process.returncode} and no results")
            return [case]

    def stop(self):
        self.process.terminate()
        self.end()

    def take_down(self):
        """The first lab stays, as it does when it is the only one."""
        if self.number > 1 and not os.environ.get("BGPLB_KEEP_LAB"):
            subprocess.run([lab.ROOT / "docker/lab/lab", "down"], env=self.environment, stderr=subprocess.DEVNULL, check=True)


def run(argv, count):
    """The tests of `run.py argv` in so many labs; what became of them, as JUnit's testcase elements."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))   # by way of `finally`
    with tempfile.TemporaryDirectory() as folder:
        share = Path(folder, "taken")
        share.mkdir()
        workers = []
        try:
            for number in range(1, count + 1):
                workers.append(Worker(number, [*argv, "--share", str(share)], folder))
            return [case for worker in workers for case in worker.end()]
        finally:
            for worker in workers:
                worker.stop()
                worker.take_down()
