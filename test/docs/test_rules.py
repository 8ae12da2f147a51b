"""Tests each rule with small pages: one that conforms, and one for each kind of violation."""
import unittest

import pages as md
import rules


def fenced(language, *lines, comment=None):
    return ([f"<!-- {comment} -->"] if comment else []) + [f"```{language}", *lines, "```"]


def page(*lines):
    return "\n".join(lines) + "\n"


class Case(unittest.TestCase):
    def fine(self, found):
        self.assertEqual(list(found), [])

    def wrong(self, found, *words):
        found = list(found)
        self.assertEqual(len(found), 1, found)
        for word in words:
            self.assertIn(word, found[0])


class Links(Case):
    def check(self, text, **more):
        pages = {"README.md": text, "docs/a.md": page("# The `A` page", "## Part", "## Part"), **more}
        return rules.links_resolve(pages, {*pages, "docs/x/y.svg"})

    def test_links_that_resolve(self):
        self.fine(self.check(page("# Top", "[a](docs/a.md) [b](docs/a.md#the-a-page) [c](#top) [d](docs/a.md#part-1)",
                                  "![p](docs/x/y.svg) [e](https://example.net/#x) [f](docs/x)", "`[code](nowhere.md)`")))

    def test_a_missing_file(self):
        self.wrong(self.check("[a](docs/b.md)\n"), "README.md:1", "docs/b.md")
        self.wrong(self.check("[a]: docs/b.md\n"), "docs/b.md")
        self.wrong(self.check('<img src="docs/b.svg">\n'), "docs/b.svg")
        self.wrong(self.check("![demo](demo.svg)\n"), "demo.svg")

    def test_a_missing_anchor(self):
        self.wrong(self.check(page("", "[a](docs/a.md#prat)")), "README.md:2", "no heading")
        self.wrong(self.check("[a](#nowhere)\n"), "no heading")

    def test_a_link_is_relative_to_its_page(self):
        self.wrong(self.check("", **{"docs/x/b.md": "[a](a.md)\n"}), "docs/x/b.md:1")
        self.fine(self.check("", **{"docs/x/b.md": "[a](../a.md)\n"}))

    def test_a_comment_inside_a_block_is_no_heading(self):
        self.wrong(self.check(page("[a](#part)", *fenced("sh", "# part"))), "no heading")


class Sizes(Case):
    def test_lengths_of_pages(self):
        self.fine(rules.sizes_are_kept({"README.md": "x\n" * 180, "docs/a.md": "x\n" * 250, "CHANGELOG.md": "x\n" * 900}))
        self.wrong(rules.sizes_are_kept({"README.md": "x\n" * 181}), "181 lines", "180")
        self.wrong(rules.sizes_are_kept({"docs/a.md": "x\n" * 251}), "251 lines")

    def test_lengths_of_lines(self):
        long = "x" * 121
        self.fine(rules.sizes_are_kept({"docs/a.md": page("x" * 120, f"| {long} |", *fenced("text", long))}))
        self.wrong(rules.sizes_are_kept({"docs/a.md": page("", long)}), "docs/a.md:2", "121")
        self.wrong(rules.sizes_are_kept({"docs/a.md": page("x", *fenced("sh", "", long))}), "docs/a.md:4", "121")


class Fences(Case):
    def test_an_indented_block_is_refused(self):
        self.wrong(rules.code_is_fenced({"a.md": page("Run:", "", "    docker ps")}), "a.md:3")
        self.wrong(rules.code_is_fenced({"a.md": page("- Run:", "", "      docker ps")}), "a.md:3")
        self.fine(rules.code_is_fenced({"a.md": page("1. Run it.", "", "      And more.")}))
        self.fine(rules.code_is_fenced({"a.md": page("- Run it.", "", "  And more.", *fenced("sh", "", "    docker ps"))}))

    def test_a_fence_needs_a_language(self):
        self.wrong(rules.commands_are_tested({"docs/a.md": page(*fenced("", "docker ps"))}, {}), "without a language")


class Commands(Case):
    test = 'NAME = "bgplb:latest"\n\ndef one(host):\n    host.run("docker", "rm", "-f", NAME)\n\ndef two(host):\n    host.run("ls")\n'

    def check(self, *lines, path="docs/a.md", **sources):
        return rules.commands_are_tested({path: page(*lines)}, {"test/t.py": self.test, **sources})

    def test_all_words_in_one_function(self):
        self.fine(self.check(*fenced("sh", "# a comment", "docker rm \\", "  -f bgplb:latest   # and why", comment="tested: test/t.py")))
        self.fine(self.check(*fenced("sh", "docker rm -f IMAGE", comment="tested: test/t.py")))

    def test_a_word_that_the_test_lacks(self):
        self.wrong(self.check(*fenced("sh", "docker rm -v bgplb:latest", comment="tested: test/t.py")), "docs/a.md:2", "missing: -v")
        self.wrong(self.check(*fenced("sh", "docker rm -f bgplb:late", comment="tested: test/t.py")), "bgplb:late")

    def test_words_of_two_functions(self):
        self.wrong(self.check(*fenced("sh", "docker rm ls", comment="tested: test/t.py")), "missing")

    def test_the_value_of_an_option(self):
        script = {"test/t": "clean() {\n  docker run --name web\n}\n"}
        self.fine(self.check(*fenced("sh", "docker run --name=web", comment="tested: test/t"), **script))
        self.wrong(self.check(*fenced("sh", "docker run --name=web1", comment="tested: test/t"), **script), "web1")

    def test_the_second_command_counts_too(self):
        self.wrong(self.check(*fenced("sh", "docker rm", "docker ps", comment="tested: test/t.py")), "docker ps")

    def test_a_block_without_a_promise(self):
        self.wrong(self.check(*fenced("sh", "docker rm")), "without <!--")
        self.wrong(self.check("<!-- tested: test/t.py -->", "", *fenced("sh", "docker rm")), "without <!--")
        self.wrong(self.check(*fenced("sh", "docker rm", comment="tested by hand")), "without <!--")

    def test_vendor_syntax(self):
        self.fine(self.check(*fenced("frr", "router bgp 1", comment="vendor syntax")))
        self.wrong(self.check(*fenced("frr", "router bgp 1")), "without <!--")
        self.wrong(self.check(*fenced("sh", "docker rm", comment="vendor syntax")), "no vendor's")

    def test_a_test_that_does_not_exist(self):
        self.wrong(self.check(*fenced("sh", "docker rm", comment="tested: test/u.py")), "test/u.py", "no such file")
        self.wrong(self.check(*fenced("frr", "router", comment="vendor syntax, tested: test/u.py x")), "no such file")

    def test_a_block_that_the_test_reads(self):
        block = fenced("sh", "docker ps", comment="tested: test/u.py ps")
        take = {"test/u.py": 'pages.command("docs/a.md", "ps")\n'}
        constant = {"test/u.py": 'PAGE = "docs/a.md"\npages.command(PAGE, "ps")\n'}
        self.fine(self.check(*block, **take))
        self.fine(self.check(*block, **constant))
        self.wrong(self.check(*block, path="docs/b.md", **take), "does not take")
        self.wrong(self.check(*block, path="docs/b.md", **constant), "does not take")
        self.wrong(self.check(*block, **{"test/u.py": 'pages.command("docs/a.md", "other")\n'}), "does not take")
        self.assertEqual(len(list(self.check(*block, *block, **take))), 2)   # the name is ambiguous

    def test_a_command_in_a_block_of_text(self):
        self.fine(self.check(*fenced("text", "PEER  AS")))
        self.wrong(self.check(*fenced("text", "PEER  AS", "docker rm -f x")), "docs/a.md:3")
        self.wrong(self.check(*fenced("text", "UPDATE_X=1 LOG= program")), "UPDATE_X=1")
        self.wrong(self.check(*fenced("text", "build/test/test_unit")), "build/test")
        self.wrong(self.check(*fenced("text", "  test/run unit   # why")), "test/run")
        self.wrong(self.check(*fenced("text", "docker/demo down")), "docker/demo")
        self.fine(self.check(*fenced("text", "X=1", "a test/run", "| test |  build |", "docker/plugin_*")))

    def test_pages_that_are_not_documentation(self):
        self.fine(self.check(*fenced("sh", "docker ps"), path="test/README.md"))


class Program(Case):
    code = {"controller/a.cpp": 'log::error("routing: {}", text);\n// "only a comment"\n'
                                'fmt::format("BIRD hangs, killing "\n            "it (pid {})", pid);\n'}

    def messages(self, row):
        return rules.log_messages_exist("docs/log.md", page("| message | meaning |", row), self.code)

    def test_messages(self):
        self.fine(self.messages("| `routing: ...: BIRD hangs, killing it (pid N)` | `this is not one` |"))
        self.wrong(self.messages("| `routing: BIRD hung, killed (pid N)` | |"), "docs/log.md:2", "BIRD hung, killed")
        self.wrong(self.messages("| `only a comment` | |"), "only a comment")

    def test_warnings(self):
        code = {"controller/a.cpp": 'log::error("bird: {}: BIRD hangs, "\n   "killing it", a);\nlog::info("all is well: {}", b);\n'
                                    'say(log::Level::Warning, fmt::format("docker: no answer from {}", c));\n',
                "test/a.cpp": 'log::error("a test\'s own message");'}
        both = "| `bird: ...: BIRD hangs, killing it` | |\n| `docker: no answer from E` | |\n"
        self.fine(rules.warnings_are_explained("docs/log.md", both, code))
        self.wrong(rules.warnings_are_explained("docs/log.md", both.replace("no answer from", "silence of"), code),
                   "docs/log.md: the message", "no answer from {}", "controller/a.cpp")
        self.wrong(rules.warnings_are_explained("docs/log.md", both.replace("hangs", "hung"), code), "BIRD hangs, killing it")

    def test_states(self):
        code = {"controller/core/readiness.cpp": 'case A: return "ready";\ncase B: return "held-down";\nreturn "unknown";\n'}
        self.fine(rules.states_are_explained("docs/a.md", "`ready` `held-down`", code))
        self.wrong(rules.states_are_explained("docs/a.md", "`ready` held-down", code), "held-down")

    def test_settings(self):
        code = {"plugin-rootfs/config.json": '{"env": [{"name": "GR_TIME"}]}'}
        self.fine(rules.settings_are_listed("docs/a.md", "| GR_TIME |", code))
        self.wrong(rules.settings_are_listed("docs/a.md", "| MAX_GR_TIME |", code), "GR_TIME")

    def test_tests(self):
        code = {"test/a_test.cpp": 'TEST_CASE("A.Works_Always") {\n',
                "test/image/test_b.py": "class B(Case):\n    def test_one(self):\n        pass\n\n\nclass C(Case):\n    def test_two(self):\n"}
        self.fine(rules.tests_exist("docs/a.md", "| 1 | a threat | a guarantee | `A.Works*`, `A.Works_Always` |\n| 2 | x | `y` | |", code))
        self.wrong(rules.tests_exist("docs/a.md", "| 1 | a | b | `A.Work` |", code), "docs/a.md:1", "A.Work")
        self.fine(rules.tests_exist("docs/a.md", "| 1 | a | b | `B.test_one`, `C.test_*` |", code))
        self.wrong(rules.tests_exist("docs/a.md", "| 1 | a | b | `B.test_two` |", code), "docs/a.md:1", "B.test_two")

    def test_filters(self):
        code = {"test/a_test.cpp": 'TEST_CASE("A.Works_Always", "[netns][.slow]") {\n\nTEST_CASE(\n    "A.Long") {\n'}

        def check(*lines):
            return rules.filters_select_tests({"test/README.md": page(*lines)}, code)

        self.fine(check(*fenced("sh", 'build/test/test_unit "A.Works*" # "x"', "X=1 test_netns '[netns]' \"A.Long\"",
                                'test_netns "[netns][.slow]"', 'test/kernels --tests "A.*" 5.10'), "`A.*` `[.slow]` `A.b`"))
        self.wrong(check(*fenced("sh", 'build/test/test_unit "[work]"  # a tag')), "test/README.md:2", "[work] selects no test")
        self.wrong(check(*fenced("text", "test_netns 'B.*'")), "B.*")
        self.wrong(check(*fenced("sh", "test/kernels --tests 'B.*' 5.10")), "B.*")
        self.wrong(check('Run `test_netns "[netns][fast]"`.'), "[netns][fast]")
        self.wrong(check("Run `A.Work`."), "A.Work")
        self.wrong(check("Run `[.fast]`."), "[.fast]")

    def test_each_guarantee_has_a_test(self):
        code = {"test/a_test.cpp": 'TEST_CASE("A.Works") {\n'}
        table = "| | threat | guarantee | test |\n|---|---|---|---|\n| 1 | a | b | `A.Works` |\n| 2 | `c` | d | |\n"
        self.fine(rules.tests_exist("docs/a.md", table, code))
        self.wrong(rules.tests_exist("docs/security.md", table, code), "docs/security.md:4", "no test")

    def test_fuzzers(self):
        code = {"test/fuzz/fuzz_one.cpp": "", "test/fuzz/fuzz.hpp": ""}
        self.fine(rules.fuzzers_are_listed("a.md", "| `in` | from | `one/two` | `one` |\n| `file` | what |", code))
        self.wrong(rules.fuzzers_are_listed("a.md", "| input | from | reader | target |", code), "fuzzer one")
        self.wrong(rules.fuzzers_are_listed("a.md", "| a | b | c | `one` |\n| a | b | c | `two` |", code), "a.md:2", "two")


class Markdown(Case):
    def test_commands(self):
        text = page(*fenced("sh", "# why", "docker run \\", "    -e 'A=b c' IMAGE  # more", "", "docker ps", comment="tested: test/t.py run"))
        block, = md.blocks(text)
        self.assertEqual(md.command_lines(block.text), ["docker run -e 'A=b c' IMAGE  # more", "docker ps"])
        self.assertEqual((block.line, block.language, block.comment), (2, "sh", "tested: test/t.py run"))

    def test_a_block_inside_a_list(self):
        block, = md.blocks(page("- Limit:", "", *("  " + line for line in fenced("sh", "ls", comment="tested: t x"))))
        self.assertEqual((block.comment, block.lines), ("tested: t x", ["ls"]))

    def test_anchors(self):
        self.assertEqual(md.slug("`vip0`, [the](x.md) interface!"), "vip0-the-interface")
        self.assertEqual(md.slug("Docker 28 needs *routed* mode"), "docker-28-needs-routed-mode")


if __name__ == "__main__":
    unittest.main()
