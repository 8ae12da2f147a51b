"""docker/image/record-packages: the packages and licences of the image, for scanners and users."""
import gzip
import shutil
import subprocess
import unittest

from scripts import IMAGE, ROOT, FolderTest, stanzas

RECORD = IMAGE / "record-packages"


def installed(package):
    """The version of a package on this machine."""
    return subprocess.run(["dpkg-query", "-W", "-f", "${Version}", package], check=True, stdout=subprocess.PIPE, text=True).stdout


class GatheredPackages(FolderTest):
    """A root filesystem with one program of this machine, collected like that of the image."""

    def setUp(self):
        super().setUp()
        self.root = self.folder / "root"
        self.succeeds(ROOT / "docker/gather", self.root, "/usr/bin/sleep", "/etc/debian_version")

    def status(self):
        return {stanza["Package"]: stanza for stanza in stanzas((self.root / "var/lib/dpkg/status").read_text())}

    def test_the_status_has_each_package_of_a_file_and_no_other(self):
        self.succeeds(RECORD, self.root)
        status = self.status()
        self.assertEqual(sorted(status), ["base-files", "coreutils", "libc6"])
        self.assertEqual(status["libc6"]["Version"], installed("libc6"))
        self.assertEqual(status["libc6"]["Source"].split()[0], "glibc")
        self.assertEqual(status["libc6"]["Status"], "install ok installed")

    def test_each_package_has_its_licence(self):
        self.succeeds(RECORD, self.root)
        for package in self.status():
            licence = self.root / "usr/share/doc" / package / "copyright"
            self.assertTrue(licence.is_file() and not licence.is_symlink(), licence)
            self.assertIn("icense", licence.read_text())

    def test_dpkg_reads_the_status(self):
        self.succeeds(RECORD, self.root)
        listed = self.succeeds("dpkg-query", f"--admindir={self.root}/var/lib/dpkg", "-W", "-f", "${Package} ${db:Status-Status}\n")
        self.assertEqual(sorted(listed.split("\n")[:-1]), ["base-files installed", "coreutils installed", "libc6 installed"])

    def test_a_second_run_changes_nothing(self):
        self.succeeds(RECORD, self.root)
        before = self.status()
        self.succeeds(RECORD, self.root)
        self.assertEqual(self.status(), before)

    def test_a_file_without_a_package_is_an_error(self):
        self.write("root/usr/bin/stranger", "?")
        self.fails("no package has /usr/bin/stranger", RECORD, self.root)

    def test_an_empty_folder_is_an_error(self):
        shutil.rmtree(self.root)
        self.root.mkdir()
        self.fails("there are no files", RECORD, self.root)

    def test_a_package_without_a_licence_is_an_error(self):
        shutil.rmtree(self.root)
        self.write("root/usr/bin/unfree", "")
        self.write("dpkg/status", "Package: unfree\nStatus: install ok installed\nMaintainer: Nobody <n@example.org>\n"
                                  "Architecture: all\nVersion: 1\nDescription: nothing\n\n")
        self.write("dpkg/info/unfree.list", "/.\n/usr\n/usr/bin\n/usr/bin/unfree\n")
        self.write("dpkg/info/format", "1\n")
        self.fails("package unfree has no /usr/share/doc/unfree/copyright", RECORD, self.root, DPKG_ADMINDIR=str(self.folder / "dpkg"))


class LinkedPackages(FolderTest):
    """A CMake build of a program with a header of a package, a header of its own, and a static library."""

    def build(self, source, options="-Wl,-Map=program.map"):
        self.write("CMakeLists.txt", "cmake_minimum_required(VERSION 3.25)\nproject(program CXX)\nadd_executable(program main.cpp)\n"
                                     f"target_link_options(program PRIVATE -static-pie {options})\n"
                                     "set_target_properties(program PROPERTIES CXX_STANDARD 20)\nadd_compile_options(-fPIE)\n")
        self.write("own.hpp", "#pragma once\n")
        self.write("main.cpp", source)
        self.succeeds("cmake", "-S", self.folder, "-B", self.folder / "build", "-G", "Ninja")
        self.succeeds("cmake", "--build", self.folder / "build")

    def record(self):
        return RECORD, "--linked", self.folder / "build", self.folder / "root"

    def test_headers_and_members_of_libraries(self):
        self.build('#include "own.hpp"\n#include <linux/if.h>\n#include <vector>\n#include <fmt/core.h>\n'
                   'int main(int argc, char**) { return std::vector<int>(argc).empty(); }\n')
        self.succeeds(*self.record())
        found = {stanza["Package"]: stanza for stanza in stanzas((self.folder / "root/usr/share/doc/bgplb/linked").read_text())}
        self.assertIn("libc6-dev", found)
        self.assertIn("libfmt-dev", found)
        self.assertTrue([name for name in found if name.startswith("libstdc++-")], found)
        self.assertTrue([name for name in found if name.startswith("libgcc-")], found)
        self.assertNotIn("linux-libc-dev", found)   # only definitions of the kernel's interface
        self.assertEqual(found["libc6-dev"]["Version"], installed("libc6-dev"))
        for package in found:
            with gzip.open(self.folder / "root/usr/share/doc" / package / "copyright.gz", "rt") as licence:
                self.assertRegex(licence.read(), "(?i)licen[sc]e")

    def test_a_library_whose_headers_are_not_used(self):
        self.build("int main() { delete new int; }\n")
        self.succeeds(*self.record())
        found = stanzas((self.folder / "root/usr/share/doc/bgplb/linked").read_text())
        self.assertTrue([stanza for stanza in found if stanza["Package"].startswith("libstdc++-")], found)

    def test_a_header_without_a_package_is_an_error(self):
        foreign = self.folder.parent / f"{self.folder.name}-foreign"
        foreign.mkdir()
        self.addCleanup(shutil.rmtree, foreign)
        (foreign / "foreign.hpp").write_text("")
        self.build(f'#include "{foreign}/foreign.hpp"\nint main() {{}}\n')
        self.fails(f"no package has {foreign}/foreign.hpp", *self.record())

    def test_a_program_without_a_map_is_an_error(self):
        self.build("int main() {}\n", "")
        self.fails("no program that was linked with -Map", *self.record())


if __name__ == "__main__":
    unittest.main()
