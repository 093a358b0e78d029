#!/usr/bin/env python3
"""ntsbox-provision as its users meet it: exit codes, words, JSON, and manners towards others."""

import contextlib
import json
import os
import pathlib
import pty
import signal
import shutil
import subprocess
import unittest

import kill_test
from kill_test import CHANGED, FIRST, NOBODY, ROLLBACK, STATE, UNINSTALL, Scratch, everything, make_tree, provision
from rig import become_root, wait_until

PLAN = ["plan", *FIRST[2:]]
CONF = "etc/chrony/chrony.conf"
METRICS = "var/lib/prometheus/node-exporter/ntsbox.prom"


class Command(Scratch):
    def setUp(self):
        super().setUp()
        os.chmod(self.folder, 0o755)
        self.tree = self.folder / "tree"
        make_tree(self.tree)
        self.before = everything(self.tree)

    def run_it(self, words, status, *says, **options):
        result = provision(self.tree, words, **options)
        self.assertEqual(result.returncode, status, result.stdout)
        for words_said in says:
            self.assertIn(words_said, result.stdout)
        return result.stdout

    def test_a_plan_shows_all_and_changes_nothing(self):
        output = self.run_it(PLAN, 3, f"+++ /{CONF}", "-pool 2.debian.pool.ntp.org iburst", "Nothing was changed")
        self.assertNotIn("\x1b", output)
        self.assertEqual(everything(self.tree), self.before)
        self.assertFalse((self.tree / STATE).exists())

    def test_a_plan_is_json_for_machines(self):
        result = subprocess.run([kill_test.PROGRAM, *PLAN, "--json", "--root", self.tree], stdout=subprocess.PIPE)
        self.assertEqual(result.returncode, 3)
        told = json.loads(result.stdout)
        self.assertIn("/" + CONF, [change["path"] for change in told["changes"]])
        self.assertTrue(all(change["why"] for change in told["changes"]), told)

    def test_runs_answer_machines_in_json(self):
        def ask(*words):
            result = subprocess.run([kill_test.PROGRAM, *words, "--json", "--root", self.tree], stdout=subprocess.PIPE,
                                    stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
            return result.returncode, json.loads(result.stdout)
        status, told = ask(*FIRST)
        self.assertEqual((status, told["exit"], told["generation"], told["verify"]), (0, 0, 1, None))
        self.assertIn("/" + CONF, told["changed"])
        status, told = ask(*FIRST)
        self.assertEqual((status, told["generation"], told["changed"]), (0, 0, []))
        status, told = ask(*UNINSTALL)
        self.assertEqual((status, told["taken_back"]), (0, [1]))
        self.assertIn("/etc/ntsbox/pki/server.key", told["kept"])

    def test_a_second_run_changes_nothing_and_says_so(self):
        self.run_it(FIRST, 0, "rollback")
        stamps = {path: path.lstat() for path in self.tree.rglob("*")}
        self.run_it(FIRST, 0, "Nothing to do")
        self.run_it(["--yes", "--offline"], 0, "Nothing to do")  # the settings are remembered
        self.run_it(["plan"], 0, "Nothing to do")
        after = {path: path.lstat() for path in self.tree.rglob("*")}
        self.assertEqual({path: (each.st_ino, each.st_mtime_ns, each.st_ctime_ns) for path, each in stamps.items()},
                         {path: (each.st_ino, each.st_mtime_ns, each.st_ctime_ns) for path, each in after.items()})

    def test_an_image_for_many_boxes_gets_its_key_at_the_first_boot(self):
        mark, result = (self.tree / STATE / name for name in ("pending", "result.json"))
        self.run_it([*FIRST, "--keys-at-first-boot"], 0, "NTS waits for its certificate")
        self.assertTrue(mark.exists())
        self.assertFalse((self.tree / "etc/ntsbox/pki/server.key").exists())
        self.assertEqual(provision(self.tree, ["resume"]).returncode, 5)  # no chronyd is here to say that all is well
        self.assertTrue((self.tree / "etc/ntsbox/pki/server.key").exists())
        self.assertIn("ntsservercert", (self.tree / CONF).read_text())
        told = json.loads(result.read_text())
        self.assertEqual((told["exit"], told["finished"], told["verify"]["verdict"]), (5, False, "failed"))
        self.assertIn("not finished yet", result.with_name("result.txt").read_text())
        self.assertTrue(mark.exists())
        self.run_it([*UNINSTALL, "--keys"], 0)
        self.assertEqual(everything(self.tree), self.before)
        self.assertFalse((self.tree / STATE).exists())

    def test_keys_at_the_first_boot_are_for_images(self):
        done = subprocess.run([kill_test.PROGRAM, "plan", "--keys-at-first-boot"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 2, done.stderr)
        self.assertIn("--root", done.stderr)

    def test_what_waits_for_a_boot_is_marked_for_as_long_as_there_is_a_box(self):
        boot = self.tree / "boot/firmware"
        boot.mkdir(parents=True)
        (boot / "config.txt").write_text("[all]\n")
        (boot / "cmdline.txt").write_text("console=serial0,115200 console=tty1 rootwait\n")
        with_boot = everything(self.tree)
        words = ["apply", "--yes", "--offline", "--airgap", "--board", "pi4", "--name", "box.example"]
        self.run_it(words, 4, "result.txt")
        self.assertTrue((self.tree / STATE / "pending").exists())
        self.run_it(words, 0, "Nothing to do")
        self.assertTrue((self.tree / STATE / "pending").exists())
        self.run_it(ROLLBACK, 0)
        self.assertEqual(everything(self.tree), with_boot)
        self.assertFalse((self.tree / STATE).exists())

    def test_after_the_boot_nothing_is_done_that_no_run_left(self):
        self.run_it(FIRST, 0)
        done = everything(self.tree)
        self.run_it(["resume"], 0, "nothing is left to do")
        self.assertEqual(everything(self.tree), done)

    def test_a_run_that_was_cut_short_is_not_finished_behind_the_owners_back(self):
        self.run_it([*FIRST, "--keys-at-first-boot"], 0)
        (self.tree / STATE / "1/done").unlink()
        before = everything(self.tree)
        self.run_it(["resume"], 1, "cut short")
        self.assertEqual(everything(self.tree), before)

    def test_rolling_back_goes_on_to_the_first_state(self):
        self.run_it(FIRST, 0)
        once = everything(self.tree)
        self.run_it(CHANGED, 0)
        self.assertNotEqual(everything(self.tree), once)
        self.run_it(ROLLBACK, 0)
        self.assertEqual(everything(self.tree), once)
        self.run_it(ROLLBACK, 0, "key")
        self.assertEqual(everything(self.tree), self.before)
        self.run_it(ROLLBACK, 0, "nothing to roll back")

    def test_uninstalling_leaves_the_master_copies_until_told_otherwise(self):
        self.run_it(FIRST, 0)
        self.run_it(CHANGED, 0)
        self.run_it(UNINSTALL, 0, "/etc/ntsbox/pki/server.key: stays")
        left = {path for path in everything(self.tree) if path not in self.before}
        self.assertEqual(left, {"etc/ntsbox/pki", "etc/ntsbox/pki/server.key", "etc/ntsbox/pki/server.crt"})
        self.run_it([*UNINSTALL, "--keys"], 0, "removed")
        self.assertEqual(everything(self.tree), self.before)

    def test_uninstalling_with_the_keys_is_as_if_it_had_never_been(self):
        self.run_it(FIRST, 0)
        self.run_it(CHANGED, 0)
        metrics = self.tree / METRICS
        metrics.parent.mkdir(parents=True)
        metrics.write_text("ntsbox_verdict 0\n")
        self.run_it([*UNINSTALL, "--keys"], 0)
        self.assertFalse(metrics.exists(), "the last verdict would stand for ever")
        shutil.rmtree(self.tree / "var/lib/prometheus")
        self.assertEqual(everything(self.tree), self.before)

    def test_a_file_that_somebody_edited_stays(self):
        self.run_it(FIRST, 0)
        (self.tree / CONF).write_text("# my own\n")
        self.run_it(CHANGED, 7, f"/{CONF}.ntsbox-new")
        self.assertEqual((self.tree / CONF).read_text(), "# my own\n")
        self.run_it(CHANGED, 7)
        self.run_it(["plan"], 7)
        self.run_it(UNINSTALL, 7, f"/{CONF}")
        self.assertEqual((self.tree / CONF).read_text(), "# my own\n")
        self.assertIn("pool 2.debian", (self.tree / (CONF + ".ntsbox-original")).read_text())

    def test_a_mistake_is_told_with_2(self):
        for words in (["paln"], ["plan", "--rot", "x"], ["plan", "--pps-gpio", "many"], ["rollback", "--allow", "::/0"],
                      ["plan", "--settings", "/etc/none.toml"]):
            with self.subTest(words=words):
                self.run_it(words, 2)
        result = subprocess.run([kill_test.PROGRAM, "plan", "--root", self.folder / "none"], stderr=subprocess.PIPE)
        self.assertEqual(result.returncode, 2)
        self.assertIn(b"No such file", result.stderr)

    def test_help_and_version_are_answers(self):
        self.run_it(["--help"], 0, "Examples:", "rollback", "Exit status")
        self.run_it(["plan", "--help"], 0)
        self.run_it(["--version"], 0, "ntsbox-provision ")

    def test_nobody_there_to_agree_is_no(self):
        for words in (["apply", *FIRST[2:]], FIRST[3:]):
            self.run_it(words, 2, "--yes")
        self.assertEqual(everything(self.tree), self.before)

    def test_somebody_there_is_asked(self):
        for answer, status, same in ((b"n\n", 1, True), (b"\n", 1, True), (b"y\n", 0, False)):
            ours, theirs = pty.openpty()
            child = subprocess.Popen([kill_test.PROGRAM, "apply", *FIRST[2:], "--root", self.tree], stdin=theirs,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            os.write(ours, answer)
            self.assertEqual(child.wait(), status)
            os.close(ours)
            os.close(theirs)
            self.assertEqual(everything(self.tree) == self.before, same)

    def test_colours_are_for_terminals_that_want_them(self):
        for extra, environment, coloured in (([], {}, True), (["--no-color"], {}, False), ([], {"NO_COLOR": "1"}, False)):
            ours, theirs = pty.openpty()
            subprocess.run([kill_test.PROGRAM, *PLAN, *extra, "--root", self.tree], stdin=subprocess.DEVNULL,
                           stdout=theirs, stderr=subprocess.DEVNULL, env={**os.environ, **environment})
            os.close(theirs)
            self.assertEqual(b"\x1b[" in os.read(ours, 65536), coloured)
            os.close(ours)

    def test_what_is_no_longer_wanted_goes(self):
        self.run_it(FIRST, 0)
        once = everything(self.tree)
        self.run_it([*FIRST, "--tune"], 0)
        more = everything(self.tree).keys() - once.keys()
        self.assertTrue(more)
        self.run_it([*FIRST, "--no-tune"], 0)
        self.assertEqual(everything(self.tree), once)

    def test_where_files_have_no_modes_none_are_asked_for(self):
        # FAT, as far as the program can see: strace makes each fstatfs(2) say so.
        log = self.folder / "trace"
        fat = ["strace", "-o", log, "-e", "trace=fstatfs,fchown,fchmod", "-e",
               "inject=fstatfs:poke_exit=@arg2=444d000000000000"]
        for words, says in ((FIRST, "Done"), (FIRST, "Nothing to do"), (ROLLBACK, "Rolled back")):
            result = provision(self.tree, words, *fat)
            self.assertEqual(result.returncode, 0, result.stdout)
            self.assertIn(says, result.stdout)
            self.assertIn("MSDOS_SUPER_MAGIC", log.read_text())
            self.assertNotRegex(log.read_text(), r"fchown|fchmod")
        contents = [{path: entry[4] for path, entry in each.items()} for each in (everything(self.tree), self.before)]
        self.assertEqual(*contents)

    def test_only_root_may_write(self):
        # Another user may have no way to the build, and gets a copy.
        theirs = {"user": NOBODY, "program": shutil.copy(kill_test.PROGRAM, self.folder)}
        self.run_it(FIRST, 77, "root", **theirs)
        self.run_it(FIRST, 0)
        self.run_it(["plan"], 77, "root", **theirs)

    def test_an_interrupt_has_the_run_taken_back(self):
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            slow = subprocess.Popen(["strace", "-o", "/dev/null", "-e", "trace=fsync", "-e",
                                     "inject=fsync:delay_enter=20000", kill_test.PROGRAM, *FIRST, "--root", self.tree],
                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            wait_until((self.tree / "etc/ntsbox/pki").exists, 30, "the first changes")
            child = int(pathlib.Path(f"/proc/{slow.pid}/task/{slow.pid}/children").read_text().split()[0])
            os.kill(child, number)
            output, _ = slow.communicate()
            self.assertEqual(slow.returncode, 1, output)
            self.assertIn(b"interrupted", output)
            self.assertEqual(everything(self.tree), self.before)

    def test_of_many_at_once_one_works(self):
        every = [subprocess.Popen([kill_test.PROGRAM, *FIRST, "--root", self.tree], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) for _ in range(20)]
        outputs = [each.communicate()[0] for each in every]
        done = [output for each, output in zip(every, outputs) if each.returncode == 0]
        for each, output in zip(every, outputs):
            if each.returncode != 0:
                self.assertEqual(each.returncode, 1)
                self.assertIn("another ntsbox-provision is running", output)
        self.assertEqual(len([output for output in done if "generation 1" in output]), 1)
        self.assertEqual(os.listdir(self.tree / STATE), ["1"])

    def test_a_full_disk_leaves_all_as_it_was(self):
        mount = self.folder / "small"
        mount.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", mount], check=True)
        self.addCleanup(subprocess.run, ["umount", mount], check=True)
        self.tree = mount / "tree"
        make_tree(self.tree)
        before = everything(self.tree)
        filler = mount / "filler"
        for spare in range(0, 64, 4):
            with open(filler, "wb", buffering=0) as full, contextlib.suppress(OSError):
                while True:
                    full.write(b"x" * 4096)
            os.truncate(filler, max(0, filler.stat().st_size // 4096 * 4096 - spare * 1024))
            result = provision(self.tree, FIRST)
            if result.returncode == 0:
                break
            self.assertEqual(result.returncode, 1, result.stdout)
            self.assertIn("No space left", result.stdout)
            self.assertEqual(everything(self.tree), before)
        self.assertGreater(spare, 0)


if __name__ == "__main__":
    if os.geteuid() != 0:
        become_root()
    unittest.main(verbosity=2)
