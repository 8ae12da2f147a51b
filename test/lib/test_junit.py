"""Tests the totals that test/run prints."""
import contextlib
import io
import tempfile
import unittest
from pathlib import Path

import junit

SKIPPED = '<testsuite><testcase name="a"/><testcase name="b"><skipped/></testcase></testsuite>'


class Sum(unittest.TestCase):
    def setUp(self):
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def total(self):
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(io.StringIO()):
            status = junit.total(self.folder)
        return status, printed.getvalue().splitlines()

    def test_one_line_for_each_file_and_one_for_all(self):
        junit.write(self.folder / "unit.xml", "unit")
        (self.folder / "netns.xml").write_text(SKIPPED)
        self.assertEqual(self.total(), (0, ["netns: 1 passed, 0 failed, 1 skipped", "unit: 1 passed, 0 failed",
                                            "2 passed, 0 failed, 1 skipped"]))

    def test_a_failure_and_unreadable_results_fail(self):
        junit.write(self.folder / "unit.xml", "unit")
        junit.write(self.folder / "netns.xml", "netns", "no root")
        self.assertEqual(self.total(), (1, ["netns: 0 passed, 1 failed", "unit: 1 passed, 0 failed", "1 passed, 1 failed"]))
        junit.write(self.folder / "netns.xml", "netns")
        (self.folder / "e2e.xml").write_text("<testsuite>")
        self.assertEqual(self.total(), (1, ["e2e: 0 passed, 1 failed", "netns: 1 passed, 0 failed",
                                            "unit: 1 passed, 0 failed", "2 passed, 1 failed"]))

    def test_no_result_fails(self):
        self.assertEqual(self.total(), (1, ["0 passed, 0 failed"]))


if __name__ == "__main__":
    unittest.main()
