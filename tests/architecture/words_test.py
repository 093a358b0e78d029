#!/usr/bin/env python3
"""Names and phrases that were replaced by the field's terms do not come back into code, tests and developers' pages."""

import pathlib
import re
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDERS = ("base", "certs", "cmake", "contract", "debian", "diagnose", "docs/dev", "driver", "posix", "pps", "provision", "sim", "status", "tests")
FILES = ("CMakeLists.txt", "Makefile", "docs/CONTRIBUTING.md")
# What is compared byte for byte, or lists the words itself.
EXCEPT = re.compile(r"/(golden|corpus|__pycache__)/|words_test\.py$")

# Identifiers, as whole words with their case → what the code says instead.
NAMES = {
    "Comb": "EdgeFilter",
    "Numbering": "SecondLabel",
    "Slot": "Identity",
    "Witness": "KernelClockCheck",
    "Told": "a noun that says what it holds",
    "Spot": "a noun that says what it holds",
    "Story": "Scenario",
    "Feed": "DaemonStatus",
    "whitelist": "validate",
    r"judge_\w+": "check_…, qualify, classify, estimate",
    r"\w*usual_": "what is counted or meant, with its unit",
    r"\w*shaken_": "what is counted or meant, with its unit",
    r"\w*faded_": "what is counted or meant, with its unit",
    r"\w*nameless_": "what is counted or meant, with its unit",
    r"strangers_\w*": "what is counted or meant, with its unit",
}

# Phrases, in any case → the field's term.
PHRASES = {
    r"the (\w+ )?houses?": "module, package",
    r"side doors?": "public header, interface",
    r"of (one mind|two minds)": "consistent, contradicting",
    "tells nothing": "does not run; no status; names no second",
    r"(is|are) nobody's": "belongs to nobody; is not used",
    r"(off|on) the beat": "out of phase, in phase; accepted edge",
    r"the comb": "the edge filter",
    r"(a|the) (stray|rival|tooth)": "off-time edge, candidate phase",
    r"sick (box|boxes)": "faulty server",
    r"the rack": "the client, the Stratum 2",
    r"(runs free|lives) on its (crystal|oscillator)": "holdover",
    "vetted": "checked, verified",
    r"puts? (it )?in service": "activate",
    r"stands? ready": "pending",
    r"(were|was|been|be|is|has|and|can be) taken back": "roll back",
    r"made[- ]up (life|lives)": "simulated scenario",
    r"bad days": "simulated faults",
}


def texts():
    found = [ROOT / name for name in FILES]
    for folder in FOLDERS:
        found += [path for path in (ROOT / folder).rglob("*") if path.is_file()]
    for path in sorted(found):
        name = str(path.relative_to(ROOT))
        if EXCEPT.search("/" + name):
            continue
        try:
            yield name, path.read_text()
        except UnicodeDecodeError:
            continue  # no text


def matcher(patterns, flags):
    """One expression for all of them, since many passes over all files take seconds."""
    return re.compile(rf"\b(?:{'|'.join(f'(?:{pattern})' for pattern in patterns)})(?!\w)", flags), patterns, flags


MATCHERS = (matcher(NAMES, 0), matcher(PHRASES, re.IGNORECASE))


def findings(name, text):
    """Each replaced name or phrase in a text: where, what, and what to write."""
    for expression, patterns, flags in MATCHERS:
        for match in expression.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            instead = next(words for pattern, words in patterns.items() if re.fullmatch(pattern, match.group(), flags))
            yield f'{name}:{line}: "{match.group()}": write {instead}'


class Words(unittest.TestCase):
    def test_replaced_names_and_phrases_do_not_come_back(self):
        seen = list(texts())
        self.assertGreater(len(seen), 200)
        found = [finding for name, text in seen for finding in findings(name, text)]
        self.assertEqual(found, [], f"{len(found)} of them")

    def test_a_replaced_name_or_phrase_is_found(self):
        for text in ("class Comb {", "read the Houses' rules", "// it is of two minds", "judge_feed(evidence);", "int usual_ = 0;"):
            with self.subTest(text=text):
                self.assertEqual(len(list(findings("made_up.cc", "\n" + text))), 1)

    def test_ordinary_words_are_not(self):
        for text in ("Combine", "a household name", "judgement", "unusual_name", "a standing start", "feeds chronyd"):
            with self.subTest(text=text):
                self.assertEqual(list(findings("made_up.cc", text)), [])


if __name__ == "__main__":
    unittest.main()
