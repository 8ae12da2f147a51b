#!/usr/bin/env python3
"""Runs the end-to-end tests: starts the lab, builds the plugin, installs it from the lab's registry, and runs the tests.

  run.py [--junit FILE] [--docker 26.1] [--plugin DIR | --reuse] [--labs N] [--all] [PATTERN...]
PATTERN: part of a test's name. --plugin uses a built plugin (docker/build --output DIR); --reuse uses the running lab and its
plugin; --labs distributes the tests over N labs.
"""
import argparse
import os
import sys
import tempfile
import time
import traceback
import unittest
import xml.etree.ElementTree as ET
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "bench"), str(HERE.parent / "docs"), str(HERE.parent / "image")]
import faults  # noqa: E402
import lab  # noqa: E402
import labs  # noqa: E402
import test_attacks  # noqa: E402
from base import Lab  # noqa: E402
from host import NAME, WEB, Host  # noqa: E402

SUITES = {"20.10": "bookworm", "26.1": "trixie", "28.5": "forky"}   # the Debian suite with this Docker


def say(text, seconds, verdict=""):
    print(f"{text:<66} {seconds:6.1f} s{'  ' + verdict if verdict else ''}", file=sys.stderr, flush=True)


def step(title, function, *argv):
    began = time.monotonic()
    try:
        result = function(*argv)
    except Exception:
        say(title, time.monotonic() - began, "FAILED")
        raise
    say(title, time.monotonic() - began)
    return result


class Result(unittest.TestResult):
    """One line per test, and JUnit entries."""

    def __init__(self, suite):
        super().__init__()
        self.suite = suite

    def startTest(self, test):
        super().startTest(test)
        self.began, self.problems, self.skip_reason = time.monotonic(), [], None

    def addError(self, test, error):
        super().addError(test, error)
        self.note(test, error)

    addFailure = addError

    def addSubTest(self, test, subtest, error):
        super().addSubTest(test, subtest, error)
        if error:
            self.note(test, error)

    def note(self, test, error):
        text = "".join(traceback.format_exception(*error))
        if hasattr(self, "problems"):
            self.problems.append(text)
        else:   # a failure outside of a test, such as in setUpClass
            self.entry(str(test), 0, text)
        print(f"----- {test.id()}\n{text}", file=sys.stderr, flush=True)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.skip_reason = reason

    def stopTest(self, test):
        super().stopTest(test)
        took = time.monotonic() - self.began
        name = test.id().split(".", 1)
        verdict = "FAILED" if self.problems else f"skipped: {self.skip_reason}" if self.skip_reason else ""
        say(f"e2e {test.id().removeprefix('test_')}", took, verdict)
        self.entry(name[-1], took, "\n".join(self.problems), name[0])

    def entry(self, name, took, failure, group="e2e"):
        case = ET.SubElement(self.suite, "testcase", classname=group, name=name, time=f"{took:.3f}")
        if failure:
            ET.SubElement(case, "failure", message=failure.strip().splitlines()[-1]).text = failure
        elif getattr(self, "skip_reason", None):
            ET.SubElement(case, "skipped", message=self.skip_reason)


def chosen(suite, patterns, everything):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from chosen(test, patterns, everything)
        elif patterns:
            if any(pattern in test.id() for pattern in patterns):
                yield test
        elif everything or not getattr(getattr(test, test._testMethodName, None), "slow", False):
            yield test


def publish(folder):
    return lab.lab("publish", folder, "test").split()[-1]


def build_plugin(folder):
    step("plugin built", lab.run, [lab.ROOT / "docker/build", "--output", folder], "here", None, True, 1200)


def set_up(options, hosts):
    if options.reuse:
        for host in hosts:
            host.clean()   # after an interrupted run
            host.reference = f"{lab.REGISTRY}/bgplb:test"
        Lab.use(hosts, hosts[0].reference)
        return
    step("lab", lab.lab, "up", "--hosts", str(len(hosts)), "--suite", SUITES[options.docker])
    step("web server to the hosts", lab.lab, "load", WEB)
    if options.plugin:
        reference = step("plugin published", publish, options.plugin)
    else:
        with tempfile.TemporaryDirectory() as folder:
            build_plugin(folder)
            reference = step("plugin published", publish, folder)
    for host in hosts:
        step(f"plugin installed on {host}", install, host, reference)
    Lab.use(hosts, reference)


def install(host, reference):
    host.clean()
    if host.ok("docker", "plugin", "inspect", NAME):
        host.docker("plugin", "rm", "-f", NAME)
    host.install(reference)


def run_here(options, tests):
    """Runs the tests in this process and its lab; returns the results as JUnit."""
    suite = ET.Element("testsuite", name="e2e")
    result = Result(suite)
    try:
        set_up(options, [Host(number) for number in (1, 2)])
        (labs.Shared(tests, options.share) if options.share else unittest.TestSuite(tests)).run(result)
    except Exception as error:
        traceback.print_exc()
        result.skip_reason = None
        result.entry("lab", 0, f"{type(error).__name__}: {error}")
    faults.report()
    test_attacks.report()
    return suite


def run_in_labs(options):
    """Builds the images and the plugin once, then runs the tests in several labs."""
    suite = ET.Element("testsuite", name="e2e")
    argv = [__file__, "--docker", options.docker, *(["--all"] if options.all else []), *options.pattern]
    with tempfile.TemporaryDirectory() as folder:
        if options.reuse:
            argv.append("--reuse")
        else:
            step("images of the lab", lab.lab, "images", "--suite", SUITES[options.docker])
            if not options.plugin:
                build_plugin(folder)
            argv += ["--plugin", options.plugin or folder]
        suite.extend(labs.run(argv, options.labs))
    return suite


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pattern", nargs="*")
    parser.add_argument("--junit")
    parser.add_argument("--docker", default="26.1", choices=SUITES)
    parser.add_argument("--plugin")
    parser.add_argument("--reuse", action="store_true")
    parser.add_argument("--labs", type=int, default=1)
    parser.add_argument("--share", help=argparse.SUPPRESS)   # the shared folder of the labs' processes
    parser.add_argument("--all", action="store_true", help="also run the slow tests, and the others at full length")
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    Lab.full = options.all
    tests = list(chosen(unittest.defaultTestLoader.discover(str(HERE)), options.pattern, options.all))
    if options.list:
        return print("\n".join(test.id() for test in tests))
    os.environ.setdefault("DOCKER_CLI_HINTS", "false")
    suite = run_in_labs(options) if options.labs > 1 else run_here(options, tests)
    if options.junit:
        ET.ElementTree(suite).write(options.junit, encoding="unicode")
    failed = sum(1 for case in suite if case.find("failure") is not None)
    return 1 if failed or not len(suite) else 0


if __name__ == "__main__":
    sys.exit(main())
