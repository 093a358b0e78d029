"""The release is named in three places: CMakeLists.txt, debian/changelog, and in what the programs say."""

import datetime
import email.utils
import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))
from rig import BUILD, ROOT  # noqa: E402

CMAKE = (ROOT / "CMakeLists.txt").read_text()
CHANGELOG = (ROOT / "debian/changelog").read_text()
VERSION = re.search(r"^project\(ntsbox VERSION (\S+)", CMAKE, re.MULTILINE).group(1)


class Version(unittest.TestCase):
    def test_the_changelog_begins_with_the_version_that_cmake_builds(self):
        self.assertEqual(re.match(r"ntsbox \((\S+)\) ", CHANGELOG).group(1), VERSION)

    def test_the_changelog_has_the_date_that_no_time_may_be_earlier_than(self):
        release = re.search(r'NTSBOX_RELEASE_DATE "(\S+)Z"', CMAKE).group(1)
        signed = re.search(r"^ -- .*>  (.*)$", CHANGELOG, re.MULTILINE).group(1)
        self.assertEqual(email.utils.parsedate_to_datetime(signed),
                         datetime.datetime.fromisoformat(release).replace(tzinfo=datetime.timezone.utc))

    def test_each_program_says_it(self):
        programs = sorted(path for path in (BUILD / "bin").glob("ntsbox*") if os.access(path, os.X_OK))
        self.assertTrue(programs)
        for program in programs:
            with self.subTest(program=program.name):
                words = subprocess.run([program, "--version"], text=True, capture_output=True, check=True).stdout
                self.assertIn(VERSION, words.split())


if __name__ == "__main__":
    unittest.main()
