"""What bash offers for a word that is begun."""

import os
import pathlib
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))
from rig import BUILD, ROOT  # noqa: E402

ASK = """
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_ntsbox
printf '%s\\n' "${COMPREPLY[@]}"
"""


def offered(*words):
    path = f"{BUILD / 'bin'}:{os.environ['PATH']}"
    done = subprocess.run(["bash", "-euc", ASK, "bash", ROOT / "docs/completion/ntsbox.bash", *words], check=True,
                          capture_output=True, text=True, cwd=ROOT, env={**os.environ, "PATH": path})
    return done.stdout.split()


class Completion(unittest.TestCase):
    def test_a_verb(self):
        self.assertEqual(offered("ntsbox-provision", "ver"), ["verify"])

    def test_an_option_of_the_program(self):
        self.assertEqual(offered("ntsbox-provision", "plan", "--air"), ["--airgap"])
        self.assertEqual(offered("ntsboxd", "--rep"), ["--replay"])

    def test_an_option_of_the_verb_alone(self):
        self.assertIn("--keys", offered("ntsbox-provision", "uninstall", "--"))
        self.assertNotIn("--keys", offered("ntsbox-provision", "plan", "--"))

    def test_a_file_where_a_value_stands(self):
        self.assertEqual(offered("ntsboxd", "--replay", "READ"), ["README.md"])
        self.assertEqual(offered("ntsbox-provision", "trust", "READ"), ["README.md"])

    def test_nothing_where_nothing_fits(self):
        self.assertEqual(offered("ntsbox-provision", "--frobnicate"), [])


if __name__ == "__main__":
    unittest.main()
