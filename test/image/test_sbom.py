"""docker/image/sbom: the SBOM, as the specifications of SPDX 2.3 and of package URLs require it."""
import json
import re
import unittest
from urllib.parse import unquote

from scripts import IMAGE, FolderTest

SBOM = IMAGE / "sbom"
STANZA = """Package: {name}
Status: install ok installed
Maintainer: "Ann \\\\ O'Nym" <a@example.org>
Architecture: amd64
{source}Version: {version}
Description: quoted "text" with a \\
 Package: not-a-package
 Version: 0
Homepage: https://example.org/

"""
OS_RELEASE = 'PRETTY_NAME="Debian GNU/Linux 13 (trixie)"\nVERSION_ID="13"\nID=debian\n'


def stanza(name, version, source=""):
    return STANZA.format(name=name, version=version, source=f"Source: {source}\n" if source else "")


def violations(document):
    """What the specification requires and `document` lacks (clauses 6, 7 and 11)."""
    unknown = "NOASSERTION"
    for field, value in (("spdxVersion", "SPDX-2.3"), ("dataLicense", "CC0-1.0"), ("SPDXID", "SPDXRef-DOCUMENT")):
        if document.get(field) != value:
            yield f"{field} is not {value}"
    if not re.fullmatch(r"[a-z]+://[^#\s]+", document["documentNamespace"]):
        yield "documentNamespace is not a URI without #"
    if not re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", document["creationInfo"]["created"]):
        yield "created is not a time in UTC"
    if not all(re.match(r"(Tool|Organization|Person): \S", creator) for creator in document["creationInfo"]["creators"]):
        yield "a creator is of no kind"
    ids = ["SPDXRef-DOCUMENT"] + [package["SPDXID"] for package in document["packages"]]
    yield from (f"{name} is used twice" for name in set(ids) if ids.count(name) > 1)
    for package in document["packages"]:
        name = package["SPDXID"]
        if not re.fullmatch(r"SPDXRef-[0-9A-Za-z.-]+", name):
            yield f"{name} is not an identifier"
        # A package whose files are not listed needs no verification code.
        if not package["name"] or not package["versionInfo"] or package["filesAnalyzed"] is not False:
            yield f"{name} has no name, version or filesAnalyzed"
        if not re.fullmatch(rf"{unknown}|NONE|[a-z+]+://\S+", package["downloadLocation"]):
            yield f"{name} has no downloadLocation"
        for reference in package.get("externalRefs", []):
            if (reference["referenceCategory"], reference["referenceType"]) != ("PACKAGE-MANAGER", "purl"):
                yield f"{name} has a reference of an unknown type"
            if not re.fullmatch(r"pkg:deb/debian/[0-9a-z.%B-]+@[0-9A-Za-z.~%-]+\?[a-z]+=[^&=]+(&[a-z]+=[^&=]+)*",
                                reference["referenceLocator"]):
                yield f"{name} has no package URL: {reference['referenceLocator']}"
    for relation in document["relationships"]:
        if relation["spdxElementId"] not in ids or relation["relatedSpdxElement"] not in ids:
            yield f"a relationship of an element that does not exist: {relation}"
    if not [relation for relation in document["relationships"]
            if (relation["spdxElementId"], relation["relationshipType"]) == ("SPDXRef-DOCUMENT", "DESCRIBES")]:
        yield "the document describes nothing"


class Sbom(FolderTest):
    def setUp(self):
        super().setUp()
        self.write("etc/os-release", OS_RELEASE)
        self.contains(stanza("libc6", "2.41-12+deb13u5", "glibc"), stanza("zlib1g", "1:1.3.dfsg+really1.3.1-1", "zlib"))
        self.links(stanza("libstdc++-14-dev", "14.2.0-19", "gcc-14"), stanza("libcom-err2", "1.47.2-3+b12", "e2fsprogs (1.47.2-3)"),
                   stanza("zlib1g", "1:1.3.dfsg+really1.3.1-1", "zlib"))

    def contains(self, *packages):
        self.write("var/lib/dpkg/status", "".join(packages))

    def links(self, *packages):
        self.write("usr/share/doc/bgplb/linked", "".join(packages))

    def document(self, version="bgplb 1.2.3", epoch="1764247104"):
        self.succeeds(SBOM, self.folder, version, SOURCE_DATE_EPOCH=epoch)
        return json.loads((self.folder / "usr/share/doc/bgplb/bgplb.spdx.json").read_text())

    def test_the_specification_is_met(self):
        self.assertEqual(list(violations(self.document())), [])

    def test_the_product(self):
        document = self.document()
        product = document["packages"][0]
        self.assertEqual((product["name"], product["versionInfo"], product["licenseDeclared"]), ("docker-bgp-lb", "1.2.3", "Apache-2.0"))
        self.assertEqual(document["creationInfo"]["created"], "2025-11-27T12:38:24Z")

    def test_each_package_is_listed_once(self):
        names = sorted(package["name"] for package in self.document()["packages"])
        self.assertEqual(names, ["docker-bgp-lb", "libc6", "libcom-err2", "libstdc++-14-dev", "zlib1g"])

    def test_how_the_product_contains_each(self):
        document = self.document()
        names = {package["SPDXID"]: package["name"] for package in document["packages"]}
        related = sorted((relation["relationshipType"], names[relation["relatedSpdxElement"]]) for relation in document["relationships"]
                         if relation["spdxElementId"] == "SPDXRef-bgplb")
        self.assertEqual(related, [("CONTAINS", "libc6"), ("CONTAINS", "zlib1g"), ("STATIC_LINK", "libcom-err2"),
                                   ("STATIC_LINK", "libstdc++-14-dev"), ("STATIC_LINK", "zlib1g")])

    def test_files_without_a_blank_line_at_the_end(self):
        self.contains(stanza("libc6", "2.41-12", "glibc").rstrip() + "\n")
        self.links(stanza("libmnl-dev", "1.0.5-3", "libmnl").rstrip() + "\n")
        related = [relation["relationshipType"] for relation in self.document()["relationships"]]
        self.assertEqual(related, ["DESCRIBES", "CONTAINS", "STATIC_LINK"])

    def test_the_package_url_and_the_source(self):
        found = {package["name"]: package for package in self.document()["packages"]}
        urls = {name: package["externalRefs"][0]["referenceLocator"] for name, package in found.items() if "externalRefs" in package}
        self.assertEqual(urls["libstdc++-14-dev"],
                         "pkg:deb/debian/libstdc%2B%2B-14-dev@14.2.0-19?arch=amd64&distro=debian-13&upstream=gcc-14%4014.2.0-19")
        self.assertEqual(unquote(urls["zlib1g"]).split("?")[0], "pkg:deb/debian/zlib1g@1:1.3.dfsg+really1.3.1-1")
        self.assertEqual(found["libcom-err2"]["sourceInfo"], "built package from: e2fsprogs 1.47.2-3")
        self.assertEqual(found["zlib1g"]["sourceInfo"], "built package from: zlib 1:1.3.dfsg+really1.3.1-1")

    def test_where_the_licence_is(self):
        found = {package["name"]: package.get("licenseComments") for package in self.document()["packages"]}
        self.assertEqual(found["libc6"], "/usr/share/doc/libc6/copyright")
        self.assertEqual(found["libstdc++-14-dev"], "/usr/share/doc/libstdc++-14-dev/copyright.gz")   # record-packages --linked

    def test_equal_contents_give_equal_documents(self):
        first = self.document()
        self.assertEqual(self.document(), first)
        self.assertNotEqual(self.document(epoch="1")["documentNamespace"], first["documentNamespace"])
        self.contains(stanza("libc6", "2.41-13", "glibc"))
        self.assertNotEqual(self.document()["documentNamespace"], first["documentNamespace"])

    def test_a_name_that_json_would_have_to_escape_is_an_error(self):
        self.contains(stanza('a"b', "1"))
        self.fails('invalid name: a"b', SBOM, self.folder, "1.0")

    def test_two_packages_with_one_identifier_are_an_error(self):
        self.contains(stanza("a+", "1"), stanza("a-", "1"))
        self.fails("two packages have the identifier SPDXRef-deb-a--amd64", SBOM, self.folder, "1.0")

    def test_a_failure_leaves_no_document(self):
        self.contains(stanza("a", ""))
        self.fails("invalid version of a", SBOM, self.folder, "1.0")
        self.assertFalse((self.folder / "usr/share/doc/bgplb/bgplb.spdx.json").exists())


class Specification(unittest.TestCase):
    """The check above detects each kind of violation."""

    def test_violations(self):
        package = {"SPDXID": "SPDXRef-a+", "name": "a", "versionInfo": "", "filesAnalyzed": False, "downloadLocation": "?",
                   "externalRefs": [{"referenceCategory": "PACKAGE-MANAGER", "referenceType": "purl", "referenceLocator": "pkg:deb/a"}]}
        document = {"spdxVersion": "SPDX-2.2", "dataLicense": "CC0-1.0", "SPDXID": "SPDXRef-DOCUMENT", "documentNamespace": "a#b",
                    "creationInfo": {"created": "today", "creators": ["me"]}, "packages": [package, package],
                    "relationships": [{"spdxElementId": "SPDXRef-b", "relationshipType": "CONTAINS", "relatedSpdxElement": "SPDXRef-a+"}]}
        found = "\n".join(violations(document))
        for part in ("spdxVersion", "documentNamespace", "created", "creator", "SPDXRef-a+ is used twice", "not an identifier",
                     "has no name", "no downloadLocation", "no package URL", "does not exist", "describes nothing"):
            self.assertIn(part, found)


if __name__ == "__main__":
    unittest.main()
