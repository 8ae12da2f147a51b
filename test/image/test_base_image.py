"""docker/lib/base-image.sh: from where the base image comes, and under which name."""
import unittest

from scripts import ROOT, DockerTest

SOURCED = """set -euo pipefail
. docker/lib/common.sh; . docker/lib/base-image.sh
mmdebstrap_image() { echo files | docker import - "$2"; }
"""


class BaseImage(DockerTest):
    def script(self, commands):
        """Runs commands after sourcing base-image.sh. No package is downloaded."""
        return self.succeeds("bash", "-c", f"cd {ROOT}\n{SOURCED}{commands}", **self.environment)

    def ensure(self):
        return self.script("ensure_base_image trixie; base_image trixie").strip()

    def test_a_registry_has_debians_image(self):
        self.answers("registry")
        self.assertEqual(self.ensure(), "debian:trixie-slim")

    def test_without_a_registry_our_image_has_its_own_name(self):
        self.assertEqual(self.ensure(), "bgplb-base:trixie")
        self.assertEqual(self.images(), ["bgplb-base:trixie"])

    def test_each_image_is_obtained_once(self):
        self.ensure()
        self.answers("registry")
        self.assertEqual(self.ensure(), "bgplb-base:trixie")
        self.assertEqual(self.calls("pull"), ["pull -q debian:trixie-slim"])

    def test_debians_image_is_used_without_a_registry(self):
        """Pulled earlier, or loaded from a file."""
        self.has("debian:trixie-slim", comment="debuerreotype 0.15")
        self.assertEqual(self.ensure(), "debian:trixie-slim")
        self.assertEqual(self.calls("pull"), [])

    def test_an_imported_image_with_debians_name_is_not_used(self):
        """Earlier versions gave Debian's name to the image that they had made."""
        self.has("debian:trixie-slim", comment="Imported from -")
        self.assertEqual(self.ensure(), "bgplb-base:trixie")
        self.assertEqual(self.images(), ["bgplb-base:trixie", "debian:trixie-slim"])   # it is not ours to remove

    def test_a_registry_replaces_an_imported_image_with_debians_name(self):
        self.has("debian:trixie-slim", comment="Imported from -")
        self.answers("registry")
        self.assertEqual(self.ensure(), "debian:trixie-slim")

    def test_the_build_pulls_a_newer_image(self):
        self.has("debian:trixie-slim", comment="debuerreotype 0.15")
        self.answers("registry")
        self.script("update_base_image trixie")
        self.assertEqual(self.calls("pull"), ["pull -q debian:trixie-slim"])

    def test_the_build_goes_on_with_the_older_image(self):
        self.has("debian:trixie-slim", comment="debuerreotype 0.15")
        self.assertEqual(self.script("update_base_image trixie; base_image trixie").strip(), "debian:trixie-slim")

    def test_suites_do_not_share_an_image(self):
        self.ensure()
        self.script("ensure_base_image bookworm")
        self.assertEqual(self.images(), ["bgplb-base:bookworm", "bgplb-base:trixie"])


if __name__ == "__main__":
    unittest.main()
