"""Parses Markdown pages: fenced blocks, headings, links. The checker reads all pages with this module. Tests read the commands of
a page with it, so that they run exactly the commands of the page."""
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

FENCE = re.compile(r"^(\s*)(`{3,}|~{3,})\s*([\w+-]*)\s*$")
COMMENT = re.compile(r"^\s*<!--\s*(.*?)\s*-->\s*$")
HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*\s*$")
LINK = re.compile(r"\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
REFERENCE = re.compile(r"^\[[^\]]+\]:\s+(\S+)")
ATTRIBUTE = re.compile(r"\b(?:href|src)=\"([^\"]+)\"")
EXPLICIT_ANCHOR = re.compile(r"<a\s+(?:id|name)=\"([^\"]+)\"")
CODE_SPAN = re.compile(r"(`+)(.+?)\1")


@dataclass
class Block:
    line: int          # of the opening fence, from 1
    language: str
    comment: str       # the HTML comment directly above, without its marks
    lines: list        # without the indentation of the fence

    @property
    def text(self):
        return "".join(line + "\n" for line in self.lines)


def blocks(text):
    """The fenced blocks, in order. A block without a closing fence ends with the page."""
    found, opened, fence, above = [], None, None, ""
    for number, line in enumerate(text.splitlines(), 1):
        if opened is not None:
            if line.strip().startswith(fence[1]) and not line.strip().strip(fence[1][0]):
                opened = None
                continue
            opened.lines.append(line.removeprefix(fence[0]))
            continue
        match = FENCE.match(line)
        if match:
            fence = match[1], match[2]
            comment = COMMENT.match(above)
            opened = Block(number, match[3], comment[1] if comment else "", [])
            found.append(opened)
        elif line.strip():
            above = line
        else:
            above = ""
    return found


def prose(text):
    """(number, line) of the lines outside of fenced blocks."""
    inside = {}
    for block in blocks(text):
        for number in range(block.line, block.line + len(block.lines) + 2):
            inside[number] = True
    return [(number, line) for number, line in enumerate(text.splitlines(), 1) if number not in inside]


def slug(heading):
    """GitHub's anchor of a heading."""
    words = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading)
    words = re.sub(r"<[^>]+>|[`*]", "", words).strip().lower()
    return re.sub(r"[^\w\- ]", "", words).replace(" ", "-")


def anchors(text):
    found, seen = set(), {}
    for _, line in prose(text):
        match = HEADING.match(line)
        if match:
            name = slug(match[1])
            again = seen.get(name, 0)
            seen[name] = again + 1
            found.add(f"{name}-{again}" if again else name)
        found.update(EXPLICIT_ANCHOR.findall(line))
    return found


def links(text):
    """(line number, target) of every link and picture outside of code."""
    found = []
    for number, line in prose(text):
        line = CODE_SPAN.sub("", line)
        targets = LINK.findall(line) + ATTRIBUTE.findall(line) + REFERENCE.findall(line)
        found += [(number, target) for target in targets]
    return found


# -- the comment above a block

@dataclass
class Promise:
    vendor: bool
    tests: list        # paths
    name: str          # of the block, if a test reads it from the page


def promise(comment):
    """From "tested: PATH, PATH", "tested: PATH NAME", "vendor syntax" or "vendor syntax, tested: ..."; None from any other text."""
    match = re.fullmatch(r"(vendor syntax)?(?:,\s*)?(?:tested:\s*(.+))?", comment)
    if not comment or not match or not (match[1] or match[2]):
        return None
    tests, name = [], ""
    for part in (match[2] or "").split(","):
        words = part.split()
        if words:
            tests.append(words[0])
            name = words[1] if len(words) > 1 else name
    return Promise(bool(match[1]), tests, name)


def block(page, name, root=ROOT):
    """The block with this name; KeyError if the page has none."""
    for candidate in blocks((Path(root) / page).read_text()):
        promised = promise(candidate.comment)
        if promised and promised.name == name:
            return candidate
    raise KeyError(f"{page} has no block called {name}")


def command_lines(text):
    """The commands of a block, one per line: continued lines are joined, comments and blank lines are removed."""
    joined = re.sub(r"\s*\\\n\s*", " ", text)
    stripped = (line.strip().removeprefix("$ ") for line in joined.splitlines())
    return [line for line in stripped if line and not line.startswith("#")]


def commands(page, name, root=ROOT, **replaced):
    """The commands of a block as lists of arguments. `replaced` maps words of the page (examples or placeholders) to
    other arguments: commands(page, "run", IMAGE="web:1")."""
    found = []
    for line in command_lines(block(page, name, root).text):
        words = shlex.split(line, comments=True)
        found.append([replaced.get(word, word) for word in words])
    return found


def command(page, name, **replaced):
    """The only command of a block."""
    one, = commands(page, name, **replaced)
    return one
