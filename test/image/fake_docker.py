#!/usr/bin/env python3
"""A docker command line for the tests of the scripts in docker/. $FAKE_DOCKER is a folder:

  images/NAME   the images, as JSON: comment, labels     registry   exists: pulls succeed
  calls         the arguments of each call, one a line   archive    exists: the stage `archive` can be built
  rootfs/       the files of every image
"""
import json
import os
import subprocess
import sys
from pathlib import Path

STATE = Path(os.environ["FAKE_DOCKER"])


def image(name):
    return STATE / "images" / name.replace("/", "_")


def store(name, **properties):
    image(name).parent.mkdir(exist_ok=True)
    image(name).write_text(json.dumps(properties))


def inspect(template, name):
    try:
        found = json.loads(image(name).read_text())
    except FileNotFoundError:
        sys.exit(f"Error: No such image: {name}")
    match template:
        case "{{.Comment}}":
            print(found.get("comment", ""))
        case '{{index .Config.Labels "bgplb.checked"}}':
            print(found.get("labels", {}).get("bgplb.checked", ""))


def build(words):
    options = list(zip(words, words[1:]))
    arguments = dict(value.split("=", 1) for option, value in options if option == "--build-arg")
    named = dict(options)
    if named.get("--target") == "archive" and not (STATE / "archive").exists():
        sys.exit("E: Failed to fetch http://deb.example.org/debian/dists/trixie/InRelease")
    if not image(arguments["BASE"]).exists():
        sys.exit(f"no image {arguments['BASE']}")
    if "-t" in named:
        store(named["-t"], labels={"bgplb.checked": arguments["CHECKED"]})


def main(words):
    with (STATE / "calls").open("a") as calls:
        print(*words, file=calls)
    match words:
        case ["version", *_]:
            print("26.1")
        case ["image", "inspect", "--format", template, name]:
            inspect(template, name)
        case ["image", "inspect", name]:
            inspect("", name)
        case ["pull", "-q", name]:
            if not (STATE / "registry").exists():
                sys.exit("no registry answers")
            store(name)
        case ["import", "-", name]:
            sys.stdin.buffer.read()
            store(name, comment="Imported from -")
        case ["build", *rest]:
            build(rest)
        case ["create", _]:
            print("container1")
        case ["export", "container1"]:
            subprocess.run(["tar", "-C", STATE / "rootfs", "-c", "."], check=True)
        case ["rm", "container1"]:
            pass
        case _:
            sys.exit(f"fake docker: unknown call {words}")


if __name__ == "__main__":
    main(sys.argv[1:])
