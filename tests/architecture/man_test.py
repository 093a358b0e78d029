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


def help_of(program, *words):
    """What stands there of flags and verbs."""
    words = subprocess.run([BUILD / "bin" / program, *words, "--help"], text=True, capture_output=True, check=True).stdout
    return words.partition("Examples:")[0]


def verbs_in(text):
    return re.findall(r"^  ([a-z]+) {2,}", text.partition("Subcommands:")[2], re.MULTILINE)


class Pps(unittest.TestCase):
    """It has verbs, with flags of their own."""

    PAGE = (PAGES / "ntsbox-pps.1.scd").read_text()

    def test_its_page_has_each_verb_and_each_flag_of_it_and_no_other(self):
        verbs = verbs_in(help_of("ntsbox-pps"))
        part = self.PAGE.partition("# COMMANDS")[2].partition("# OUTPUTS")[0]
        self.assertEqual(verbs, re.findall(r"^\*([a-z]+)\*", part, re.MULTILINE))
        texts = [help_of("ntsbox-pps"), *(help_of("ntsbox-pps", verb) for verb in verbs)]
        self.assertEqual({flag for text in texts for flag in OPTION.findall(text)}, set(OPTION.findall(self.PAGE)))


class Provision(unittest.TestCase):
    """It has verbs, with flags of their own."""

    PAGE = (PAGES / "ntsbox-provision.8.scd").read_text()

    def commands(self):
        main = [[verb] for verb in verbs_in(help_of("ntsbox-provision")) if verb != "ca"]
        return main + [["ca", verb] for verb in verbs_in(help_of("ntsbox-provision", "ca"))]

    def test_its_page_has_each_verb_and_no_other(self):
        part = self.PAGE.partition("# VERBS")[2].partition("# OPTIONS")[0]
        told = re.findall(r"^\*([a-z ]+)\*(?:, \*([a-z ]+)\*)?", part, re.MULTILINE)
        self.assertEqual({" ".join(words) for words in self.commands()}, {verb for line in told for verb in line if verb})

    def test_its_page_has_each_flag_of_each_verb_and_no_other(self):
        texts = [help_of("ntsbox-provision"), *(help_of("ntsbox-provision", *words) for words in self.commands())]
        self.assertEqual({flag for text in texts for flag in OPTION.findall(text)}, set(OPTION.findall(self.PAGE)))

    def test_the_page_of_its_settings_has_each_key_with_its_default(self):
        rows = [line.rsplit(" ", 1)[0].split(" ", 1) for line in settings_table()]
        page = (PAGES / "provision.toml.5.scd").read_text()
        self.assertEqual(rows, [list(row) for row in re.findall(r"^\*(\w+)\* = (.*)$", page, re.MULTILINE)])

    def test_each_setting_is_a_flag_of_plan(self):
        self.assertEqual({line.rsplit(" ", 1)[1] for line in settings_table()} - set(OPTION.findall(help_of("ntsbox-provision", "plan"))
                         + OPTION.findall(help_of("ntsbox-provision"))), set())


def settings_table():
    """The settings of ntsbox-provision: key, default and flag, a line each."""
    done = subprocess.run([BUILD / "bin/provision_settings", "table"], text=True, capture_output=True, check=True)
    return done.stdout.splitlines()


if __name__ == "__main__":
    unittest.main()
