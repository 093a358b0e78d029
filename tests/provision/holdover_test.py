#!/usr/bin/env python3
"""Holdover that ends, seen by clients: a box of real daemons loses its feed, and gets it back."""

import json
import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))
from machine import Machine, join, private_networks  # noqa: E402
from rig import enter_namespaces, wait_until  # noqa: E402
from rigged import Rigged  # noqa: E402

BOX, CLIENT = "10.78.0.1", "10.78.0.2"
# True time against the system clock, and how much faster than it (ppm).
OFFSET, DRIFT = 0.001, 5

# Asks the time as an NTP client does (RFC 5905): leap, stratum, root delay, root dispersion, when it was asked, offset
# and delay, in seconds.
ASK = """
import json, socket, struct, sys, time
link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
link.settimeout(5)
link.connect((sys.argv[1], 123))
sent = time.time_ns()
link.send(bytes([0x23]) + bytes(39) + (1).to_bytes(8, "big"))
answer = link.recv(256)
got = time.time_ns()
first, stratum, delay, dispersion = struct.unpack("!BBxxII", answer[:12])
received, transmitted = ((whole - 2208988800) * 10**9 + (part * 10**9 >> 32) for whole, part in struct.iter_unpack("!II", answer[32:48]))
print(json.dumps([first >> 6, stratum, delay / 65536, dispersion / 65536, sent / 1e9,
                  ((received - sent) + (transmitted - got)) / 2e9, ((got - sent) - (transmitted - received)) / 1e9]))
"""


class Holdover(Rigged):
    def setUp(self):
        private_networks()
        self.box = Machine(self.rig, "box")
        self.client = Machine(self.rig, "client", ours=False)
        join(self.box, self.client, BOX, CLIENT)
        self.box.run("ntsbox-provision", "--yes", "--name", "box.test", "--receiver", "/run/gps", "--pulse",
                     "stream:/run/pulses.sock", "--airgap", "--allow", f"{CLIENT}/32")
        # As provisioned, but for a refclock that is quicker to come and to go.
        conf = self.box.path("/etc/chrony/chrony.conf")
        conf.write_text(conf.read_text().replace(" poll 3 filter 16 ", " poll 0 filter 1 "))
        self.box.start("sim", "ntsbox-sim", "--pty", "/run/gps", "--pulses", "/run/pulses.sock", "--truth", "/run/truth.jsonl",
                       "--offset", str(OFFSET), "--drift", str(DRIFT))
        wait_until(self.box.path("/run/gps").is_symlink, 20, "ntsbox-sim")
        self.box.run("chmod", "0666", "/run/pulses.sock")
        self.box.start_chronyd()
        self.box.start_gpsd()
        self.daemon = self.box.start_ntsboxd()
        self.client.path("/etc/chrony/chrony.conf").write_text(f"server {BOX} iburst minpoll 1 maxpoll 1\n")
        self.client.start_chronyd()

    def ask(self):
        """By itself: a second asker behind the client's address would be one too many for the rate limit."""
        return json.loads(self.box.run("python3", "-c", ASK, "127.0.0.1").stdout)

    def follows(self):
        return "^*" in self.client.chronyc("-n", "sources")

    def guard(self, limit):
        return self.box.run("ntsbox-provision", "guard", "--limit", limit)

    def tracking(self):
        return self.box.chronyc("-c", "tracking").strip().split(",")

    def check_that_dispersion_covers_the_error(self):
        leap, stratum, delay, dispersion, asked, offset, way = self.ask()
        self.assertEqual((leap, stratum), (0, 1))
        second, true = max((pair for pair in self.rig.truth(self.box.path("/run/truth.jsonl")).items()))
        true = true / 1e9 + (asked - second) * DRIFT / 1e6
        self.assertLess(abs(offset - true), delay / 2 + dispersion + way / 2)

    def test_it_ends_for_clients_and_a_returning_feed_serves_again(self):
        wait_until(self.follows, 90, "the client follows the box")
        self.check_that_dispersion_covers_the_error()
        self.assertEqual(self.guard("3600").stderr, "")

        self.daemon.stop()
        before = self.tracking()
        wait_until(lambda: self.box.chronyc("-c", "sources").split(",")[5] == "0", 90, "reach 0")
        after = self.tracking()
        self.assertEqual((after[2], after[13]), ("1", "Normal"), "chronyd alone goes on serving")
        self.assertGreater(float(after[11]), float(before[11]), "its root dispersion grows")
        self.check_that_dispersion_covers_the_error()
        self.assertTrue(self.follows())
        self.assertEqual(self.guard("3600").stderr, "")
        self.assertEqual(self.tracking()[13], "Normal", "within the limit nothing is done")

        told = self.guard("1").stderr
        self.assertIn("the last good measurement, of GPS, is ", told)
        self.assertEqual(self.ask()[0], 3, "leap indicator: not synchronised")
        wait_until(lambda: not self.follows(), 60, "the client believes the box no longer")
        self.assertEqual(self.guard("1").stderr, "", "it ends once")

        self.box.start_ntsboxd()
        wait_until(self.follows, 120, "the client follows the box again")
        self.assertEqual(self.ask()[:2], [0, 1])


if __name__ == "__main__":
    enter_namespaces()
    unittest.main(verbosity=2)
