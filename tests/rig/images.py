"""Image trees (tests/rig/fetch_images), each test with copies of its own to write to."""

import os
import pathlib
import shutil
import subprocess

from rig import ROOT, overlay

IMAGES = pathlib.Path(os.environ.get("NTSBOX_IMAGES", ROOT / "build/images")).absolute()
RELEASES = ("bookworm", "trixie")
BOARDS = ("pi4", "pi5")
UNITS = ("*.service", "*.timer", "*.socket")


class Tree:
    """A writable copy of an image: an overlay, so that the image itself stays as it was fetched."""

    def __init__(self, rig, release, board):
        self.release, self.board = release, board
        self.base = rig.folder / f"{release}-{board}"
        self.root = overlay(self.base, IMAGES / f"{release}-{board}")
        units = self.path("/usr/lib/systemd/system")
        units.mkdir(parents=True, exist_ok=True)
        for pattern in UNITS:
            for unit in (ROOT / "debian").glob(pattern):
                shutil.copy(unit, units / unit.name)
        rig.machines.append(self)

    def close(self):
        subprocess.run(["umount", "--recursive", self.base], check=False)

    def path(self, name):
        """Where a path of the tree is, as seen from outside."""
        return self.root / str(name).lstrip("/")

    def run(self, *words, user="0:0", **more):
        return subprocess.run(["chroot", f"--userspec={user}", self.root, *words], capture_output=True, text=True, timeout=120, **more)

    def mount_kernel(self):
        """What a running system has from its kernel: /proc, /run and a few devices."""
        for place, kind, options in (("proc", "proc", "ro"), ("dev", "tmpfs", "mode=0755"), ("run", "tmpfs", "mode=0755")):
            subprocess.run(["mount", "-t", kind, "-o", options, kind, self.root / place], check=True)
        for node in ("null", "zero", "random", "urandom"):
            (self.root / "dev" / node).touch()
            subprocess.run(["mount", "--bind", f"/dev/{node}", self.root / "dev" / node], check=True)


def release_trees(rig, boards=BOARDS):
    return [Tree(rig, release, board) for release in RELEASES for board in boards]


def chronyd_directives(tree, text):
    """What the tree's own chronyd reads in a configuration: `chronyd -p`, one line a directive."""
    path = tree.path("/tmp/read.conf")
    path.write_text(text)
    done = tree.run("/usr/sbin/chronyd", "-p", "-f", "/tmp/read.conf")
    path.unlink()
    if done.returncode != 0:
        raise AssertionError(f"chronyd of {tree.release}: {done.stdout}{done.stderr}")
    return done.stdout
