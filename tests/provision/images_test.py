#!/usr/bin/env python3
"""One run of ntsbox-provision on images of Raspberry Pi OS: what it makes there, that a second run makes nothing,
and that a rollback leaves no trace."""

import functools
import os
import pathlib
import shutil
import stat
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))
from images import Tree, chronyd_directives, release_trees  # noqa: E402
from rig import BUILD, ROOT, Process, enter_namespaces  # noqa: E402
from rigged import Rigged  # noqa: E402

PROGRAM = BUILD / "bin/ntsbox-provision"
CONFINED = ROOT / "tests/rig/confined.py"
OPTIONS = ["--yes", "--offline", "--name", "time.example", "--allow", "192.168.1.0/24", "--allow", "2001:db8::/32", "--firewall", "nft",
           "--tune"]
STATE = "var/lib/ntsbox-provision"
DELAY = {"pi4": 20, "pi5": 16}
LEAP = {"bookworm": "leapsectz right/UTC", "trixie": "leapseclist /usr/share/zoneinfo/leap-seconds.list"}
DIRECTIVES = """\
refclock SOCK /run/chrony.ntsbox.sock refid GPS poll 3 filter 16 precision 1e-7 delay {delay}e-6 prefer
server time.cloudflare.com iburst nts
server nts.netnod.se iburst nts
server ptbtime1.ptb.de iburst nts
server ntppool1.time.nl iburst nts
authselectmode require
makestep 0.1 3
maxupdateskew 100
rtcsync
maxclockerror 5
{leap}
lock_all
sched_priority 50
allow 127.0.0.1
allow ::1
allow 192.168.1.0/24
allow 2001:db8::/32
ratelimit interval 1 burst 16 leak 2
clientloglimit 4194304
ntsservercert /etc/chrony/nts/server.key
ntsserverkey /etc/chrony/nts/server.key
ntsratelimit interval 3 burst 8 leak 2
ntsdumpdir /var/lib/chrony
bindcmdaddress 127.0.0.1
bindcmdaddress ::1
driftfile /var/lib/chrony/chrony.drift
dumpdir /var/lib/chrony
logdir /var/log/chrony
log tracking statistics
sourcedir /etc/chrony/sources.d
"""
BLOCK = {"pi4": "[pi4]\nenable_uart=1\ndtoverlay=disable-bt\n[all]\ndtoverlay=pps-gpio,gpiopin=4\n",
         "pi5": "[pi5]\ndtparam=uart0=on\n[all]\ndtoverlay=pps-gpio,gpiopin=4\n"}
# What `systemd-analyze security` may find at most (10 is without any protection).
EXPOSURE = {"chrony.service": 3.0, "gpsd.service": 4.0}


def everything(root):
    """{path: what it is}: content, kind, mode and owner of all that is there, less the program's own state."""
    found = {}
    for folder, folders, files in os.walk(root):
        for name in folders + files:
            path = pathlib.Path(folder, name)
            status = path.lstat()
            content = None
            if stat.S_ISLNK(status.st_mode):
                content = os.readlink(path)
            elif stat.S_ISREG(status.st_mode):
                content = path.read_bytes()
            found[str(path.relative_to(root))] = (status.st_mode, status.st_uid, status.st_gid, content)
    return found


def stamps(root):
    """{path: when it was last changed in any way}."""
    paths = [pathlib.Path(folder, name) for folder, folders, files in os.walk(root) for name in folders + files]
    return {path: (path.lstat().st_mtime_ns, path.lstat().st_ctime_ns) for path in paths}


def on_each_image(test):
    @functools.wraps(test)
    def run(self):
        for tree in release_trees(self.rig):
            with self.subTest(release=tree.release, board=tree.board):
                test(self, tree)
    return run


class Images(Rigged):
    def provision(self, tree, *words, status):
        done = subprocess.run([PROGRAM, *words, "--root", tree.root], capture_output=True, text=True, timeout=120)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def make_box(self, tree):
        return self.provision(tree, *OPTIONS, "--board", tree.board, status=4)

    def text(self, tree, path):
        return tree.path(path).read_text()

    @on_each_image
    def test_each_is_made_a_box_once_and_goes_back_without_a_trace(self, tree):
        before = everything(tree.root)
        self.provision(tree, "plan", *OPTIONS, "--board", tree.board, status=3)
        self.assertEqual(everything(tree.root), before)
        self.make_box(tree)
        made, when = everything(tree.root), stamps(tree.root)
        self.assertNotEqual(made, before)
        self.assertIn("Nothing to do", self.provision(tree, *OPTIONS, status=0))
        self.assertEqual(stamps(tree.root), when)
        self.provision(tree, "uninstall", "--yes", "--keys", status=0)
        after = {path: what for path, what in everything(tree.root).items() if not path.startswith(STATE)}
        self.assertEqual(after, before)

    @on_each_image
    def test_its_chronyd_reads_the_directives_that_a_box_needs_and_no_other(self, tree):
        self.make_box(tree)
        wanted = DIRECTIVES.format(delay=DELAY[tree.board], leap=LEAP[tree.release])
        self.assertEqual(chronyd_directives(tree, self.text(tree, "/etc/chrony/chrony.conf")), wanted)

    @on_each_image
    def test_an_administrators_own_files_are_read_too(self, tree):
        self.make_box(tree)
        tree.path("/etc/chrony/conf.d/own.conf").write_text("minsources 2\n")
        self.assertIn("minsources 2\n", chronyd_directives(tree, self.text(tree, "/etc/chrony/chrony.conf")))

    @on_each_image
    def test_the_firmware_and_the_kernel_leave_the_uart_to_the_receiver(self, tree):
        config, cmdline = self.text(tree, "/boot/firmware/config.txt"), self.text(tree, "/boot/firmware/cmdline.txt")
        self.make_box(tree)
        self.assertTrue(self.text(tree, "/boot/firmware/config.txt").startswith(config))
        self.assertIn(BLOCK[tree.board], self.text(tree, "/boot/firmware/config.txt"))
        self.assertEqual(self.text(tree, "/boot/firmware/cmdline.txt"), cmdline.replace("console=serial0,115200 ", ""))
        self.assertEqual(os.readlink(tree.path("/etc/systemd/system/serial-getty@ttyAMA0.service")), "/dev/null")
        self.assertTrue(tree.path("/boot/config.txt").is_symlink())

    def test_the_board_of_an_image_must_be_told(self):
        tree = Tree(self.rig, "bookworm", "pi4")
        self.assertIn("--board", self.provision(tree, *OPTIONS, status=6))

    @on_each_image
    def test_nft_takes_the_table(self, tree):
        self.make_box(tree)
        done = tree.run("/usr/sbin/nft", "-c", "-f", "/etc/ntsbox/firewall.nft")
        self.assertEqual((done.returncode, done.stdout + done.stderr), (0, ""))

    @on_each_image
    def test_the_units_are_hardened(self, tree):
        self.assertIsNotNone(shutil.which("systemd-analyze"), "systemd-analyze is missing: install systemd")
        self.make_box(tree)
        for unit, most in EXPOSURE.items():
            done = subprocess.run(["systemd-analyze", "security", "--offline=true", f"--root={tree.root}", "--no-pager", unit],
                                  capture_output=True, text=True, env={**os.environ, "LC_ALL": "C.UTF-8"})
            line = next(line for line in done.stdout.splitlines() if "Overall exposure level" in line)
            self.assertLessEqual(float(line.split(":")[1].split()[0]), most, unit)

    @on_each_image
    def test_chronyd_starts_with_what_its_unit_leaves_it(self, tree):
        """The real one, with the drop-in's capabilities and system calls; -x, so that it steers nobody's clock."""
        self.make_box(tree)
        tree.mount_kernel()
        tree.path("/run/chrony").mkdir(mode=0o700)
        self.assertEqual(tree.run("/bin/chown", "_chrony:_chrony", "/run/chrony").returncode, 0)
        drop_in = self.text(tree, "/etc/systemd/system/chrony.service.d/ntsbox.conf")
        capabilities = words_of(drop_in, "CapabilityBoundingSet")
        calls = self.rig.path(f"calls-{tree.release}-{tree.board}")
        # chroot(8) gets us into the tree; systemd needs none.
        calls.write_text("\n".join(["chroot", *expand(words_of(drop_in, "SystemCallFilter"))]))
        bounding = ",".join(["-all", "+sys_chroot", *(f"+{name.removeprefix('CAP_').lower()}" for name in capabilities)])
        chronyd = Process(self.rig, f"chronyd-{tree.release}-{tree.board}", [
            "sh", "-c", 'umask "$0" && exec "$@"', *words_of(drop_in, "UMask"),
            "setpriv", f"--bounding-set={bounding}", sys.executable, "-B", CONFINED, calls,
            "chroot", tree.root, "/usr/sbin/chronyd", "-x", "-d", "-F", "1"])
        chronyd.wait_for("Loaded seccomp filter")
        for words in (line.split("=", 1)[1].lstrip("-+").split() for line in drop_in.splitlines() if line.startswith("ExecStartPost=")):
            self.assertEqual(tree.run(*words).returncode, 0)
        socket = tree.path("/run/chrony.ntsbox.sock").stat()
        self.assertEqual((socket.st_uid, stat.S_IMODE(socket.st_mode) & 0o066), (self.user(tree, "_ntsbox"), 0))
        self.assertIn("#? GPS", tree.run("/usr/bin/chronyc", "-n", "sources", user="65534:65534").stdout)
        self.assertEqual(chronyd.stop(), 0)
        self.assertEqual(chronyd.count("Fatal"), 0)

    def user(self, tree, name):
        return next(int(line.split(":")[2]) for line in self.text(tree, "/etc/passwd").splitlines() if line.startswith(f"{name}:"))


def words_of(unit, key):
    """What the lines of a unit's list amount to (an empty one begins it anew)."""
    words = []
    for line in unit.splitlines():
        if line.startswith(f"{key}="):
            value = line.split("=", 1)[1].split()
            words = words + value if value else []
    return words


def expand(names):
    """System calls instead of systemd's names for groups of them."""
    calls = []
    for name in names:
        if not name.startswith("@"):
            calls.append(name)
            continue
        listed = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager", name], capture_output=True, text=True, check=True)
        members = [line.strip() for line in listed.stdout.splitlines()[1:] if line.strip() and not line.strip().startswith("#")]
        calls += expand(members)
    return calls


if __name__ == "__main__":
    enter_namespaces()
    unittest.main()
