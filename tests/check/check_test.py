#!/usr/bin/env python3
"""The tools of `make check` and `make check-all`."""

import contextlib
import io
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import check
import check_all
import tidy
import unit

HERE = pathlib.Path(__file__).resolve().parent


class Scratch(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="ntsbox-check-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def program(self, name, text):
        path = self.folder / name
        path.write_text(text)
        path.chmod(0o755)
        return path


def test_of(name, **properties):
    return {"name": name, "properties": [{"name": key, "value": value} for key, value in properties.items()]}


def record_of(name, waited):
    return {"name": name, "waited": waited}


class Chain(unittest.TestCase):
    RECORDS = [record_of("a", 30), record_of("b", 35), record_of("c", 20), record_of("d", 33)]

    def test_without_dependencies_it_is_the_test_that_waits_longest(self):
        tests = [test_of(name) for name in "abcd"]
        self.assertEqual(check.longest_chain(tests, self.RECORDS), (35, ["b"]))

    def test_a_lock_a_fixture_and_an_order_make_chains(self):
        for tests in ([test_of("a", RESOURCE_LOCK=["x"]), test_of("c", RESOURCE_LOCK=["x"])],
                      [test_of("a", FIXTURES_SETUP=["x"]), test_of("c", FIXTURES_REQUIRED=["x"])],
                      [test_of("a"), test_of("c", DEPENDS=["a"])]):
            with self.subTest(tests=tests):
                self.assertEqual(check.longest_chain([*tests, test_of("b"), test_of("d")], self.RECORDS), (50, ["a", "c"]))

    def test_chains_that_share_a_test_are_one(self):
        tests = [test_of("a", RESOURCE_LOCK=["x"]), test_of("b", RESOURCE_LOCK=["x", "y"]), test_of("c", RESOURCE_LOCK=["y"])]
        self.assertEqual(check.longest_chain(tests, self.RECORDS), (85, ["a", "b", "c"]))


class Meter(unittest.TestCase):
    def test_it_counts_the_time_of_children_and_not_of_sleep(self):
        with check.Meter() as meter:
            status = meter.run("sh", "-c", f"{sys.executable} -c 'import time\nwhile time.process_time() < 0.5: pass'; sleep 0.5; exit 3")
        self.assertEqual(status, 3)
        self.assertGreater(meter.cpu, 0.5)
        self.assertGreater(meter.wall, meter.cpu)


class Record(Scratch):
    def test_a_test_leaves_a_record_and_its_exit_status(self):
        records = self.folder / "records"
        ran = subprocess.run([sys.executable, "-B", HERE / "record.py", "--nice", "a name", "sh", "-c", "nice; exit 5"],
                             env={**os.environ, "NTSBOX_RECORDS": str(records)}, stdout=subprocess.PIPE, text=True)
        self.assertEqual(ran.returncode, 5)
        record = json.loads(records.read_text())
        self.assertEqual((record["name"], record["status"]), ("a name", 5))
        self.assertEqual(int(ran.stdout), min(19, os.nice(0) + 3))

    def test_it_waits_while_it_sleeps_and_not_while_it_computes(self):
        records = self.folder / "records"
        busy = "import time; exec('while time.process_time() < 1: pass'); time.sleep(3)"
        program = f"import subprocess, threading\nthreading.Thread(target=subprocess.run, args=([{sys.executable!r}, '-c', {busy!r}],)).start()"
        subprocess.run([sys.executable, "-B", HERE / "record.py", "a name", sys.executable, "-c", program],
                       env={**os.environ, "NTSBOX_RECORDS": str(records)}, check=True)
        record = json.loads(records.read_text())
        self.assertAlmostEqual(record["waited"], 3, delta=1.2)
        self.assertAlmostEqual(record["cpu"], 1, delta=0.5)


CATCH = """#!/bin/sh
case $1 in
--list-test-names-only) printf 'one\\ntwo, with a comma\\nthree [brackets]\\n';;
--input-file) cp "$2" {folder}/asked; cat {folder}/answer; exit $(cat {folder}/status);;
esac
"""


class Unit(Scratch):
    def answer(self, text, status=0):
        (self.folder / "answer").write_text(text)
        (self.folder / "status").write_text(str(status))
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            code = unit.main(str(self.program("catch", CATCH.replace("{folder}", str(self.folder)))), "1", "1")
        return code, said.getvalue()

    def test_each_case_is_in_one_share(self):
        names = [str(number) for number in range(10)]
        shares = [unit.share_of(names, share, 3) for share in (1, 2, 3)]
        self.assertEqual(sorted(sum(shares, [])), names)

    def test_all_cases_pass(self):
        code, _ = self.answer("0.001 s: one\n0.002 s: a section\n0.002 s: two, with a comma\n0.1 s: three [brackets]\n")
        self.assertEqual(code, 0)
        self.assertEqual((self.folder / "asked").read_text(), '"one"\n"two\\, with a comma"\n"three \\[brackets\\]"\n')

    def test_a_case_that_never_ran_is_a_failure(self):
        code, said = self.answer("0.001 s: one\n0.002 s: two, with a comma\n")
        self.assertEqual(code, 1)
        self.assertIn("1 of 3 test cases did not end, the first is: three [brackets]", said)

    def test_the_case_in_which_the_program_died_is_named(self):
        code, said = self.answer("0.001 s: one\n==1==ERROR: AddressSanitizer\n", 1)
        self.assertEqual(code, 1)
        self.assertIn("the first is: two, with a comma", said)


class Tidy(Scratch):
    def test_a_source_is_read_again_when_what_it_includes_has_changed(self):
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)
        for name, text in {"base/a.h": "", "base/b.h": '#include "base/a.h"\n', "base/c.cc": '#include <map>\n#include "b.h"\n'}.items():
            pathlib.Path(name).parent.mkdir(exist_ok=True)
            pathlib.Path(name).write_text(text)
        before = tidy.digest_of("base/c.cc", "clang-tidy 14")
        self.assertEqual(tidy.digest_of("base/c.cc", "clang-tidy 14"), before)
        self.assertNotEqual(tidy.digest_of("base/c.cc", "clang-tidy 19"), before)
        pathlib.Path("base/a.h").write_text("int a;")
        self.assertNotEqual(tidy.digest_of("base/c.cc", "clang-tidy 14"), before)


class CheckAll(Scratch):
    def setUp(self):
        super().setUp()
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)
        for name in ("driver/core/bridge.cc", "tests/fuzz/bridge.cc", "docs/page.md", "Makefile"):
            pathlib.Path(name).parent.mkdir(parents=True, exist_ok=True)
            pathlib.Path(name).write_text(name)

    def digest(self, target):
        return check_all.hash_of(check_all.TARGETS[target], check_all.files())

    def test_a_change_of_an_input_makes_a_target_run_again(self):
        before = {target: self.digest(target) for target in ("check", "fuzz", "check-kill")}
        pathlib.Path("tests/fuzz/bridge.cc").write_text("changed")
        changed = {target for target, digest in before.items() if self.digest(target) != digest}
        self.assertEqual(changed, {"check", "fuzz"})

    def test_every_target_reads_what_it_builds(self):
        for target in check_all.TARGETS:
            with self.subTest(target):
                before = self.digest(target)
                pathlib.Path("driver/core/bridge.cc").write_text(target)
                self.assertNotEqual(self.digest(target), before)

    def test_what_passed_is_remembered(self):
        path = self.folder / "kept/passed.json"
        passed = check_all.Passed(path)
        self.assertIsNone(passed.seconds("fuzz", "a hash"))
        passed.add("fuzz", "a hash", 12.3)
        again = check_all.Passed(path)
        self.assertEqual(again.seconds("fuzz", "a hash"), 12)
        self.assertIsNone(again.seconds("fuzz", "another hash"))

    def run_all(self, *targets):
        make = self.program("make", "#!/bin/sh\necho \"$2\" >> ran\ncase $2 in fuzz) exit 1;; check-pi) echo 'no emulator'; "
                            "echo 'make: *** [Makefile:1: check-pi] Error 77'; exit 2;; esac\n")
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            status = check_all.main(str(make), *targets)
        return status, said.getvalue()

    def test_a_failure_stops_nothing_and_what_passed_does_not_run_again(self):
        status, said = self.run_all("cppcheck", "fuzz", "check-pi")
        self.assertEqual(status, 1)
        self.assertRegex(said, r"cppcheck +passed ")
        self.assertRegex(said, r"fuzz +FAILED .*exit status 1")
        self.assertRegex(said, r"check-pi +cannot run here .*no emulator")
        self.run_all("cppcheck", "fuzz", "check-pi")
        self.assertEqual(pathlib.Path("ran").read_text().split(), ["cppcheck", "fuzz", "check-pi", "fuzz", "check-pi"])

    def test_the_makefile_has_each_target(self):
        makefile = (HERE.parents[1] / "Makefile").read_text()
        for target in check_all.TARGETS:
            self.assertRegex(makefile, rf"(?m)^{target}:", target)


if __name__ == "__main__":
    unittest.main(verbosity=2)
