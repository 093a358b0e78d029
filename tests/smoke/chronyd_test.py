#!/usr/bin/env python3
"""chronyd comes, goes and hangs: the feed resumes with the first pulse that its socket is there for; nothing blocks."""

import datetime
import os
import signal
import time

import smoke

RESTARTS = int(os.environ.get("NTSBOX_RESTARTS", "50"))


class Restarts(smoke.Chain):
    def socket_file(self):
        try:
            found = os.stat(self.rig.path("chrony.sock"))
            return found.st_ino, found.st_ctime_ns
        except FileNotFoundError:
            return None

    def restart(self, number, pause):
        """The seconds from the new socket's appearance to the second of the first sample that came through it."""
        before = len(self.rig.measured())
        self.chronyd.stop(number)
        dead = self.socket_file()
        time.sleep(pause)
        type(self).chronyd = self.rig.chronyd()
        smoke.wait_until(lambda: self.socket_file() not in (None, dead), 20, "chronyd's socket")
        bound = time.time()
        smoke.wait_until(lambda: len(self.rig.measured()) > before, 30, "a sample")
        return sorted(self.rig.measured())[before] - bound

    def restart_often(self, number):
        # Each fifth time a pulse finds the socket dead or gone.
        resumed = [self.restart(number, pause=1.2 if i % 5 == 0 else 0) for i in range(RESTARTS)]
        print(f"\n{RESTARTS} restarts of chronyd by {number.name}: the first pulse taken {max(resumed):.2f} s after its socket's return "
              "at the latest")
        late = [round(seconds, 3) for seconds in resumed if seconds > 1]
        self.assertEqual(late, [], "the first pulse after the socket's return was not taken")
        self.assert_true()


class Terminated(Restarts):
    def test_it_is_restarted_by_sigterm(self):
        self.restart_often(signal.SIGTERM)


class Killed(Restarts):
    def test_it_is_restarted_by_sigkill(self):
        self.restart_often(signal.SIGKILL)


class Frozen(smoke.Chain):
    def judged(self):
        """How many pulses the status file tells of, and when it did."""
        status = self.rig.status()
        return status["pulses"], datetime.datetime.fromisoformat(status["written"].rstrip("Z"))

    def test_it_hangs_for_thirty_seconds(self):
        with smoke.Logged(self.daemon) as told:
            pulses, written = self.judged()
            self.chronyd.send(signal.SIGSTOP)
            time.sleep(32)
            more_pulses, written_later = self.judged()
            thawed = time.time()
            self.chronyd.send(signal.SIGCONT)
            smoke.wait_until(lambda: self.samples_between(thawed + 1, thawed + 30), 20, "samples again")
        passed = (written_later - written).total_seconds()
        self.assertGreaterEqual(passed, 20, "the status went on")
        self.assertLessEqual(abs(more_pulses - pulses - passed), 1, "every pulse was judged")
        self.assertEqual([line.split(":")[0].split(" (")[0] for line in told.lines],
                         ["samples are dropped", "chronyd takes the samples"], told.lines)
        self.assert_true()


if __name__ == "__main__":
    smoke.main()
