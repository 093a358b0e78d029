"""What bash and zsh offer for a word that is begun."""

import os
import pathlib
import re
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

# An interactive shell on a terminal of its own: the line, a tab, and a key that tells what the line is then.
ASK_ZSH = """
zmodload zsh/zpty
TERM=dumb zpty shell zsh -f -i
zpty -w shell "PS1= fpath=($1 \\$fpath); autoload -Uz compinit; compinit -u -D; setopt no_beep
    tell() { zle -I; print -r -- \\"<\\$BUFFER>\\" }; zle -N tell; bindkey '^X' tell; print rea''dy"
zpty -r -m shell said '*ready*'
zpty -w -n shell "$2"$'\\t\\x18'
zpty -r -m shell said '*<*>*'
print -r -- "$said"
"""


def asked(*command):
    path = f"{BUILD / 'bin'}:{os.environ['PATH']}"
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT, timeout=120,
                          env={**os.environ, "PATH": path}).stdout


def offered(*words):
    return asked("bash", "-euc", ASK, "bash", ROOT / "docs/completion/ntsbox.bash", *words).split()


def completed(line):
    return re.search("<(.*)>", asked("zsh", "-fec", ASK_ZSH, "zsh", ROOT / "docs/completion", line))[1].rstrip()


class Zsh(unittest.TestCase):
    def test_a_verb_an_option_or_a_file(self):
        for begun, whole in (("ntsbox-provision ver", "ntsbox-provision verify"),
                             ("ntsbox-provision plan --air", "ntsbox-provision plan --airgap"),
                             ("ntsbox-provision bundle --out", "ntsbox-provision bundle --output"),
                             ("ntsboxd --replay READ", "ntsboxd --replay README.md"),
                             ("ntsbox-provision trust READ", "ntsbox-provision trust README.md"),
                             ("ntsbox-provision --frobnicate", "ntsbox-provision --frobnicate")):
            with self.subTest(begun):
                self.assertEqual(completed(begun), whole)


class Bash(unittest.TestCase):
    def test_a_verb(self):
        self.assertEqual(offered("ntsbox-provision", "ver"), ["verify"])

    def test_an_option_of_the_program(self):
        self.assertEqual(offered("ntsbox-provision", "plan", "--air"), ["--airgap"])
        self.assertEqual(offered("ntsboxd", "--rep"), ["--replay"])
        self.assertEqual(offered("ntsbox-report", "--his"), ["--history"])

    def test_each_setting(self):
        rows = asked(BUILD / "bin/provision_settings", "table").splitlines()
        self.assertEqual({row.rsplit(" ", 1)[1] for row in rows} - set(offered("ntsbox-provision", "plan", "--")), set())

    def test_an_option_of_the_verb_alone(self):
        self.assertIn("--keys", offered("ntsbox-provision", "uninstall", "--"))
        self.assertNotIn("--keys", offered("ntsbox-provision", "plan", "--"))

    def test_the_bench(self):
        self.assertEqual(offered("ntsbox-pps", "comp"), ["compare"])
        self.assertEqual(offered("ntsbox-pps", "compare", "--pat"), ["--patience"])

    def test_a_file_where_a_value_stands(self):
        self.assertEqual(offered("ntsboxd", "--replay", "READ"), ["README.md"])
        self.assertEqual(offered("ntsbox-provision", "trust", "READ"), ["README.md"])
        self.assertEqual(offered("ntsbox-report", "--output", "READ"), ["README.md"])

    def test_nothing_where_nothing_fits(self):
        self.assertEqual(offered("ntsbox-provision", "--frobnicate"), [])


if __name__ == "__main__":
    unittest.main()
