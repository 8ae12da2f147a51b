"""docs/picture: the lines of a recorded output that it draws."""
import importlib.machinery
import importlib.util
import unittest
import xml.etree.ElementTree as ET

from pages import ROOT


def load():
    loader = importlib.machinery.SourceFileLoader("picture", str(ROOT / "docs/picture"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("picture", loader))
    loader.exec_module(module)
    return module


picture = load()

# In the format of step() and say() of docker/lib/common.sh, and of show() of docker/demo.
RECORDED = """image of the machines                                               12.3 s
host1: docker plugin install                                         2.1 s

The router spreads the VIP over both hosts (ECMP):
    10.0.0.101 proto bird metric 32 \x1b[1m<&>\x1b[0m
\tnexthop via 192.168.8.40 dev eth0 weight 1
docker stop web1 on host1, under load: a drain                       6.6 s  FAILED

The lab is up. Commands to try:
    docker/lab/lab exec client curl
"""


class Picture(unittest.TestCase):
    def texts(self, recorded):
        root = ET.fromstring(picture.svg(recorded))   # well-formed, or an exception
        return ["".join(node.itertext()) for node in root.iter("{http://www.w3.org/2000/svg}text")]

    def test_begins_with_the_plugin_and_ends_before_the_hints(self):
        lines = self.texts(RECORDED)
        self.assertTrue(lines[0].startswith("host1: docker plugin install"))
        self.assertTrue(lines[-1].endswith("FAILED"))

    def test_lines_are_as_recorded(self):
        lines = self.texts(RECORDED)
        self.assertIn("    10.0.0.101 proto bird metric 32 <&>", lines)
        self.assertIn("        nexthop via 192.168.8.40 dev eth0 weight 1", lines)

    def test_kinds_of_lines(self):
        kinds = [[name for name, _ in picture.parts(line)] for line in picture.chosen(RECORDED)]
        self.assertEqual(kinds, [["step", "time"], [""], ["say"], [""], [""], ["step", "time", "failed"]])

    def test_a_long_line_is_continued(self):
        lines = self.texts("    " + "word " * 60)
        self.assertGreater(len(lines), 2)
        self.assertLessEqual(max(map(len, lines)), picture.COLUMNS)
        self.assertEqual(" ".join(lines).split(), ["word"] * 60)
        self.assertEqual("".join(self.texts("x" * 250)).replace(" ", ""), "x" * 250)

    def test_nothing_to_draw(self):
        with self.assertRaises(ValueError):
            picture.svg("\n\n")
