#!/usr/bin/env python3
"""ntsbox-status on a box whose daemons are all real: well, and in kinds of trouble that heal by the cure it names."""

import json
import re
import signal
import subprocess
import sys
import unittest

from sick_box import GOOD_TABLE, OLD_TABLE, Status  # the first: it knows where the others are
from rig import DAEMONS, ROOT, enter_namespaces

COLLECTION = "/run/ntsbox-status/collection.json"
PROMTOOL = DAEMONS.parents[1] / "promtool/promtool"
MONITORING = ROOT / "docs/monitoring"
# One NTP request (mode 3, version 4) from each of 30 000 addresses.
ASK_FROM_MANY = """
import socket
for number in range(30000):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.bind((f"127.{1 + number // 10000}.{number // 100 % 100}.{1 + number % 100}", 0))
        client.sendto(bytes([0x23]) + bytes(47), ("127.0.0.1", 123))
        client.settimeout(10)
        client.recv(100)
"""


class Well(Status):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # A client, and enough pulses for each of the figures.
        cls.machine.run("chronyd", "-Q", "-t", "20", "-u", "root", "server 127.0.0.1 iburst", "authselectmode ignore",
                        "cmdport 0", "pidfile /run/client.pid", check=False)
        cls.machine.run("ntsbox-status", "--collect")

    def test_an_ordinary_user_sees_all_of_it(self):
        status, text = self.ask()
        self.assertEqual(status, 0, text)
        self.assertIn("GOOD        the time is the receiver's, within ", text)
        for words in ("LOCKED since", "3D fix", "missed; ", "* GPS", "jitter", "leap seconds until 2037-01-"):
            self.assertIn(words, text)
        self.assertRegex(text, r"served      packets [1-9]")
        self.assertRegex(text, r"certificate until 20\d\d-")
        self.assertNotIn("\x1b", text)
        self.assertLess(max(map(len, text.splitlines())), 80)

    def test_root_needs_no_collection(self):
        self.machine.path(COLLECTION).unlink()
        try:
            self.assertIn("not collected lately", self.ask()[1])
            self.assertEqual(self.ask(user="root")[0], 0)
            self.assertGreater(self.found(user="root")["served"]["packets"], 0)
        finally:
            self.collect()

    def test_the_collection_names_no_client(self):
        path = self.machine.path(COLLECTION)
        self.assertEqual(path.stat().st_mode & 0o777, 0o644)
        self.assertEqual(sorted(entry.name for entry in path.parent.iterdir()), [path.name, "served.jsonl"])
        self.assertGreaterEqual(json.loads(path.read_text())["clients"], 1)
        self.assertNotIn("127.0.0.1", path.read_text())

    def test_thirty_thousand_clients_are_counted(self):
        self.machine.run("chronyc", "allow", "127.0.0.0/8")
        self.machine.run(sys.executable, "-c", ASK_FROM_MANY)
        self.machine.run("ntsbox-status", "--collect")
        self.assertRegex(self.ask("--prometheus")[1], r"\nntsbox_clients (29|30)\d{3}\n", "chronyd forgets a few of them")

    def test_promtool_finds_nothing(self):
        self.machine.run("ntsbox-status", "--prometheus", "--output", "/run/ntsbox.prom")
        metrics = self.machine.path("/run/ntsbox.prom").read_text()
        self.assertEqual(self.ask("--prometheus")[1].count("\n"), metrics.count("\n"))
        judged = subprocess.run([PROMTOOL, "check", "metrics"], input=metrics, capture_output=True, text=True)
        self.assertEqual((judged.returncode, judged.stdout, judged.stderr), (0, "", ""))
        judged = subprocess.run([PROMTOOL, "check", "rules", MONITORING / "alerts.yml"], capture_output=True, text=True)
        self.assertEqual(judged.returncode, 0, judged.stdout + judged.stderr)

    def test_dashboard_and_alerts_ask_for_metrics_that_exist(self):
        told = set(re.findall(r"^(ntsbox_\w+)", self.ask("--prometheus")[1], re.MULTILINE))
        self.assertGreater(len(told), 40)
        for file in ("dashboard.json", "alerts.yml"):
            text = (MONITORING / file).read_text()
            asked = set(re.findall(r"\bntsbox_\w+", text))
            self.assertTrue(asked)
            self.assertEqual(asked - told, set(), file)
        json.loads((MONITORING / "dashboard.json").read_text())

    def test_a_watch_ends_with_the_status(self):
        watch = subprocess.Popen([str(word) for word in self.machine.command("ntsbox-status", "--watch", "--every", "0.2")],
                                 stdout=subprocess.PIPE, text=True)
        good = (line for line in watch.stdout if "GOOD" in line)
        self.assertNotIn(None, (next(good, None), next(good, None)), "it went on printing")
        watch.send_signal(signal.SIGINT)
        watch.communicate(timeout=20)
        self.assertEqual(watch.returncode, 0)

    def test_a_word_that_it_does_not_know(self):
        done = self.machine.run("ntsbox-status", "--frobnicate", check=False)
        self.assertEqual(done.returncode, 3)
        self.assertIn("--frobnicate", done.stderr)


class Sick(Status):
    def test_no_pulse(self):
        self.sick(lambda: self.box.tell_sim("pulse off"), lambda: self.box.tell_sim("pulse on"), 1, "holdover", "PPS wire")

    def test_no_fix(self):
        self.sick(lambda: self.box.tell_sim("fix off"), lambda: self.box.tell_sim("fix on"), 1, "holdover", "view of the sky")

    def test_gpsd_is_dead(self):
        self.sick(lambda: self.box.stop("gpsd"), self.box.start_gpsd, 1, "no-gpsd", "systemctl status gpsd")

    def test_ntsboxd_hangs(self):
        daemon = self.box.processes["ntsboxd"]
        self.sick(lambda: daemon.send(signal.SIGSTOP), lambda: daemon.send(signal.SIGCONT), 1, "ntsboxd", "systemctl restart ntsboxd")

    def test_ntsboxd_is_dead(self):
        def die():
            self.box.stop("ntsboxd")
            self.machine.path("/run/ntsbox/status.json").unlink()  # as systemd does
        self.sick(die, self.box.start_ntsboxd, 1, "ntsboxd", "systemctl status ntsboxd")

    def test_chronyd_is_dead(self):
        self.sick(lambda: self.box.stop("chronyd"), self.box.start_chronyd, 2, "chronyd", "systemctl status chrony")

    def test_the_socket_is_not_ours(self):
        self.sick(lambda: self.machine.run("chown", "root", "/run/chrony.ntsbox.sock"), lambda: self.box.restart("chronyd"),
                  1, "samples", "systemctl restart chrony")

    def test_chronyd_has_no_refclock(self):
        path = self.machine.path("/etc/chrony/chrony.conf")
        kept = path.read_text()

        def spoil():
            path.write_text("".join(line for line in kept.splitlines(True) if not line.startswith("refclock")))
            self.box.stop("chronyd")
            self.box.processes["chronyd"] = self.machine.start_chronyd()

        def heal():
            path.write_text(kept)
            self.box.restart("chronyd")
        self.sick(spoil, heal, 2, "refclock", "ntsbox-provision apply")

    def test_the_certificate_ends_soon_and_the_leap_table_is_old(self):
        self.box.issue("-days", "30")
        self.leap_table(OLD_TABLE)
        self.collect()
        found = self.found()
        self.assertEqual([remark["name"] for remark in found["remarks"]], ["certificate", "leap-seconds"])
        self.assertEqual(found["status"], 1)
        self.assertIn("the time is the receiver's", found["verdict"])
        self.box.issue()
        self.leap_table(GOOD_TABLE)
        self.collect()
        self.assertEqual(self.found()["status"], 0)


if __name__ == "__main__":
    enter_namespaces()
    unittest.main(verbosity=2)
