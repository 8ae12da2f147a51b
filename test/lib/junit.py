#!/usr/bin/env python3
"""JUnit results: the rungs write them, and test/run counts them.

  junit.py sum DIR                  prints the totals of each file and of all; fails if a test failed or none ran
  junit.py check FILE STATUS        prints the failures of one file; fails if it has failures or contradicts the exit status
  junit.py failure FILE NAME TEXT   writes a file with one failed test
  junit.py success FILE NAME        writes a file with one passed test
"""
import sys
import unittest
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path


def cases(path):
    """Yields (name, 'passed'|'failed'|'skipped', text). Catch2 writes one entry per leaf section."""
    for case in ET.parse(path).getroot().iter("testcase"):
        name = f"{case.get('classname', '')}: {case.get('name', '')}"
        bad = [node for node in case if node.tag in ("failure", "error")]
        if bad:
            yield name, "failed", "\n".join((node.get("message") or "") + "\n" + (node.text or "") for node in bad)
        elif case.find("skipped") is not None:
            yield name, "skipped", ""
        else:
            yield name, "passed", ""


def write(path, name, failure=None):
    suite = ET.Element("testsuite", name=name)
    case = ET.SubElement(suite, "testcase", classname=name, name=name)
    if failure is not None:
        ET.SubElement(case, "failure", message=failure)
    ET.ElementTree(suite).write(path, encoding="unicode")


def entry(suite, group, name, failures):
    """Adds one test to `suite`, with the texts of its failures."""
    case = ET.SubElement(suite, "testcase", classname=group, name=name)
    if failures:
        ET.SubElement(case, "failure", message=failures[0].strip().splitlines()[-1]).text = "\n".join(failures)
        print(f"FAILED {name}\n" + "\n".join(failures), file=sys.stderr)


class UnittestResult(unittest.TestResult):
    """Adds each test of Python's unittest to `suite`."""

    def __init__(self, suite, group):
        super().__init__()
        self.suite, self.group = suite, group

    def stopTest(self, test):
        super().stopTest(test)
        texts = [text for failed, text in self.failures + self.errors if failed.id().split(" ")[0] == test.id()]
        entry(self.suite, self.group, test.id(), texts)


def run_unittests(suite, group, folder):
    """Runs the tests of test_*.py in `folder`."""
    result = UnittestResult(suite, group)
    unittest.TestLoader().discover(str(folder)).run(result)   # the default loader keeps its first folder
    for failed, text in result.failures + result.errors:
        if "setUpClass" in str(failed) or "Failed" in type(failed).__name__:   # outside of a test, or a file cannot be imported
            entry(suite, group, str(failed), [text])


def finish(suite, title, path):
    """Writes `suite` to `path`, if there is one, prints the totals, and returns the exit status."""
    if path:
        ET.ElementTree(suite).write(path, encoding="unicode")
    failed = sum(1 for case in suite if case.find("failure") is not None)
    print(f"{title}: {len(suite) - failed} passed, {failed} failed")
    return 1 if failed or not len(suite) else 0


def check(path, status):
    try:
        found = list(cases(path))
    except (OSError, ET.ParseError) as error:
        write(path, Path(path).stem, f"no results (exit status {status}): {error}")
        print(f"no results, exit status {status}")
        return 1
    failed = [case for case in found if case[1] == "failed"]
    for name, _, text in failed:
        print(f"FAILED {name}\n{text.strip()}")
    if not found:
        write(path, Path(path).stem, "no test ran")
        print("no test ran")
        return 1
    if status != 0 and not failed:
        write(path, Path(path).stem, f"exit status {status} although every test passed")
        print(f"exit status {status} although every test passed")
        return 1
    return 1 if failed else 0


def last_lines(text):
    """The end of a traceback or of Catch2's report: the cause, even if only the end of a run's output was kept."""
    return [line[:240] for line in text.splitlines() if line.strip()][-8:]


def totals(count):
    return f"{count['passed']} passed, {count['failed']} failed" + (f", {count['skipped']} skipped" if count["skipped"] else "")


def total(folder):
    all_files, lines = Counter(), []
    for path in sorted(Path(folder).glob("*.xml")):
        count = Counter()
        try:
            for name, outcome, text in cases(path):
                count[outcome] += 1
                if outcome == "failed":
                    print(f"FAILED {path.stem}: {name}", *last_lines(text), sep="\n    ", file=sys.stderr)
        except ET.ParseError:
            count["failed"] += 1
            print(f"FAILED {path.stem}: unreadable results", file=sys.stderr)
        all_files += count
        lines.append(f"{path.stem}: {totals(count)}")
    sys.stderr.flush()
    print(*lines, totals(all_files), sep="\n")
    return 0 if all_files["passed"] and not all_files["failed"] else 1


def main(arguments):
    match arguments:
        case ["sum", folder]:
            return total(folder)
        case ["check", path, status]:
            return check(path, int(status))
        case ["failure", path, name, text]:
            return write(path, name, text)
        case ["success", path, name]:
            return write(path, name)
    sys.exit(__doc__)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
