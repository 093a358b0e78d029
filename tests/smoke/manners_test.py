#!/usr/bin/env python3
"""A good service: it says what is wrong, ends at once when asked, and heeds systemd and SIGHUP."""

import os
import signal
import socket
import time

import smoke

NOBODY = 65534


class Inputs(smoke.Rigged):
    def assert_refused(self, status, output, words):
        self.assertEqual(status, 2, output)
        for word in words:
            self.assertIn(word, output)
        self.assertEqual(len(output.splitlines()), 1, output)

    def test_a_bad_setting_names_file_line_and_cure(self):
        self.rig.path("bad.toml").write_text("[gpsd]\nport = 2947\nprot = 1\n")
        for options in (["--config", "bad.toml"], ["--config", "bad.toml", "--check"]):
            self.assert_refused(*self.rig.run_ntsboxd(*options), ["bad.toml:3:", "prot", "did you mean"])

    def test_a_configuration_that_is_missing_is_told(self):
        self.assert_refused(*self.rig.run_ntsboxd("--config", "none.toml"), ["none.toml", "No such file"])

    def test_a_good_one_is_good(self):
        self.rig.path("empty.toml").write_text("")
        self.assertEqual(self.rig.run_ntsboxd("--config", "empty.toml", "--check"), (0, "empty.toml: good\n"))

    def test_a_bad_log_names_its_line(self):
        good = '{"event":"tick","system":"1.000000000","monotonic":"1.000000000","synchronised":false,"maxerror":"1.000000000"}'
        self.rig.path("bad.jsonl").write_text(f"{good}\n{good}\nnonsense\n")
        self.assert_refused(*self.rig.run_ntsboxd("--replay", "bad.jsonl"), ["bad.jsonl: line 3:"])

    def test_a_log_that_is_cut_is_told(self):
        self.rig.path("cut.jsonl").write_text('{"event":"tick","system":"1.000000000","mono')
        self.assert_refused(*self.rig.run_ntsboxd("--replay", "cut.jsonl"), ["cut.jsonl: line 1:"])

    def test_usage_is_told(self):
        status, output = self.rig.run_ntsboxd("--nonsense")
        self.assertEqual(status, 2, output)
        self.assertIn("--nonsense", output)
        status, output = self.rig.run_ntsboxd("--help")
        self.assertEqual(status, 0)
        for word in ("--check", "--record", "--replay", "Examples:", "Exit status:"):
            self.assertIn(word, output)

    def test_a_device_that_is_missing_is_told_with_the_cure_and_waited_for(self):
        daemon = self.rig.ntsboxd(pulse_source="/dev/pps-none")
        daemon.wait_for("/dev/pps-none: No such file or directory (is the pps-gpio overlay loaded", 30)
        self.assertTrue(daemon.running())
        self.assertFalse(self.rig.status()["pps"]["open"])
        self.assertEqual(daemon.stop(), 0)

    def test_a_file_that_is_no_pps_device_is_told(self):
        daemon = self.rig.ntsboxd(pulse_source="/dev/null")
        daemon.wait_for("/dev/null: Inappropriate ioctl for device (is it a PPS device at all?)", 30)
        self.assertEqual(daemon.stop(), 0)

    def test_a_second_instance_is_refused(self):
        first = self.rig.ntsboxd()
        first.wait_for("ntsboxd 0", 10)
        smoke.wait_until(self.rig.path("status.json").exists, 20, "the first one at work")
        status, output = self.rig.run_ntsboxd("--config", "ntsboxd.toml")
        self.assertEqual(status, 1, output)
        self.assertIn("another ntsboxd is running already", output)
        self.assertTrue(first.running())

    def test_a_recording_that_cannot_be_written_is_told(self):
        self.rig.settings()
        status, output = self.rig.run_ntsboxd("--config", "ntsboxd.toml", "--record", "no/such/folder.jsonl")
        self.assertEqual(status, 1, output)
        self.assertIn("no/such/folder.jsonl", output)


class Permission(smoke.Rigged):
    rig_user = NOBODY

    def test_a_socket_that_it_may_not_write_to_is_told_with_the_cure(self):
        self.rig.sim()
        self.rig.chronyd()
        self.rig.gpsd()
        daemon = self.rig.ntsboxd()
        daemon.wait_for("samples are dropped: no permission to write to", 60)
        os.chown(self.rig.path("chrony.sock"), NOBODY, NOBODY)
        daemon.wait_for("chronyd takes the samples", 20)
        smoke.wait_until(self.rig.measured, 20, "samples")


class Signals(smoke.Chain):
    def settings(self, text):
        self.rig.path("ntsboxd.toml").write_text(text)
        self.daemon.send(signal.SIGHUP)

    def test_a_bad_configuration_is_refused_and_the_old_one_kept(self):
        good = self.rig.path("ntsboxd.toml").read_text()
        with smoke.Logged(self.daemon) as told:
            self.settings("[gpsd]\nport = -1\n")
            self.daemon.wait_for("the old ones stay in force", 10)
            samples = len(self.rig.measured())
            smoke.wait_until(lambda: len(self.rig.measured()) >= samples + 3, 20, "samples go on")
        self.assertEqual(len(told.lines), 1, told.lines)
        self.assertIn("ntsboxd.toml:2:", told.lines[0])
        self.rig.path("ntsboxd.toml").write_text(good)

    def test_an_unchanged_configuration_disturbs_nothing(self):
        with smoke.Logged(self.daemon) as told:
            self.daemon.send(signal.SIGHUP)
            self.daemon.wait_for("nothing changed", 10)
            samples = len(self.rig.measured())
            smoke.wait_until(lambda: len(self.rig.measured()) >= samples + 3, 20, "samples go on")
        self.assertEqual(len(told.lines), 1, told.lines)

    def test_a_new_configuration_is_followed(self):
        locked = self.daemon.count(smoke.LOCKED)
        self.settings(self.rig.settings(pulse_cable_delay_ns=50_000).read_text())
        self.daemon.wait_for(smoke.LOCKED, 60, locked + 1)
        since = time.time()
        after = smoke.wait_until(lambda: self.samples_between(since + 1, since + 60), 20, "samples")[0]
        # The pulse comes late by the cable, so true time is later than the stamp says.
        self.assertEqual(self.rig.errors()[after], 50_000)

    def test_z_it_ends_at_once_when_asked(self):
        self.daemon.send(signal.SIGTERM)
        self.daemon.wait_for("stopped as asked", 1)  # a sanitizer looks for leaks after that
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(self.daemon.lines()[-1], "stopped as asked")


class Systemd(smoke.Rigged):
    """The other end of NOTIFY_SOCKET is the test's, as systemd itself cannot run here (sd_notify(3))."""

    def setUp(self):
        self.notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.notify.bind(str(self.rig.path("notify.sock")))
        self.notify.settimeout(20)
        self.addCleanup(self.notify.close)

    def hear(self, word):
        """All that was said up to `word`."""
        heard = []
        while not any(line.startswith(word) for line in heard):
            heard += self.notify.recv(4096).decode().splitlines()
        return heard

    def test_it_tells_that_it_is_ready_how_it_is_and_that_it_lives(self):
        daemon = self.rig.ntsboxd(env={"NOTIFY_SOCKET": str(self.rig.path("notify.sock")), "WATCHDOG_USEC": "3000000"})
        self.hear("READY=1")
        self.hear("STATUS=WAITING: no samples: ")
        for _ in range(3):
            self.hear("WATCHDOG=1")
        daemon.send(signal.SIGHUP)
        self.hear("RELOADING=1")
        self.hear("READY=1")
        daemon.send(signal.SIGTERM)
        self.hear("STOPPING=1")
        self.assertEqual(daemon.stop(), 0)

    def test_a_loop_that_does_not_turn_feeds_no_watchdog(self):
        daemon = self.rig.ntsboxd(env={"NOTIFY_SOCKET": str(self.rig.path("notify.sock")), "WATCHDOG_USEC": "3000000"})
        self.hear("WATCHDOG=1")
        daemon.send(signal.SIGSTOP)
        self.notify.settimeout(4)
        with self.assertRaises(TimeoutError):
            while True:
                self.notify.recv(4096)


if __name__ == "__main__":
    smoke.main()
