#!/usr/bin/env python3
"""Fix, pulse, receiver and gpsd are lost and return: silence, then samples, and a line in the log for each change."""

import signal
import time

import smoke

GPSD = "gpsd at 127.0.0.1:2947"
# Said right before LOCKED and never elsewhere, where it takes more than five seconds.
WAITING = "HOLD: no samples: waiting for messages that confirm the counted second"


class Losses:
    def lost_and_back(self, lose, restore, words, seconds=8):
        """Loses, waits, restores; `words` are the beginnings of the lines that the daemon says of it, in order."""
        self.log_each_change()
        with smoke.Logged(self.daemon) as told:
            locked = self.daemon.count(smoke.LOCKED)
            lost = time.time()
            lose()
            time.sleep(seconds)
            restored = time.time()
            restore()
            self.daemon.wait_for(smoke.LOCKED, 60, locked + 1)
            self.assert_silent_and_back(lost, restored)
        lines = list(told.lines)
        if len(lines) > 1 and lines[-2].startswith(WAITING):
            del lines[-2]
        self.assertEqual([line[:len(word)] for line, word in zip(lines, words)], words, told.lines)
        self.assertEqual(len(lines), len(words), told.lines)


class Receiver(Losses, smoke.Chain):
    def test_a_fix_that_is_lost(self):
        self.lost_and_back(lambda: self.rig.tell_sim("fix off"), lambda: self.rig.tell_sim("fix on"),
                           ["HOLD: no samples: gpsd has no fix", "LOCKED: "])

    def test_pulses_that_stop(self):
        self.lost_and_back(lambda: self.rig.tell_sim("pulse off"), lambda: self.rig.tell_sim("pulse on"),
                           ["HOLD: no samples: no pulses arrive", "LOCKED: "])

    def test_a_receiver_that_says_nothing(self):
        self.lost_and_back(lambda: self.rig.tell_sim("nmea off"), lambda: self.rig.tell_sim("nmea on"),
                           ["HOLD: no samples: gpsd runs and gets no data from a receiver", "LOCKED: "])

    def test_a_receiver_that_is_unplugged(self):
        def unplug():
            self.rig.tell_sim("unplug")
            self.rig.take_device_away()

        def plug():
            self.rig.tell_sim("plug")
            smoke.wait_until(self.rig.path("gps").exists, 10, "the simulated port")
            self.rig.give_device_back()
        self.lost_and_back(unplug, plug,
                           ["HOLD: no samples: gpsd runs and gets no data from a receiver", "LOCKED: "])


class Gpsd(Losses, smoke.Chain):
    def test_a_gpsd_that_is_killed(self):
        def restart():
            type(self).gpsd = self.rig.gpsd()
        self.lost_and_back(lambda: self.gpsd.stop(signal.SIGKILL), restart,
                           [f"HOLD: no samples: {GPSD}: closed the connection: was gpsd stopped?",
                            f"{GPSD}: connected", "LOCKED: "])

    def test_a_gpsd_that_hangs(self):
        self.lost_and_back(lambda: self.gpsd.send(signal.SIGSTOP), lambda: self.gpsd.send(signal.SIGCONT),
                           ["HOLD: no samples: gpsd runs and gets no data from a receiver", "LOCKED: "])

    def test_a_gpsd_that_hangs_for_long(self):
        self.lost_and_back(lambda: self.gpsd.send(signal.SIGSTOP), lambda: self.gpsd.send(signal.SIGCONT),
                           ["HOLD: no samples: gpsd runs and gets no data from a receiver",
                            f"HOLD: no samples: {GPSD}: gpsd says nothing, though it was asked",
                            f"{GPSD}: connected", "LOCKED: "], seconds=20)


if __name__ == "__main__":
    smoke.main()
