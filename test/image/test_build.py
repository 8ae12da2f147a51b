"""docker/build and docker/Dockerfile: new packages in each build, what the build prints, files that are equal in each build."""
import os
import re
import subprocess
import unittest

from scripts import ROOT, DockerTest

STATUS = """Package: bird2
Version: 2.17.6-0+deb13u1

Package: iptables
Version: 1.8.11-2

Package: libc6
Version: 2.41-12+deb13u5

Package: libxtables12
Version: 1.8.11-2

Package: nftables
Version: 1.1.3-1
"""
LINKED = "Package: libmnl-dev\nVersion: 1.0.5-3\n\nPackage: libstdc++-14-dev\nVersion: 14.2.0-19\n"
EPOCH = 1764247104


class Build(DockerTest):
    def setUp(self):
        super().setUp()
        self.answers("archive")
        self.has("bgplb-base:trixie")
        self.write("fake/rootfs/usr/bin/bgplb", "program", 0o755)
        self.write("fake/rootfs/usr/sbin/bird", "bird", 0o755)
        self.write("fake/rootfs/var/lib/dpkg/status", STATUS)
        self.write("fake/rootfs/usr/share/doc/bgplb/linked", LINKED)
        os.utime(self.state / "rootfs/usr/sbin/bird", (EPOCH - 1000, EPOCH - 1000))

    def build(self, output="plugin"):
        """Runs docker/build; returns its messages."""
        done = subprocess.run([ROOT / "docker/build", "--output", self.folder / output], text=True, timeout=60,
                              env={**os.environ, **self.environment, "SOURCE_DATE_EPOCH": str(EPOCH)},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.status = done.returncode
        return done.stdout

    def checked(self):
        """The value of CHECKED in each call of docker build."""
        return [re.search(r" CHECKED=(\d+) ", call)[1] for call in self.calls("build")]

    def test_the_versions_are_printed(self):
        printed = self.build()
        self.assertEqual(self.status, 0, printed)
        self.assertIn(" MB, 5 packages\n  with bird2 2.17.6-0+deb13u1, iptables 1.8.11-2, libc6 2.41-12+deb13u5, nftables 1.1.3-1\n",
                      printed)
        self.assertIn("linked into our programs: libmnl-dev 1.0.5-3, libstdc++-14-dev 14.2.0-19", printed)

    def test_an_image_without_the_list_of_its_packages_is_an_error(self):
        for name in ("var/lib/dpkg/status", "usr/share/doc/bgplb/linked"):
            path = self.state / "rootfs" / name
            text = path.read_text()
            path.unlink()
            printed = self.build()
            self.assertNotEqual(self.status, 0, printed)
            self.assertIn(name, printed)
            path.write_text(text)

    def test_each_build_queries_the_archive(self):
        self.has("bgplb-rootfs", labels={"bgplb.checked": "1764000000"})
        self.build()
        self.assertIn("--target archive", self.calls("build")[0])
        first, second = self.checked()
        self.assertEqual(first, second)   # both with one answer of the archive
        self.assertGreater(int(first), 1764000000)

    def test_an_archive_that_does_not_answer(self):
        """The packages of the earlier build are used, and a message names their date."""
        self.has("bgplb-rootfs", labels={"bgplb.checked": "1764000000"})
        self.answers("archive", False)
        printed = self.build()
        self.assertEqual(self.status, 0, printed)
        self.assertEqual(self.checked()[1], "1764000000")
        self.assertIn("WARNING: Debian's archive does not answer. The packages are those of 2025-11-24", printed)

    def test_a_first_build_needs_the_archive(self):
        self.answers("archive", False)
        printed = self.build()
        self.assertNotEqual(self.status, 0)
        self.assertIn("Debian's archive does not answer, and there is no earlier build", printed)
        self.assertEqual(len(self.calls("build")), 1)

    def test_no_file_is_newer_than_the_commit(self):
        self.build()
        paths = [self.folder / "plugin", *(self.folder / "plugin").rglob("*")]
        self.assertGreater(len(paths), 10)
        self.assertEqual([path for path in paths if path.lstat().st_mtime > EPOCH], [])
        self.assertEqual((self.folder / "plugin/rootfs/usr/sbin/bird").stat().st_mtime, EPOCH - 1000)   # Debian's time

    def test_equal_files_have_an_equal_checksum(self):
        sums = [re.search(r"sha256 of all files: ([0-9a-f]{64})\n", self.build(output))[1] for output in ("one", "two")]
        self.assertEqual(sums[0], sums[1])
        (self.state / "rootfs/usr/bin/bgplb").write_text("Program")
        self.assertNotIn(sums[0], self.build("three"))
        (self.state / "rootfs/usr/bin/bgplb").write_text("program")
        (self.state / "rootfs/usr/bin/bgplb").chmod(0o700)
        self.assertNotIn(sums[0], self.build("four"))

    def test_the_times_of_the_commit_are_the_default(self):
        self.assertEqual(self.succeeds("git", "-C", ROOT, "log", "-1", "--format=%ct").strip(), self.default_epoch())

    def default_epoch(self):
        environment = {name: value for name, value in os.environ.items() if name != "SOURCE_DATE_EPOCH"}
        subprocess.run([ROOT / "docker/build", "--output", self.folder / "plugin"], check=True, stderr=subprocess.DEVNULL, timeout=60,
                       env={**environment, **self.environment}, stdin=subprocess.DEVNULL)
        return re.search(r"SOURCE_DATE_EPOCH=(\d+)", self.calls("build")[1])[1]


class Dockerfile(unittest.TestCase):
    """The steps that install packages."""

    def setUp(self):
        text = (ROOT / "docker/Dockerfile").read_text().replace("\\\n", " ")
        self.steps = [line for line in text.splitlines() if line and not line.startswith("#")]
        self.installing = [number for number, step in enumerate(self.steps)
                           if step.startswith("RUN") and re.search("apt-get (install|upgrade|dist-upgrade)(?! --simulate)", step)]

    def test_they_run_again_if_a_version_has_changed(self):
        self.assertEqual(len(self.installing), 2)
        for number in self.installing:
            self.assertEqual(self.steps[number - 1], "COPY --from=archive /versions /versions")

    def test_they_upgrade_the_packages_of_the_base_image(self):
        for number in self.installing:
            self.assertIn("apt-get dist-upgrade -qy", self.steps[number])

    def test_they_fail_without_the_newest_lists(self):
        updates = [step for step in self.steps if "apt-get update" in step]
        self.assertEqual(len(updates), 3)
        for step in updates:
            self.assertIn("-o APT::Update::Error-Mode=any", step)

    def test_the_program_is_not_compiled_again_for_a_commit_or_a_check(self):
        """An ARG that differs in each build is part of the cache key of all later steps of its stage."""
        stage = " ".join(self.steps).split(" FROM ")
        programs, = [part for part in stage if " AS programs " in part]
        self.assertNotIn("SOURCE_DATE_EPOCH", programs)
        self.assertNotIn("CHECKED", programs)

    def test_the_context_has_all_files_that_are_copied(self):
        ignore = (ROOT / ".dockerignore").read_text().splitlines()
        context = [line[1:] for line in ignore if line.startswith("!")]
        copied = [word for step in self.steps if step.startswith("COPY") and "--from" not in step for word in step.split()[1:-1]]
        self.assertGreater(len(copied), 6)
        for path in copied:
            self.assertTrue((ROOT / path).exists(), path)
            self.assertTrue(any(path.rstrip("/") == name or path.startswith(name + "/") for name in context), path)


if __name__ == "__main__":
    unittest.main()
