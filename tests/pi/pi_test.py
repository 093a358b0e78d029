#!/usr/bin/env python3
"""A Raspberry Pi from a bare card to a served client: the package's own commands, its firmware's files, a kernel's pulse at a GPIO,
a receiver at the UART. Takes from the environment NTSBOX_CARD (made by build_card) and NTSBOX_DEBS (the arm64 packages)."""

import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))
from pi import MODEL, Pi, Wire  # noqa: E402
from rig import ROOT, Process, daemon_program, enter_namespaces, library_path, private_hosts, wait_until  # noqa: E402
from rigged import Rigged  # noqa: E402

CARD = pathlib.Path(os.environ.get("NTSBOX_CARD", ROOT / "build/pi")).absolute()
DEBS = pathlib.Path(os.environ.get("NTSBOX_DEBS", ROOT / "build/deb-bookworm-arm64")).absolute()
# QEMU's network is 10.0.2.0/24.
PROVISION = ("ntsbox-provision", "--yes", "--airgap", "--name", "box.test", "--allow", "10.0.2.0/24")


class Whole(Rigged):
    def test_a_bare_pi_is_provisioned_rebooted_and_serves_nts(self):
        self.rig.sim()
        pi = self.pi = Pi(self.rig, CARD, f"serial,path={self.rig.path('gps')}")
        before = {name: pi.read_boot(name) for name in ("config.txt", "cmdline.txt")}
        pi.boot()
        wire = Wire(self.rig.path("pulses.sock"), pi)
        self.assertIn(MODEL, pi.says("cat", "/proc/device-tree/model"))
        self.assertIn("aarch64", pi.says("uname", "-m"))
        self.install(pi)
        status, said = pi.run(*PROVISION, check=False)
        self.assertEqual(status, 4, said)
        self.assertEqual(pi.run("test", "-e", "/dev/pps0", check=False)[0], 1)
        pi.power_off()
        self.assertNotEqual(pi.read_boot("config.txt"), before["config.txt"])
        pi.boot()
        self.assertTrue(wire.is_alive())
        for part in (self.is_well, self.serves, self.is_undone):
            with self.subTest(part.__name__):
                part()
        pi.power_off()
        self.assertEqual({name: pi.read_boot(name) for name in before}, before)

    def install(self, pi):
        deb = next(DEBS.glob("ntsbox_*_arm64.deb"))
        pi.put(deb, f"/root/{deb.name}")
        pi.run("apt-get", "install", "-y", "--no-install-recommends", f"/root/{deb.name}")

    def is_well(self):
        pi = self.pi
        # As pps-gpio calls it; a serial line's would be "serial0".
        self.assertRegex(pi.says("cat", "/sys/class/pps/pps0/name"), r"^pps\.")
        pi.wait("chronyc", "sources", shows="#* GPS")
        status, said = pi.run("ntsbox-provision", "verify", check=False)
        self.assertEqual(status, 0, said)
        self.assertEqual(pi.says("systemctl", "--failed", "--quiet", "--plain", "--no-legend"), "")

    def serves(self):
        """A client that trusts its certificate and nothing else."""
        rig = self.rig
        rig.path("box.crt").write_text(self.pi.says("cat", "/etc/ntsbox/pki/server.crt"))
        private_hosts(rig.path("hosts"), "127.0.0.1 localhost box.test\n")
        self.addCleanup(subprocess.run, ["umount", "--lazy", "/etc", rig.path("hosts")], check=True)
        rig.path("client").mkdir(mode=0o700)
        rig.path("client.conf").write_text(
            f"server box.test nts iburst minpoll 2 maxpoll 2\nnosystemcert\nntstrustedcerts {rig.path('box.crt')}\n"
            f"pidfile {rig.path('client.pid')}\nbindcmdaddress {rig.path('client/chronyd.sock')}\ncmdport 0\nport 0\n")
        Process(rig, "client", [daemon_program("chronyd"), "-x", "-d", "-u", "root", "-f", rig.path("client.conf")], foreign=True)

        def chronyc(*words):
            return subprocess.run([daemon_program("chronyc"), "-N", "-h", rig.path("client/chronyd.sock"), *words],
                                  env={**os.environ, "LD_LIBRARY_PATH": library_path()}, capture_output=True, text=True).stdout
        wait_until(lambda: re.search(r"^\^\* box.test +1 ", chronyc("sources"), re.MULTILINE), 120, "the client follows the Pi")
        self.assertRegex(chronyc("authdata"), r"(?m)^box\.test +NTS ")
        print(chronyc("sources").splitlines()[-1])

    def is_undone(self):
        self.pi.run("ntsbox-provision", "uninstall", "--yes", "--keys")
        self.pi.run("apt-get", "purge", "-y", "ntsbox")
        self.assertEqual(self.pi.run("test", "-e", "/etc/ntsbox", check=False)[0], 1)


if __name__ == "__main__":
    enter_namespaces()
    # An emulated interrupt is as late as this machine's other work makes it, and what is late by much is no pulse.
    os.nice(-10)
    unittest.main(verbosity=2)
