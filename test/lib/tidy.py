#!/usr/bin/env python3
"""Runs clang-tidy (.clang-tidy) and fails on each finding.

  tidy.py [--all] [--base COMMIT] [--junit FILE] [FILE.cpp...]

Without --all and files: what has changed since the commit that origin/main and HEAD have in common, or since the parent of
HEAD. For a changed header, each file that includes it. clang reads the commands of build directories of its own, build/tidy and,
for the fuzzers, build/tidy-fuzz.
"""
import argparse
import json
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BUILDS = {ROOT / "build/tidy": [], ROOT / "build/tidy-fuzz": ["-DBGPLB_FUZZ=ON"]}
MOST = 40   # files that a changed header adds: a common header is included everywhere


def run(*argv, **options):
    return subprocess.run(argv, cwd=ROOT, text=True, capture_output=True, **options)


def compiled():
    """{file, relative to the tree: build directory} of all files that the builds compile; the first build of a file counts."""
    sources = {}
    for build, options in BUILDS.items():
        configured = run("cmake", "-S", ".", "-B", str(build), "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug",
                         "-DCMAKE_CXX_COMPILER=clang++", "-DCMAKE_EXPORT_COMPILE_COMMANDS=ON",
                         "-DCMAKE_DISABLE_PRECOMPILE_HEADERS=ON", *options)
        if configured.returncode:
            sys.exit(configured.stdout + configured.stderr)
        for command in json.loads((build / "compile_commands.json").read_text()):
            sources.setdefault(str(Path(command["file"]).relative_to(ROOT)), build)
    return dict(sorted(sources.items()))


def unchecked(sources):
    """The tree's files that no build compiles."""
    tracked = run("git", "ls-files", "*.cpp").stdout.split()
    return [name for name in tracked if name not in sources and (ROOT / name).exists()]


def changed(base):
    if base is None:
        common = run("git", "merge-base", "HEAD", "origin/main").stdout.strip()
        base = common if common and common != run("git", "rev-parse", "HEAD").stdout.strip() else "HEAD~1"
    listed = run("git", "diff", "--name-only", "--diff-filter=d", base, "--", "controller", "test")
    if listed.returncode:
        return None   # no parent: a shallow clone
    return [name for name in listed.stdout.split() if name.endswith((".cpp", ".hpp"))]


def selection(names, sources):
    """The sources among `names`, and those that include one of the headers."""
    chosen = {name for name in names if name in sources}
    headers = {re.sub(r"^(controller|test)/", "", name) for name in names if name.endswith(".hpp")}
    including = [name for name in sources if name not in chosen and headers & set(
        re.findall(r'^#include "([^"]+)"', (ROOT / name).read_text(), re.M))]
    return sorted(chosen) + including[:MOST]


def findings(source, build):
    done = run("clang-tidy", "-p", str(build), "--quiet", source)
    found = [line.replace(f"{ROOT}/", "") for line in done.stdout.splitlines() if re.search(r": (warning|error): ", line)]
    if done.returncode and not found:
        found = [(done.stdout + done.stderr).strip() or f"exit status {done.returncode}"]
    return source, found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--base")
    parser.add_argument("--junit")
    parser.add_argument("files", nargs="*")
    options = parser.parse_args()
    sources = compiled()
    names = options.files or (None if options.all else changed(options.base))
    chosen = list(sources) if names is None else selection(names, sources)
    suite = ET.Element("testsuite", name="tidy")
    seen = set()
    with ThreadPoolExecutor(2) as pool:
        for source, found in pool.map(findings, chosen, [sources[source] for source in chosen]):
            case = ET.SubElement(suite, "testcase", classname="tidy", name=source)
            new = [line for line in found if line not in seen]   # a header's finding shows in each file that includes it
            seen.update(new)
            if new:
                ET.SubElement(case, "failure", message=new[0]).text = "\n".join(new)
                print("\n".join(new), file=sys.stderr)
    for source in unchecked(sources):
        problem = f"{source}: no build compiles it"
        seen.add(problem)
        case = ET.SubElement(suite, "testcase", classname="tidy", name=source)
        ET.SubElement(case, "failure", message=problem)
        print(problem, file=sys.stderr)
    if not chosen:
        ET.SubElement(suite, "testcase", classname="tidy", name="no file has changed")
    if options.junit:
        ET.ElementTree(suite).write(options.junit, encoding="unicode")
    print(f"{len(chosen)} files, {len(seen)} findings")
    return 1 if seen else 0


if __name__ == "__main__":
    sys.exit(main())
