"""The rules of the documentation. Each takes pages, as {path: text}, and yields each violation as "path:line: text"."""
import json
import posixpath
import re
import shlex

import pages as md

FRONT_PAGE, FRONT_PAGE_LINES = "README.md", 180
PAGE_LINES, LINE_CHARACTERS = 250, 120
COMMANDS = ("sh", "console")
# A block of text is a drawing or an output. Lines with these beginnings are commands, which belong in a tested block.
COMMAND_WORDS = ("docker ", "sudo ", "ip ", "birdc ", "sysctl ", "nft ", "iptables ", "ip6tables ", "systemctl ", "apt-get ",
                 "bgplb status", "$ ")
# A test program or option with Catch2's names or tags, in quotation marks; and a code span that is the name of a test.
PROGRAM_ARGUMENTS = re.compile(r"""(?:\btest_(?:unit|golden|contract|netns)|--tests)((?:\s+(?:"[^"]+"|'[^']+'))+)""")
TEST_NAME = re.compile(r"[A-Z]\w*\.(?:[A-Z]\w*|test_\w+)?\*?|\[\.?[a-z][a-z-]*\]")
# Also commands: variables before a program, and a program of this tree or of its build directory.
TREES_COMMAND = re.compile(r"(?:[A-Z][A-Z0-9_]*=\S*\s+)+\S|(?:build|test|docker/(?:build|demo|lab))(?:/\S|\s|$)")
PLACEHOLDER = re.compile(r"^(\.\.\.|[A-Z][A-Z0-9_]*(:[A-Z0-9.]+)?|REGISTRY/.*|.*<[^>]+>.*)$")


def is_documentation(path):
    return path == FRONT_PAGE or path.startswith("docs/")


def links_resolve(pages, files):
    """Every relative link leads to a file of the tree, and every #anchor to a heading of its page."""
    folders = {posixpath.dirname(path) for path in files}
    for path in [folder for folder in folders]:
        while path:
            path = posixpath.dirname(path)
            folders.add(path)
    for path, text in pages.items():
        for number, target in md.links(text):
            if re.match(r"[a-z][a-z0-9+.-]*:", target):
                continue
            file, _, anchor = target.partition("#")
            linked = posixpath.normpath(posixpath.join(posixpath.dirname(path), file)) if file else path
            if linked not in files and linked not in folders:
                yield f"{path}:{number}: {target}: there is no such file"
            elif anchor and linked in pages and anchor not in md.anchors(pages[linked]):
                yield f"{path}:{number}: {target}: {linked} has no heading with this anchor"


def sizes_are_kept(pages):
    """The front page has at most 180 lines, other pages 250. Lines have at most 120 characters, outside of tables and of code
    that is no command: a drawing, an output, a vendor's configuration."""
    for path, text in pages.items():
        lines, most = len(text.splitlines()), FRONT_PAGE_LINES if path == FRONT_PAGE else PAGE_LINES
        # A changelog grows without limit.
        if path != "CHANGELOG.md" and lines > most:
            yield f"{path}:{lines}: {lines} lines; at most {most} are allowed"
        commands = [(number, line) for block in md.blocks(text) if block.language in COMMANDS
                    for number, line in enumerate(block.lines, block.line + 1)]
        for number, line in md.prose(text) + commands:
            if len(line) > LINE_CHARACTERS and not line.lstrip().startswith("|"):
                yield f"{path}:{number}: {len(line)} characters; at most {LINE_CHARACTERS} are allowed outside of tables"


def code_is_fenced(pages):
    """Every block of code is fenced: an indented block has no language, so its commands could not be checked."""
    for path, text in pages.items():
        previous, item = "", 0   # item: the indentation of the text of the current list item
        for number, line in md.prose(text):
            if line.strip() and not line.startswith(" "):
                marker = re.match(r"([-*+]|\d+[.)])\s+", line)
                item = marker.end() if marker else 0
            indent = len(line) - len(line.lstrip())
            if line.strip() and not previous.strip() and indent >= item + 4:
                yield f"{path}:{number}: a block of code without a fence"
            previous = line


def commands_are_tested(pages, sources):
    """Every block of commands is run by a test; every other block of code is tested or marked as a vendor's syntax.
    `sources` is {path: text} of all files that a block may name as its test."""
    for path, text in pages.items():
        if not is_documentation(path):
            continue
        names = []
        for block in md.blocks(text):
            at = f"{path}:{block.line}"
            if not block.language:
                yield f"{at}: a block without a language (sh, console, text, ...)"
                continue
            if block.language == "text":
                for number, line in enumerate(block.lines, block.line + 1):
                    if line.strip().startswith(COMMAND_WORDS) or TREES_COMMAND.match(line.strip()):
                        yield f"{path}:{number}: a command in a block of text: {line.strip()}"
                continue
            promised = md.promise(block.comment)
            if promised is None:
                yield (f"{at}: a block of {block.language} without <!-- tested: PATH --> or <!-- vendor syntax --> directly "
                       "above it")
                continue
            if block.language in COMMANDS and not promised.tests:
                yield f"{at}: commands are no vendor's syntax: name the test that runs them"
            missing = [test for test in promised.tests if test not in sources]
            yield from (f"{at}: {test}: there is no such file" for test in missing)
            if missing:
                continue
            if promised.name:
                names.append((promised.name, at))
                yield from taken_by_the_test(at, path, promised, sources)
            elif promised.tests:
                yield from found_in_the_tests(at, block, promised, sources)
        for name, at in names:
            if [other for other, _ in names].count(name) > 1:
                yield f"{at}: two blocks of this page are called {name}"


def taken_by_the_test(at, path, promised, sources):
    """The test has a call with the page and the block's name, such as pages.commands("docs/x.md", "name"). The page may be a
    constant of the test."""
    for test in promised.tests:
        text = sources[test]
        constants = [re.escape(name) for name, value in constants_of(text).items() if value == path]
        page = "|".join([rf'"{re.escape(path)}"', *constants])
        if not re.search(rf'\(\s*(?:{page}),\s*"{re.escape(promised.name)}"', text):
            yield f"{at}: {test} does not take the block {promised.name} out of {path}"


def found_in_the_tests(at, block, promised, sources):
    """One function of a test contains all words of each command."""
    parts = [part for test in promised.tests for part in functions(test, sources)]
    for line in md.command_lines(block.text):
        words = significant(line)
        lacking = [[word for word in words if not has_word(part, word)] for part in parts]
        best = min(lacking, key=len, default=words)
        if best or not words:
            yield f"{at}: no function of {', '.join(promised.tests)} has all words of: {line} (missing: {' '.join(best)})"


def significant(line):
    """The words of a command that a test must contain: no placeholders; an option and its value are separate words."""
    lexer = shlex.shlex(line.replace("$(", " ( "), posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = "#"
    words = []
    for token in lexer:
        for word in token.split("=", 1) if re.match(r"[-\w.]+=", token) else [token]:
            if re.search(r"\w", word) and not PLACEHOLDER.match(word):
                words.append(word)
    return words


def has_word(text, word):
    return re.search(rf"(?<![A-Za-z0-9_]){re.escape(word)}(?![A-Za-z0-9_])", text) is not None


def functions(path, sources):
    """The functions of a Python or shell file, each with the constants that it uses; any other file as a whole."""
    text = sources[path]
    if path.endswith(".py"):
        folder = posixpath.dirname(path)
        constants = {name: value for other, body in sources.items()
                     if other.endswith(".py") and posixpath.dirname(other) == folder
                     for name, value in constants_of(body).items()}
        for part in re.split(r"(?m)^(?=\s*(?:def|class) )", text):
            used = [value for name, value in constants.items() if has_word(part, name)]
            yield "\n".join([part, *used])
    else:
        yield from re.split(r"(?m)^(?=\w+\(\) [{(])", text)


def constants_of(text):
    return dict(re.findall(r'(?m)^([A-Z][A-Z0-9_]*) = "([^"\n]*)"', text))


# -- the pages match the program

def log_messages_exist(page, text, sources):
    """The program contains every message that the page explains. Capital letters and "..." stand for varying text."""
    written = literals("".join(body for path, body in sources.items() if path.startswith("controller/")))
    varying = re.compile(r"\.\.\.|: |F:L:C|IPvN|\b(?:[A-Z]|PATH|DEV|PEER|NAME)\b")
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("| `"):
            continue
        for _, message in md.CODE_SPAN.findall(line.split(" | ")[0]):
            fragments = [part.strip(" :;,=()|").replace("\\", "") for part in varying.split(message)]
            for part in fragments:
                if len(part) > 2 and not any(part in one for one in written):
                    yield f"{page}:{number}: the program never writes \"{part}\""


def warnings_are_explained(page, text, sources):
    """The page explains every message of level warning and error: it contains at least one fixed fragment of each."""
    call = re.compile(r'(?:log::(?:warning|error)\(|Level::(?:Warning|Error),\s*(?:fmt::format\()?)\s*"((?:[^"\\\n]|\\.)*)"')
    for path, body in sources.items():
        if not re.match(r"controller/.*\.[ch]pp$", path):
            continue
        for message in call.findall(re.sub(r'"\s*\n\s*"', "", body)):
            fragments = [part.strip(" :;,.()") for part in re.split(r"\{[^{}]*\}|[;:] ", message.replace('\\"', '"'))]
            words = [part for part in fragments if len(part) > 7]
            if words and not any(part in text for part in words):
                yield f"{page}: the message \"{message}\" of {path} is not explained"


def literals(text):
    """The string literals of C++ code, adjacent ones joined, split at the replacement fields of fmt."""
    text = re.sub(r"(?m)(^|\s)//.*$", r"\1", text)
    joined = re.sub(r'"\s*\n\s*"', "", text)
    found = []
    for literal in re.findall(r'"((?:[^"\\\n]|\\.)*)"', joined):
        found += re.split(r"\{[^{}]*\}", literal.replace('\\"', '"'))
    return found


def states_are_explained(page, text, sources):
    for state in re.findall(r'return "([a-z-]+)";', sources["controller/core/readiness.cpp"]):
        if state != "unknown" and f"`{state}`" not in text:
            yield f"{page}: the state {state} of a backend is not explained"


GUARANTEES = "docs/security.md"


def tests_exist(page, text, sources):
    """Each test that the last column of a table names exists, in C++ or Python; `*` stands for the rest of the name. On the page
    of the guarantees, each numbered row names a test."""
    names = test_names(sources)
    for number, line in enumerate(text.splitlines(), 1):
        if not re.match(r"\| \d+ \|", line):
            continue
        tests = re.findall(r"`([^`]+)`", line.split("|")[-2])
        if page == GUARANTEES and not tests:
            yield f"{page}:{number}: this row names no test"
        for test in tests:
            if not selects(test, names):
                yield f"{page}:{number}: there is no test {test}"


def filters_select_tests(pages, sources):
    """Each name and each tag with which a page starts a test program, or which it names in a code span, selects a test."""
    names = test_names(sources)
    for path, text in pages.items():
        for number, line in enumerate(text.splitlines(), 1):
            found = [one for quoted in PROGRAM_ARGUMENTS.findall(line) for one in re.findall(r"[\"']([^\"']+)[\"']", quoted)]
            found += [span for _, span in md.CODE_SPAN.findall(line) if TEST_NAME.fullmatch(span)]
            for test in found:
                if not all(selects(part, names) for part in re.findall(r"\[[^\]]+\]|[^\[\]]+", test)):
                    yield f"{path}:{number}: {test} selects no test"


def test_names(sources):
    """The names of the tests in C++ and Python, and Catch2's tags in square brackets."""
    names = set()
    for path, body in sources.items():
        if re.match(r"test/.*\.cpp$", path):
            for name, tags in re.findall(r'TEST_CASE\(\s*"([^"]+)"(?:,\s*"([^"]+)")?', body):
                names.update([name, *re.findall(r"\[[^\]]+\]", tags)])
        elif re.match(r"test/.*\.py$", path):
            for part in re.split(r"(?m)^class ", body)[1:]:
                name = re.match(r"\w+", part)[0]
                names.update(f"{name}.{test}" for test in re.findall(r"(?m)^    def (test_\w+)", part))
    return names


def selects(test, names):
    return any(name.startswith(test[:-1]) if test.endswith("*") else name == test for name in names)


def fuzzers_are_listed(page, text, sources):
    """The table names each fuzzer, and each fuzzer that it names exists."""
    listed = {row.split("|")[-2].strip().strip("`"): number for number, row in enumerate(text.splitlines(), 1)
              if re.match(r"\|.*\| `\w+` \|$", row) and row.count("|") == 5}
    built = {match[1] for match in (re.fullmatch(r"test/fuzz/fuzz_(\w+)\.cpp", path) for path in sources) if match}
    for target in sorted(built - set(listed)):
        yield f"{page}: the fuzzer {target} is not in the table"
    for target in sorted(set(listed) - built):
        yield f"{page}:{listed[target]}: there is no fuzzer {target}"


def settings_are_listed(page, text, sources):
    for setting in json.loads(sources["plugin-rootfs/config.json"])["env"]:
        if not has_word(text, setting["name"]):
            yield f"{page}: the setting {setting['name']} is not listed"
