"""Each program has a man page, and the page has each option of its --help."""

import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))
from rig import BUILD  # noqa: E402

PAGES = pathlib.Path(__file__).resolve().parents[2] / "docs/man"
OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")


class Man(unittest.TestCase):
    def test_each_page_of_a_program_has_each_of_its_options(self):
        pages = sorted(PAGES.glob("*.[18].scd"))
        self.assertTrue(pages)
        for page in pages:
            with self.subTest(page=page.name):
                program = BUILD / "bin" / page.name.split(".")[0]
                words = subprocess.run([program, "--help"], text=True, capture_output=True, check=True).stdout
                options = set(OPTION.findall(words)) - {"--help", "--version"}
                self.assertTrue(options)
                self.assertEqual(options - set(OPTION.findall(page.read_text())), set())


if __name__ == "__main__":
    unittest.main()
