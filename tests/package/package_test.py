#!/usr/bin/env python3
"""The packages in a chroot of a Debian release: they install, are upgraded, and go without a trace.

systemd does not run there: what the scripts ask of it is asked of a fake that writes it down. Takes from the environment
NTSBOX_CHROOT (made by make_root) and NTSBOX_DEBS (the folder of the packages).
"""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))
from rig import ROOT, enter_namespaces, overlay  # noqa: E402
from rigged import Rigged  # noqa: E402

CHROOT = pathlib.Path(os.environ.get("NTSBOX_CHROOT", ROOT / "build/roots/bookworm/root")).absolute()
DEBS = pathlib.Path(os.environ.get("NTSBOX_DEBS", ROOT / "build/deb")).absolute()
PACKAGES = ("ntsbox", "ntsbox-lab")
# What dpkg, apt and the makers of accounts write for themselves.
BOOKS = ("var/lib/dpkg", "var/lib/apt", "var/cache", "var/log", "etc/passwd", "etc/group", "etc/shadow", "etc/gshadow",
         "etc/subuid", "etc/subgid", "etc/.pwd.lock", "run", "tmp", "proc", "sys", "dev", "src", "root", "usr/bin/deb-systemd-invoke")
# The one file that an owner may edit, with the place for his own rules, which is made empty.
PROFILE = "etc/apparmor.d/ntsboxd"
PROFILES = [PROFILE, "etc/apparmor.d/local/ntsboxd"]
PROVISION = ("--yes", "--offline", "--airgap", "--board", "generic", "--receiver", "/dev/ttyS0", "--pulse", "/dev/pps0")
# Writes down what it was asked, and which ntsboxd lay there then.
FAKE_INVOKE = """#!/bin/sh
echo "$* $(sha256sum < /usr/sbin/ntsboxd)" >> /tmp/invoked
"""


def deb(name):
    found = [path for path in DEBS.glob(f"{name}_*.deb")]
    if len(found) != 1:
        raise FileNotFoundError(f"one {name}_*.deb should be in {DEBS}, not {len(found)}: run make deb")
    return found[0]


class Chroot:
    """An overlay on the release, so that each test has a new one."""

    def __init__(self, rig):
        rig.machines.append(self)
        self.base = rig.folder / "machine"
        self.root = overlay(self.base, CHROOT)
        for place, kind, options in (("proc", "proc", "ro"), ("run", "tmpfs", "mode=0755"), ("tmp", "tmpfs", "mode=1777")):
            subprocess.run(["mount", "-t", kind, "-o", options, kind, self.root / place], check=True)

    def close(self):
        subprocess.run(["umount", "--recursive", self.base], check=False)

    def run(self, *words, check=True):
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}
        done = subprocess.run(["chroot", self.root, *words], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, env=environment)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(map(str, words))}: {done.returncode}\n{done.stdout}")
        return done.stdout

    def install(self, *debs):
        for path in debs:
            shutil.copy(path, self.root / "tmp")
        return self.run("dpkg", "--install", *(f"/tmp/{path.name}" for path in debs))

    def fake_systemd(self):
        (self.root / "run/systemd/system").mkdir(parents=True)
        (self.root / "usr/bin/deb-systemd-invoke").write_text(FAKE_INVOKE)

    def invoked(self):
        path = self.root / "tmp/invoked"
        lines = path.read_text().splitlines() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines

    def provision(self, *words):
        """On the machine itself, but as on an image: without systemd."""
        image = self.root / "mnt"
        subprocess.run(["mount", "--bind", self.root, image], check=True)
        try:
            return self.run("ntsbox-provision", *words, "--root", "/mnt")
        finally:
            subprocess.run(["umount", image], check=True)

    def files(self):
        """Of the whole machine: path, kind, mode, owner, and the bytes of what may be edited."""
        found = {}
        for folder, folders, names in os.walk(self.root):
            place = pathlib.Path(folder).relative_to(self.root)
            for name in (*folders, *names):
                path = str(place / name)
                if path.startswith(BOOKS):
                    continue
                full = self.root / path
                status = full.lstat()
                content = ""
                if full.is_symlink():
                    content = os.readlink(full)
                elif full.is_file() and path.startswith(("etc/", "var/")):
                    content = hashlib.sha256(full.read_bytes()).hexdigest()
                found[path] = (oct(status.st_mode), status.st_uid, status.st_gid, content)
            folders[:] = [name for name in folders if not str(place / name).startswith(BOOKS)]
        return found


def newer(rig, name):
    """The package again, as a later version whose ntsboxd has other bytes."""
    folder = rig.folder / f"newer-{name}"
    subprocess.run(["dpkg-deb", "--raw-extract", deb(name), folder], check=True)
    control = folder / "DEBIAN/control"
    control.write_text("".join(f"{line.rstrip()}+1\n" if line.startswith("Version:") else line
                               for line in control.read_text().splitlines(keepends=True)))
    for program in folder.glob("usr/sbin/ntsboxd"):
        with open(program, "ab") as end:
            end.write(b"newer")
    path = rig.folder / f"{name}_newer.deb"
    subprocess.run(["dpkg-deb", "--root-owner-group", "-Znone", "--build", folder, path], check=True, stdout=subprocess.DEVNULL)
    return path


class Package(Rigged):
    def setUp(self):
        self.machine = Chroot(self.rig)
        self.before = self.machine.files()
        self.machine.install(*map(deb, PACKAGES))

    def assert_nothing_but(self, *left):
        after = self.machine.files()
        changed = {path for path in self.before.keys() | after.keys() if self.before.get(path) != after.get(path)}
        self.assertEqual(changed, set(left))

    def made(self):
        """What is not the packages' own, nor the memory of deb-systemd-helper(1p)."""
        return {path: what for path, what in self.machine.files().items()
                if path.startswith(("etc/", "var/")) and not path.startswith("var/lib/systemd/deb-systemd-helper")}

    def purge(self):
        return self.machine.run("dpkg", "--purge", *PACKAGES)

    def test_what_was_installed_works_and_nothing_is_enabled(self):
        for program in ("ntsboxd", "ntsbox-provision", "ntsbox-sim", "ntsbox-pps", "ntsbox-status", "ntsbox-report"):
            self.assertIn(program, self.machine.run(program, "--version"))
        self.assertIn("_ntsbox", self.machine.run("getent", "passwd", "_ntsbox"))
        made = [path for path in self.machine.files().keys() - self.before.keys() if path.startswith("etc/")]
        self.assertEqual(sorted(made), sorted(PROFILES))

    def test_installed_and_purged_it_leaves_nothing(self):
        (self.machine.root / "var/lib/ntsbox").mkdir()
        (self.machine.root / "var/lib/ntsbox/last").write_text("what the daemon was sure of")
        said = self.purge()
        self.assertNotIn("warning", said)
        self.assert_nothing_but()

    def test_provisioned_uninstalled_and_purged_it_leaves_nothing(self):
        self.machine.provision(*PROVISION)
        self.machine.provision("uninstall", "--yes", "--keys")
        self.purge()
        self.assert_nothing_but()

    def test_a_purge_keeps_the_keys(self):
        self.machine.provision(*PROVISION)
        key = (self.machine.root / "etc/ntsbox/pki/server.key").read_bytes()
        self.machine.provision("uninstall", "--yes")
        self.purge()
        self.assertEqual((self.machine.root / "etc/ntsbox/pki/server.key").read_bytes(), key)
        kept = {path for path in self.machine.files() if path.startswith("etc/ntsbox")}
        self.assert_nothing_but(*kept)
        self.assertEqual(kept - {"etc/ntsbox", "etc/ntsbox/pki"}, {"etc/ntsbox/pki/server.key", "etc/ntsbox/pki/server.crt"})

    def test_a_purge_of_what_is_provisioned_keeps_the_way_back(self):
        self.machine.provision(*PROVISION)
        self.assertIn("ntsbox-provision uninstall", self.purge())
        self.machine.install(deb("ntsbox"))
        self.machine.provision("uninstall", "--yes", "--keys")
        self.purge()
        self.assert_nothing_but()

    def test_an_upgrade_keeps_what_was_made_and_asks_nothing(self):
        self.machine.provision(*PROVISION)
        once = self.made()
        self.machine.install(*(newer(self.rig, name) for name in PACKAGES))
        self.assertEqual(self.made(), once)
        conffiles = self.machine.run("dpkg-query", "-W", "-f", "${Conffiles}", "ntsbox").splitlines()
        self.assertEqual([line.split()[0] for line in conffiles if line], [f"/{PROFILE}"])

    def test_an_upgrade_restarts_what_runs_once_its_files_are_there(self):
        self.machine.fake_systemd()
        self.machine.install(newer(self.rig, "ntsbox"))
        asked = self.machine.invoked()
        self.assertEqual(len(asked), 1, asked)
        self.assertRegex(asked[0], "^try-restart .*ntsboxd.service")
        digest = hashlib.sha256((self.machine.root / "usr/sbin/ntsboxd").read_bytes()).hexdigest()
        self.assertIn(digest, asked[0])

    def test_a_removal_stops_what_runs_while_its_files_are_there(self):
        self.machine.fake_systemd()
        self.machine.run("dpkg", "--remove", "ntsbox")
        asked = self.machine.invoked()
        self.assertEqual(len(asked), 1, asked)
        self.assertRegex(asked[0], "^stop .*ntsboxd.service")

    def test_it_takes_less_than_6_mb(self):
        sizes = self.machine.run("dpkg-query", "-W", "-f", "${Installed-Size}\n", *PACKAGES).split()
        self.assertLess(sum(map(int, sizes)), 6 * 1024)


if __name__ == "__main__":
    enter_namespaces()
    unittest.main()
