"""The installed plugin: what scanners see of it, and its programs in memory."""
import json
import re

from base import LabTest
from test_sbom import violations


class InstalledImage(LabTest):
    def setUp(self):
        super().setUp()
        self.root = f"/var/lib/docker/plugins/{self.host.plugin_id()}/rootfs"

    def test_scanners_see_the_packages(self):
        """dpkg reads the status as scanners do, and its versions are those of the programs."""
        listed = self.host.run("dpkg-query", f"--admindir={self.root}/var/lib/dpkg", "-W", "-f", "${Package} ${Version}\n")
        versions = dict(line.split() for line in listed.splitlines())
        self.assertLessEqual({"bird2", "iptables", "nftables", "libc6", "libxtables12"}, set(versions))
        for package in versions:
            self.host.run("test", "-s", f"{self.root}/usr/share/doc/{package}/copyright")
        for package, program in (("bird2", "bird"), ("nftables", "nft"), ("iptables", "iptables-nft")):
            printed = self.host.sh(f"chroot {self.root} /usr/sbin/{program} --version 2>&1")
            version, = re.findall(r"\d+\.\d+(?:\.\d+)?", printed)[:1]
            self.assertTrue(versions[package].startswith(version), (versions[package], printed))

    def test_the_sbom(self):
        document = json.loads(self.host.run("cat", f"{self.root}/usr/share/doc/bgplb/bgplb.spdx.json"))
        self.assertEqual(list(violations(document)), [])
        names = {package["name"] for package in document["packages"]}
        self.assertLessEqual({"docker-bgp-lb", "bird2", "libmnl-dev", "libfmt-dev", "libc6-dev"}, names)

    def test_our_programs_in_memory(self):
        """Loaded at a random address; what the loader has relocated is read-only, and no memory is writable and executable."""
        for name in ("bgplb-init", "bgplb"):
            maps = self.host.run("cat", f"/proc/{self.host.plugin_pid(name)}/maps").splitlines()
            ours = [line.split() for line in maps if line.endswith(f"/usr/bin/{name}")]
            self.assertGreaterEqual(len(ours), 4, maps)
            self.assertGreater(int(ours[0][0].split("-")[0], 16), 0x10000000, maps)   # not at ld's 0x400000
            kinds = [words[1] for words in ours]
            self.assertIn("r--p", kinds[kinds.index("r-xp") + 2:], maps)   # RELRO, behind code and constants
            self.assertEqual([line for line in maps if re.search(" [r-]wx", line)], [])
