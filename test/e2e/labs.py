"""Runs the tests in several labs at once. Each lab has a separate process, which takes the next class of tests that no other
process has taken.

Tests spend most of their time waiting for health checks, timers and dockerd; two labs keep two CPUs busy.
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
    """The tests of all processes. This process runs the classes that it takes first; a class is taken by creating a file in a
    shared folder."""
    _cleanup = False   # unittest must not replace the executed tests, because __iter__ groups them

    def __init__(self, tests, folder):
        # Long tests first, so that no lab has to wait for them at the end.
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
    """The variables of a lab. The first lab has the default ones; the networks of the nth are shifted by 10 * (n - 1)."""
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
        """Waits for the process and returns the results of its tests."""
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
        """Removes the lab, except the first one, which also stays after a run with one lab."""
        if self.number > 1 and not os.environ.get("BGPLB_KEEP_LAB"):
            subprocess.run([lab.ROOT / "docker/lab/lab", "down"], env=self.environment, stderr=subprocess.DEVNULL, check=True)


def run(argv, count):
    """Runs the tests of `run.py argv` in `count` labs; returns the results as JUnit's testcase elements."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))   # so that `finally` runs
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
