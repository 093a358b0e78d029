"""Machines with nothing of ours, booted in systemd-nspawn from a copy of NTSBOX_CHROOT (made by make_root, with systemd)."""

import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))
from container import Container  # noqa: E402
from package_test import CHROOT, deb  # noqa: E402
from rig import overlay  # noqa: E402


class Bare(Container):
    """A Debian with gpsd and chrony, as their packages leave them; and ntsbox-sim, a receiver that nobody has switched on."""

    def unpack(self):
        overlay(self.root.with_name(f"{self.name}-layers"), CHROOT, self.root)
        self.path("/usr/sbin/policy-rc.d").unlink()

    def install(self):
        self.path("/usr/lib/systemd/system/multi-user.target.wants/ntsbox-sim.service").unlink()
        unpacked = self.rig.folder / f"{self.name}-lab"
        subprocess.run(["dpkg-deb", "--extract", deb("ntsbox-lab"), unpacked], check=True)
        shutil.copy(unpacked / "usr/bin/ntsbox-sim", self.path("/usr/bin"))

    def close(self):
        super().close()
        subprocess.run(["umount", "--recursive", self.root.with_name(f"{self.name}-layers")], check=False)
