"""Runs the scripts of docker/, and replaces the programs that they call."""
import json
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
IMAGE = ROOT / "docker/image"


def run(*argv, **environment):
    """Runs a command; returns the finished process, with its output as text."""
    return subprocess.run([str(word) for word in argv], env={**os.environ, **environment}, text=True, timeout=120,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


class FolderTest(unittest.TestCase):
    """A test with a temporary folder."""

    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = Path(temporary.name)

    def succeeds(self, *argv, **environment):
        done = run(*argv, **environment)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return done.stdout

    def fails(self, sentence, *argv, **environment):
        done = run(*argv, **environment)
        self.assertNotEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(sentence, done.stderr)

    def write(self, name, text, mode=0o644):
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        path.chmod(mode)
        return path


def stanzas(text):
    """A file of dpkg as a list of {field: value}, without continued lines."""
    found = []
    for part in text.strip().split("\n\n"):
        lines = [line for line in part.splitlines() if not line.startswith(" ")]
        found.append(dict(line.split(": ", 1) if ": " in line else (line, "") for line in lines))
    return found


class DockerTest(FolderTest):
    """A test with fake_docker.py in place of docker."""

    def setUp(self):
        super().setUp()
        self.state = self.folder / "fake"
        (self.state / "images").mkdir(parents=True)
        (self.state / "calls").touch()
        (self.folder / "bin").mkdir()
        (self.folder / "bin/docker").symlink_to(Path(__file__).with_name("fake_docker.py"))
        self.environment = {"FAKE_DOCKER": str(self.state), "PATH": f"{self.folder}/bin:{os.environ['PATH']}"}

    def answers(self, what, now=True):
        """Whether the registry or the archive answers."""
        if now:
            (self.state / what).touch()
        else:
            (self.state / what).unlink()

    def has(self, name, **properties):
        (self.state / "images" / name).write_text(json.dumps(properties))

    def images(self):
        return sorted(path.name for path in (self.state / "images").iterdir())

    def calls(self, command):
        return [line for line in (self.state / "calls").read_text().splitlines() if line.split()[0] == command]
