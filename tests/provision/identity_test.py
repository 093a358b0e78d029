#!/usr/bin/env python3
"""renew, request, import, ca, backup and restore as their users meet them: exit codes, words, JSON."""

import contextlib
import json
import os
import pathlib
import pty
import re
import resource
import shutil
import signal
import subprocess
import textwrap
import unittest

import kill_test
from kill_test import FIRST, NOBODY, RENEW, STATE, SWITCH, Scratch, everything, is_pair, make_tree, provision
from rig import ROOT, become_root, wait_until

NEXT = "etc/ntsbox/pki/next"
PHRASE = b"several plain words\n"


class Identity(Scratch):
    def setUp(self):
        super().setUp()
        self.folder.chmod(0o755)
        self.tree = self.machine("tree")
        self.run_it(FIRST, 0)

    def machine(self, name):
        make_tree(self.folder / name)
        return self.folder / name

    def run_it(self, words, status, *says, tree=None, **options):
        result = provision(tree or self.tree, words, **options)
        self.assertEqual(result.returncode, status, result.stdout)
        for words_said in says:
            self.assertIn(words_said, result.stdout)
        return result.stdout

    def ask(self, *words, status=0):
        """What it answers to machines."""
        result = subprocess.run([kill_test.PROGRAM, *words, "--json", "--root", self.tree], stdin=subprocess.DEVNULL,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(result.returncode, status, result.stderr)
        return json.loads(result.stdout)

    def read(self, name):
        return (self.tree / name).read_text()

    def secret(self, name, content=PHRASE):
        (self.folder / name).write_bytes(content)
        return self.folder / name

    def sealed(self, name="backup"):
        self.run_it(["backup", "--output", self.folder / name, "--passphrase-file", self.secret("phrase")], 0)
        return self.folder / name


class Renewed(Identity):
    def test_the_next_one_is_made_once_and_can_be_forgotten(self):
        before = everything(self.tree)
        self.run_it(RENEW, 0, "the active one stays", "renew --switch")
        made = everything(self.tree)
        self.assertEqual(before.items() - made.items(), set())
        self.assertTrue(is_pair(self.tree, NEXT))
        self.run_it(RENEW, 0, "is pending")
        self.assertEqual(everything(self.tree), made)
        self.run_it(["renew", "--abort"], 0, "discarded")
        self.assertFalse((self.tree / NEXT / "server.key").exists())
        self.run_it(["renew", "--abort"], 0, "no next certificate")
        self.run_it(SWITCH, 1, "renew makes it")

    def test_nobody_there_to_agree_switches_nothing(self):
        self.run_it(RENEW, 0)
        made = everything(self.tree)
        self.run_it(["renew", "--switch"], 2, "--yes")
        self.assertEqual(everything(self.tree), made)

    def test_a_run_after_the_switch_has_nothing_to_do_and_a_rollback_undoes_it(self):
        self.run_it(RENEW, 0)
        made = everything(self.tree)
        self.run_it(SWITCH, 0, "In service now", "make a new backup")
        switched = everything(self.tree)
        self.assertEqual(self.read("etc/chrony/nts/server.crt"), made[NEXT + "/server.crt"][4].decode())
        self.assertEqual(self.read("etc/ntsbox/pki/previous/server.key"), made["etc/ntsbox/pki/server.key"][4].decode())
        self.run_it(FIRST, 0, "Nothing to do")
        self.assertEqual(everything(self.tree), switched)
        self.run_it(["rollback", "--yes"], 0, "back in service")
        self.assertEqual(everything(self.tree), made)

    def test_what_was_made_for_other_settings_is_not_served_for_these(self):
        self.run_it(RENEW, 0)
        made = everything(self.tree)
        self.run_it([*RENEW, "--name", "new.example"], 1, "renew --abort")
        self.run_it(["request", "--ca"], 1, "renew --abort")
        self.assertEqual(everything(self.tree), made)

    def test_a_new_name_comes_with_the_next_certificate(self):
        words = [*FIRST, "--name", "new.example"]
        words.remove("box.example")
        words.remove("--name")
        self.run_it(words, 0, "not for new.example")
        bundle = self.folder / "bundle.tar"
        self.assertEqual(self.ask("bundle", "--output", bundle)["server"], "box.example")
        self.ask(*RENEW)
        told = self.ask("bundle", "--output", bundle)
        self.assertEqual((told["server"], [each["names"] for each in told["certificates"]]),
                         ("box.example", [["box.example"], ["new.example"]]))
        self.ask(*SWITCH)
        told = self.ask("bundle", "--output", bundle)
        self.assertEqual((told["server"], len(told["certificates"])), ("new.example", 1))

    def test_a_key_that_somebody_replaced_is_left_alone(self):
        self.run_it(RENEW, 0)
        (self.tree / "etc/chrony/nts/server.key").write_text("mine\n")
        before = everything(self.tree)
        self.run_it(SWITCH, 7, "somebody edited /etc/chrony/nts/server.key")
        self.assertEqual(everything(self.tree), before)

    def test_a_spoilt_master_copy_is_not_served(self):
        key, certificate = (self.tree / "etc/ntsbox/pki" / name for name in ("server.key", "server.crt"))
        for spoilt, content in (certificate, "rubbish\n"), (certificate, ""), (key, "rubbish\n"):
            with self.subTest(spoilt=spoilt.name, content=content):
                was = spoilt.read_text()
                spoilt.write_text(content)
                before = everything(self.tree)
                for words in FIRST, ["plan", "--offline"]:
                    self.run_it(words, 1, "/etc/ntsbox/pki/server.crt", "nothing was changed",
                                "cp /etc/chrony/nts/server.crt /etc/ntsbox/pki/server.crt")
                self.run_it(["doctor"], 5, f"/etc/ntsbox/pki/{spoilt.name}: ", "cp /etc/chrony/nts/server.crt")
                self.assertEqual(everything(self.tree), before)
                spoilt.write_text(self.read("etc/chrony/nts/server.crt") if spoilt == certificate else was)
                self.run_it(FIRST, 0, "Nothing to do")

    def test_uninstalling_with_the_keys_takes_all_of_them(self):
        self.run_it(RENEW, 0)
        self.run_it(SWITCH, 0)
        self.run_it(["uninstall", "--yes"], 0, "previous/server.key: stays")
        self.run_it(["uninstall", "--yes", "--keys"], 0, "removed")
        self.assertFalse((self.tree / "etc/ntsbox/pki").exists())

    def test_machines_are_answered(self):
        ready = self.ask(*RENEW)["next"][0]
        told = self.ask(*SWITCH)
        self.assertEqual((told["exit"], told["in_service"], told["verify"]), (0, [ready], None))

    def test_the_keys_are_in_no_output_and_no_journal(self):
        said = "".join(self.run_it([*words, *extra], 0) for words in (RENEW, RENEW, SWITCH, ["rollback", "--yes"])
                       for extra in ([], ["--json"]) if (words, extra) != (SWITCH, ["--json"]))
        said += "".join(journal.read_text() for journal in (self.tree / STATE).glob("*/journal"))
        self.assertNotIn("PRIVATE KEY", said)
        self.run_it(RENEW, 0)
        for key in (self.tree / "etc/ntsbox/pki").rglob("*.key"):
            for line in key.read_text().splitlines()[1:-1]:
                self.assertNotIn(line, said)


class Signed(Identity):
    def test_from_a_pin_to_a_ca_with_the_clients_told_first(self):
        ca, request = self.folder / "ca", self.folder / "box.csr"
        self.run_it(["ca", "init", "--name", "box.example", "--output", ca, "--passphrase-file", self.secret("phrase")], 0)
        self.assertNotIn("PRIVATE KEY", (ca / "ca.key").read_text(errors="replace"))
        self.run_it(["request", "--ca", "--output", request], 0, "SHA-256")
        self.run_it(["ca", "sign", request, "--authority", ca, "--passphrase-file", self.secret("wrong", b"x\n"), "--yes"],
                    1, "passphrase is wrong")
        self.run_it(["ca", "sign", request, "--authority", ca, "--passphrase-file", self.folder / "phrase"], 2, "--yes")
        self.run_it(["ca", "sign", request, "--authority", ca, "--passphrase-file", self.folder / "phrase", "--yes"], 0)
        served = self.read("etc/chrony/nts/server.crt")
        self.run_it(SWITCH, 1, "still waits for its CA")
        self.run_it(["import", self.folder / "box.crt"], 0, "is pending")
        self.run_it(["import", self.folder / "box.crt"], 0, "nothing to do")
        self.assertEqual(self.read("etc/chrony/nts/server.crt"), served)
        self.assertEqual(len(self.ask("bundle", "--output", self.folder / "both.tar")["certificates"]), 2)
        self.run_it(SWITCH, 0)
        self.run_it(FIRST, 0, "Nothing to do")
        self.assertEqual([each["names"] for each in self.ask("bundle", "--output", self.folder / "ca.tar")["certificates"]],
                         [[]])
        # And back to a certificate of its own.
        self.run_it([*RENEW, "--no-ca"], 0, "is pending")
        self.run_it(SWITCH, 0)
        self.assertFalse((self.tree / "etc/ntsbox/pki/ca.crt").exists())
        self.assertIn("ca = false", self.read("etc/ntsbox/provision.toml"))

    def test_a_ca_signs_for_its_box_alone(self):
        ca, request = self.folder / "ca", self.folder / "box.csr"
        self.run_it(["ca", "init", "--output", ca], 2, "--name")
        self.run_it(["ca", "init", "--name", "other.example", "--output", ca], 0)
        self.run_it(["request", "--output", request], 0)
        self.run_it(["ca", "sign", request, "--authority", ca, "--yes"], 1, "it signs for other.example alone")
        self.assertFalse((self.folder / "box.crt").exists())

    def test_where_the_ca_lives_no_root_is_needed(self):
        program = self.folder / "ntsbox-provision"
        program.write_bytes(kill_test.PROGRAM.read_bytes())
        program.chmod(0o755)
        (self.folder / "office").mkdir()
        os.chown(self.folder / "office", NOBODY, NOBODY)
        done = subprocess.run([program, "ca", "init", "--name", "box.example"], user=NOBODY, cwd=self.folder / "office",
                              stdin=subprocess.DEVNULL, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual((self.folder / "office/ntsbox-ca/ca.key").stat().st_mode & 0o777, 0o600)


class Exposed(Identity):
    """What another process of the same user sees of a program that holds a key."""

    def started(self, *words):
        """A process of an ordinary user, who may dump core, in a folder of that user's."""
        folder = self.folder / "home"
        folder.mkdir(exist_ok=True)
        os.chown(folder, NOBODY, NOBODY)

        def unlimited():
            resource.setrlimit(resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        return subprocess.Popen(words, user=NOBODY, group=NOBODY, extra_groups=[], cwd=folder, stdin=subprocess.PIPE,
                                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=unlimited)

    def is_open_to_its_user(self, process):
        """Whether the user can read its memory, and have the kernel dump it."""
        reader = subprocess.run(["head", "--bytes=0", f"/proc/{process.pid}/mem"], user=NOBODY, group=NOBODY, extra_groups=[],
                                capture_output=True)
        process.send_signal(signal.SIGQUIT)
        _, status = os.waitpid(process.pid, 0)
        process.returncode = -os.WTERMSIG(status)
        process.stdin.close()
        self.assertEqual(os.WTERMSIG(status), signal.SIGQUIT)
        return reader.returncode == 0, os.WCOREDUMP(status)

    def test_it_is_neither_read_nor_dumped(self):
        ordinary = self.started("sleep", "1000")
        if self.is_open_to_its_user(ordinary) != (True, True):
            self.skipTest("the kernel dumps nobody's core here")
        program = self.folder / "ntsbox-provision"
        program.write_bytes(kill_test.PROGRAM.read_bytes())
        program.chmod(0o755)
        # It made the key, and waits for the passphrase to encrypt it with.
        holder = self.started(program, "ca", "init", "--name", "box.example", "--passphrase-file", "-")
        wait_until(lambda: "pipe_read" in pathlib.Path(f"/proc/{holder.pid}/wchan").read_text()
                   or pathlib.Path(f"/proc/{holder.pid}/syscall").read_text().startswith("0 0x0 "), 60, "it reads the passphrase")
        self.assertEqual(self.is_open_to_its_user(holder), (False, False))


class BackedUp(Identity):
    def test_a_backup_is_opened_by_its_passphrase_alone_and_only_whole(self):
        backup = self.sealed()
        self.assertEqual(backup.stat().st_mode & 0o777, 0o600)
        fresh = self.machine("fresh")
        before = everything(fresh)
        wrong = self.secret("wrong", b"several other words\n")
        self.run_it(["restore", backup, "--passphrase-file", wrong], 1, "passphrase is wrong", tree=fresh)
        self.secret("cut", backup.read_bytes()[:-1])
        self.run_it(["restore", self.folder / "cut", "--passphrase-file", self.folder / "phrase"], 1, tree=fresh)
        self.assertEqual(everything(fresh), before)
        self.run_it(["restore", backup, "--passphrase-file", self.folder / "phrase"], 0, "Restored", tree=fresh)
        self.run_it(["apply", "--yes", "--offline"], 0, tree=fresh)
        theirs, ours = everything(fresh), everything(self.tree)
        self.assertEqual({path: entry for path, entry in theirs.items() if "provision.toml" not in path},
                         {path: entry for path, entry in ours.items() if "provision.toml" not in path})

    def open_by_hand(self, backup, phrase):
        """What the guide says to type where ntsbox is not: its exit status, and the folder that it is done in."""
        folder = self.folder / "by-hand"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        (folder / "box.backup").write_bytes(backup)
        guide = (ROOT / "docs/guide/service.md").read_text()
        typed = textwrap.dedent(re.search(r"(?m)^    umask 077\n(?:    .*\n)+", guide).group())
        done = subprocess.run(["sh", "-c", typed], cwd=folder, input=phrase, capture_output=True, timeout=300)
        return done.returncode, folder

    def test_openssl_and_tar_alone_open_it_as_the_guide_says(self):
        backup = self.sealed().read_bytes()
        status, folder = self.open_by_hand(backup, PHRASE)
        self.assertEqual(status, 0)
        for name in "server.key", "server.crt":
            self.assertEqual((folder / "ntsbox-backup/pki" / name).read_text(), self.read(f"etc/ntsbox/pki/{name}"))
        self.assertEqual((folder / "ntsbox-backup/provision.toml").read_text(), self.read("etc/ntsbox/provision.toml"))
        self.assertEqual((folder / "ntsbox-backup/pki/server.key").stat().st_mode & 0o077, 0)
        changed = bytearray(backup)
        changed[-3000] ^= 1
        for spoilt, phrase in (backup, b"several other words\n"), (bytes(changed), PHRASE), (backup[:-1], PHRASE):
            status, folder = self.open_by_hand(spoilt, phrase)
            self.assertNotEqual(status, 0)
            self.assertFalse((folder / "ntsbox-backup").exists())

    def test_a_backup_of_before_cms_is_restored(self):
        fresh = self.machine("fresh")
        self.run_it(["restore", ROOT / "tests/provision/golden/sealed-1.backup", "--passphrase-file", self.secret("phrase")], 0,
                    "F5:7A:37:B9:8A:C1:AB:BA:92:F2:CB:9A:6D:A5:68:27", tree=fresh)
        self.assertTrue(is_pair(fresh, "etc/ntsbox/pki"))

    def test_a_passphrase_is_long_enough(self):
        output = self.folder / "backup"
        for phrase, why in ((b"\n", "empty"), (b"short\n", "shorter than 12")):
            self.run_it(["backup", "--output", output, "--passphrase-file", self.secret("phrase", phrase)], 1, why)
        self.run_it(["backup", "--output", output, "--passphrase-file", "/nowhere"], 1, "/nowhere")
        self.assertFalse(output.exists())

    def on_terminal(self, words, *answers):
        """Its exit status, and what stood on the terminal."""
        child, terminal = pty.fork()
        if child == 0:
            os.execv(kill_test.PROGRAM, [kill_test.PROGRAM, *map(str, words), "--root", str(self.tree)])
        seen = b""
        with contextlib.suppress(OSError):  # EIO at the end
            for answer in answers:
                while not re.search(rb"(Passphrase|again): \Z", seen):
                    seen += os.read(terminal, 1024)
                os.write(terminal, answer)
                seen += b"\n"
            while more := os.read(terminal, 1024):
                seen += more
        os.close(terminal)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), seen.decode()

    def test_the_terminal_is_asked_twice_and_shows_nothing(self):
        words = ["backup", "--output", self.folder / "backup"]
        status, seen = self.on_terminal(words, PHRASE, b"several other words\n")
        self.assertEqual(status, 1)
        self.assertIn("differ", seen)
        status, seen = self.on_terminal(words, PHRASE, PHRASE)
        self.assertEqual(status, 0, seen)
        self.assertNotIn("several plain words", seen)
        status, seen = self.on_terminal(["restore", self.folder / "backup"], PHRASE)
        self.assertEqual(status, 0, seen)


if __name__ == "__main__":
    if os.geteuid() != 0:
        become_root()
    unittest.main(verbosity=2)
