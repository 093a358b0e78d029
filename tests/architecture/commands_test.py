#!/usr/bin/env python3
"""What the documentation tells its readers to run is there. (That the README's lines do what they say: tests/package/owner_test.py for
an owner's, tests/smoke/demo_test.py for the demo.)"""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z-]+):(?!=)", MAKEFILE, re.MULTILINE))


def told(text, what):
    """Of what is set as code, in line or indented, whatever `what` finds."""
    code = [*re.findall(r"`([^`\n]+)`", text), *re.findall(r"^    (.*)$", text, re.MULTILINE)]
    return [found for piece in code for found in re.findall(what, piece.partition("#")[0])]


class Commands(unittest.TestCase):
    def test_a_developer_is_told_of_two_commands(self):
        readme = (ROOT / "README.md").read_text()
        section = re.search(r"^## Two commands\n(.*?)^## ", readme, re.MULTILINE | re.DOTALL).group(1)
        self.assertEqual(re.findall(r"^    make (\S+)", section, re.MULTILINE), ["demo", "check"])

    def test_each_target_of_make_exists(self):
        for page in PAGES:
            with self.subTest(page=page.name):
                self.assertEqual(set(told(page.read_text(), r"\bmake ([a-z-]+)")) - TARGETS, set())

    def test_no_target_ends_well_before_its_end(self):
        """A recipe is one script: `make coverage` once found its tools installed, and went home."""
        self.assertNotIn("exit 0", MAKEFILE)

    def test_each_page_and_file_exists(self):
        """Of a name with a folder, from the top or from the page's own folder."""
        for page in PAGES:
            with self.subTest(page=page.name):
                names = set(told(page.read_text(), r"^((?:docs|tests|debian|sim|guide|decisions|monitoring|\.\.)/[\w./-]+)$"))
                missing = {name for name in names if not any((top / name).exists() for top in (ROOT, page.parent, ROOT / "docs"))}
                self.assertEqual(missing, set())


if __name__ == "__main__":
    unittest.main()
