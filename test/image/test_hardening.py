"""docker/image/check-hardening: each missing protection of a program is an error."""
import shutil
import tempfile
import unittest
from pathlib import Path

from scripts import IMAGE, ROOT, FolderTest

CHECK = IMAGE / "check-hardening"
SOURCE = """#include <cstdio>
#include <cstring>
#include <vector>
int main(int argc, char** argv) {
  char text[16];
  std::strcpy(text, argv[0]);
  std::vector<int> numbers(2);
  std::printf("%s %d", text, numbers[argc]);
}
"""
COMPILED = ["-O2", "-fPIE", "-fstack-protector-strong", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2", "-D_GLIBCXX_ASSERTIONS"]
LINKED = ["-static-pie", "-Wl,-z,relro,-z,now,-z,noexecstack"]


class Hardening(FolderTest):
    def program(self, compiled, linked, more=""):
        self.write("main.cpp", SOURCE + more)
        self.succeeds("g++", *compiled, "-c", self.folder / "main.cpp", "-o", self.folder / "main.o")
        self.succeeds("g++", self.folder / "main.o", *linked, "-o", self.folder / "program")
        return self.folder / "program"

    def without(self, sentence, compiled=(), linked=()):
        """The program lacks one protection, so the check has one finding."""
        program = self.program([*COMPILED, *compiled], [*LINKED, *linked])
        self.fails(f"check-hardening: {program}: {sentence}", CHECK, program)
        return program

    def test_a_program_with_all_protections(self):
        self.succeeds(CHECK, self.program(COMPILED, LINKED))

    def test_a_fixed_address(self):
        program = self.program(COMPILED, ["-static", "-Wl,-z,relro"])
        self.fails("loaded at a fixed address", CHECK, program)

    def test_shared_libraries(self):
        program = self.program(COMPILED, ["-pie", *LINKED[1:]])
        self.fails("needs shared libraries", CHECK, program)

    def test_relocations_that_stay_writable(self):
        self.without("its relocations stay writable", linked=["-Wl,-z,norelro"])

    def test_lazy_binding(self):
        self.without("binds functions lazily", linked=["-Wl,-z,lazy"])

    def test_an_executable_stack(self):
        self.without("its stack is executable", linked=["-Wl,-z,execstack"])

    def test_memory_that_is_writable_and_executable(self):
        program = self.program(COMPILED, LINKED, 'asm(".section .both,\\"awx\\"\\n.byte 0\\n.previous");')
        self.fails("has memory that is writable and executable", CHECK, program)

    def test_no_stack_protector(self):
        self.without("compiled without -fstack-protector-strong", compiled=["-fno-stack-protector"])

    def test_no_fortified_functions(self):
        self.without("compiled without _FORTIFY_SOURCE", compiled=["-U_FORTIFY_SOURCE"])

    def test_no_assertions(self):
        self.without("compiled without _GLIBCXX_ASSERTIONS", compiled=["-U_GLIBCXX_ASSERTIONS"])

    def test_the_second_program_is_checked_too(self):
        first = self.program(COMPILED, LINKED)
        with tempfile.TemporaryDirectory() as other:
            copy = Path(shutil.copy(first, other))
            self.fails(f"check-hardening: {copy}: compiled without", CHECK, first, copy)   # no object files


class Flags(FolderTest):
    """The flags of CMakeLists.txt, in each kind of build."""

    def flags(self, *options):
        self.succeeds("cmake", "-S", ROOT, "-B", self.folder, "-G", "Ninja", "-DBGPLB_TESTS=OFF", *options)
        return self.succeeds("ninja", "-C", self.folder, "-t", "commands", "bgplb-init")

    def test_a_release(self):
        flags = self.flags("-DCMAKE_BUILD_TYPE=Release")
        for flag in ("-fstack-protector-strong", "-fstack-clash-protection", "-D_FORTIFY_SOURCE=", "-D_GLIBCXX_ASSERTIONS", "-fPIE",
                     "-static-pie", "-Wl,-z,relro,-z,now,-z,noexecstack"):
            self.assertIn(flag, flags)

    def test_a_debug_build_is_not_fortified(self):
        flags = self.flags("-DCMAKE_BUILD_TYPE=Debug")
        self.assertIn("-D_GLIBCXX_ASSERTIONS", flags)
        self.assertIn("-static-pie", flags)
        self.assertNotIn("FORTIFY", flags)   # glibc's headers warn without optimisation

    def test_sanitizers_need_shared_libraries(self):
        flags = self.flags("-DCMAKE_BUILD_TYPE=RelWithDebInfo", "-DBGPLB_SANITIZE=address")
        self.assertIn("-D_GLIBCXX_ASSERTIONS", flags)
        self.assertNotIn("-static", flags)
        self.assertNotIn("FORTIFY", flags)


if __name__ == "__main__":
    unittest.main()
