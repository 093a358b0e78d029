#!/usr/bin/env python3
"""The machine around the daemon is bad: its wire to gpsd, its disk, chronyd's socket, the kernel's answers. It says so
once, sends nothing wrong, blocks nowhere, and goes on as soon as it can."""

import contextlib
import os
import resource
import signal
import socket
import subprocess
import time

import smoke
from tcp_relay import Relay

RELAYED = 2950


class Wire(smoke.Chain):
    """gpsd at the other end of a bad wire."""

    changes = {"gpsd_port": RELAYED}

    @classmethod
    def setUpClass(cls):
        cls.relay = Relay(RELAYED, 2947)
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.relay.close()

    def setUp(self):
        self.relay.mood = "good"
        smoke.wait_until(lambda: (self.rig.status() or {}).get("state") == "LOCKED", 60, "LOCKED")
        self.log_each_change()

    def lost_and_back(self, mood, seconds, words):
        locked = self.daemon.count(smoke.LOCKED)
        with smoke.Logged(self.daemon) as told:
            lost = time.time()
            self.relay.mood = mood
            time.sleep(seconds)
            restored = time.time()
            self.relay.mood = "good"
            self.daemon.wait_for(smoke.LOCKED, 60, locked + 1)
            self.assert_silent_and_back(lost, restored)
        for word in words:
            self.assertEqual(sum(word in line for line in told.lines), 1, told.lines)

    def goes_on(self, seconds=4):
        """Samples come, and all of them are true."""
        since = time.time()
        smoke.wait_until(lambda: len(self.samples_between(since, since + 60)) >= seconds, 30, "samples")
        self.assert_true()

    def test_a_connection_that_is_half_open_is_given_up_and_made_anew(self):
        self.lost_and_back("half-open", 20, ["gets no data from a receiver", "gpsd says nothing, though it was asked"])

    def test_a_connection_that_is_cut_between_two_bytes_is_made_anew(self):
        locked = self.daemon.count(smoke.LOCKED)
        self.relay.babble(b'{"class":"TPV","mode":3,"time":"2031-01-01T00:0')
        time.sleep(0.3)
        self.relay.cut()
        self.daemon.wait_for(smoke.LOCKED, 60, locked + 1)
        self.goes_on()

    def test_lines_that_drip_in_are_read(self):
        self.relay.mood = "dripping"
        self.goes_on(6)

    def test_what_is_no_line_of_gpsd_is_passed_over(self):
        for junk in (b"\0\xff\xfe\x01\n", b"{" * 5000 + b"\n", b'{"class":"NONSENSE","time":7}\n', b"$GPRMC,junk*00\r\n",
                     b'{"class":"TOFF","real_sec":"x"}\n', b"x" * 40_000 + b"\n"):
            self.relay.babble(junk)
            time.sleep(0.2)
        self.goes_on()


def deaf_reader(path, stack):
    """A socket whose queue is full."""
    deaf = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    deaf.bind(str(path))
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as filler, contextlib.suppress(BlockingIOError):
        filler.setblocking(False)
        while True:
            filler.sendto(b"x", str(path))


def stream_listener(path, stack):
    listener = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM))
    listener.bind(str(path))
    listener.listen()


class Sockets(smoke.Chain):
    STRANGERS = [
        ("a file", lambda path, _: path.touch(), "chronyd does not listen on"),
        ("a link in a circle", lambda path, _: path.symlink_to(path), "Too many levels of symbolic links"),
        ("a folder", lambda path, _: path.mkdir(), "chronyd does not listen on"),
        ("a socket of another kind", stream_listener, "Protocol wrong type for socket"),
        ("a pipe", lambda path, _: os.mkfifo(path), "chronyd does not listen on"),
        ("somebody who never reads", deaf_reader, "does not read"),
        ("a link to nothing", lambda path, _: path.symlink_to("/nonexistent"), "chronyd does not listen on"),
    ]

    def clear(self, path):
        if path.is_dir() and not path.is_symlink():
            path.rmdir()
        else:
            path.unlink(missing_ok=True)

    def test_what_stands_where_chronyds_socket_was_is_told_once_and_left_alone(self):
        path = self.rig.path("chrony.sock")
        self.chronyd.stop()
        for what, make, words in self.STRANGERS:
            self.log_each_change()
            with self.subTest(what), contextlib.ExitStack() as stack, smoke.Logged(self.daemon) as told:
                self.clear(path)
                make(path, stack)
                pulses = len(self.events("pulse"))
                smoke.wait_until(lambda: len(self.events("pulse")) >= pulses + 3, 30, "the loop turns")
                if path.is_file():
                    self.assertEqual(path.read_text(), "")
            dropped = [line for line in told.lines if "samples are dropped" in line]
            self.assertTrue(1 <= len(dropped) <= 2, told.lines)  # two when a pulse met the gap between
            self.assertIn(words, dropped[-1])
        self.clear(path)
        self.log_each_change()
        taken = self.daemon.count("chronyd takes the samples")
        type(self).chronyd = self.rig.chronyd()
        self.daemon.wait_for("chronyd takes the samples", 20, taken + 1)
        returned = time.time()
        smoke.wait_until(lambda: self.samples_between(returned, returned + 60), 20, "samples again")
        self.assert_true()


class Starved(smoke.Rigged):
    """No room on the disk, no descriptors."""

    def setUp(self):
        self.rig.sim()
        self.chronyd = self.rig.chronyd()
        self.gpsd = self.rig.gpsd()

    def samples_go_on(self, count=3):
        before = len(self.rig.measured())
        smoke.wait_until(lambda: len(self.rig.measured()) >= before + count, 30, "samples go on")

    def test_a_full_disk_costs_the_files_alone(self):
        small = self.rig.path("small")
        small.mkdir()
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16k", "tmpfs", small], check=True)
        self.addCleanup(subprocess.run, ["umount", "-l", small], check=True)
        daemon = self.rig.ntsboxd("--record", small / "events.jsonl", files_status=str(small / "status.json"),
                                  files_state=str(small))
        daemon.wait_for("recording ends here", 60)
        daemon.wait_for("chronyd takes the samples", 60)
        daemon.wait_for("status.json: cannot be written: No space left on device", 30)
        self.samples_go_on(12)
        self.assertEqual(daemon.count("No space left on device"), 3, daemon.lines())  # one a file
        known = {"status.json", "status.json.lock", "events.jsonl", "last-second"}
        self.assertEqual({path.name for path in small.iterdir()} - known, set())
        self.assertTrue((small / "events.jsonl").read_text().endswith("}\n"))
        (small / "events.jsonl").unlink()
        smoke.wait_until((small / "status.json").exists, 20, "the status file, once there is room")
        with self.assertRaises(OSError), open(small / "filler", "wb", buffering=0) as filler:
            while True:
                filler.write(bytes(512))
        self.assertEqual(daemon.stop(), 0)  # when it writes what it has of the history
        self.assertEqual(daemon.count("history: "), 1, daemon.lines())
        self.assertIn("No space left on device", next(line for line in daemon.lines() if "history: " in line))

    def test_no_descriptor_is_left(self):
        daemon = self.rig.ntsboxd()
        daemon.wait_for("chronyd takes the samples", 60)
        used = len(os.listdir(f"/proc/{daemon.pid}/fd"))
        _, most = resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE)
        few = 4  # less than it has, and as many as poll(2) is given
        self.assertLess(few, used)
        resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (few, most))
        self.samples_go_on()
        self.gpsd.stop(signal.SIGKILL)
        daemon.wait_for("HOLD: no samples: gpsd at", 30)
        self.gpsd = self.rig.gpsd()
        time.sleep(3)
        self.assertTrue(daemon.running())
        self.assertEqual(daemon.count(smoke.LOCKED), 1)
        resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (most, most))
        daemon.wait_for(smoke.LOCKED, 60, 2)
        self.samples_go_on()
        self.assertLessEqual(len(os.listdir(f"/proc/{daemon.pid}/fd")), used)
        errors = self.rig.errors()
        self.assertEqual({second: error for second, error in errors.items() if abs(error) > 1000}, {})


class Errnos(smoke.Chain):
    """strace gives one call of the running daemon an error; each error that the kernel may give there, one after the other."""

    FAULTS = {  # the last three happen only as the status file is written, each ten seconds
        "sendto": "EAGAIN ENOBUFS ENOMEM ECONNREFUSED ENOENT EACCES EPERM EINTR EIO",
        "recvfrom": "EAGAIN EINTR ECONNRESET ETIMEDOUT EIO ENOMEM",
        "?poll,?ppoll": "EINTR",
        "read": "EAGAIN EINTR EIO",
        "write": "EAGAIN EINTR EIO ENOSPC",
        "?adjtimex,?clock_adjtime": "EPERM EFAULT",
        "openat": "EMFILE EACCES",
        "?rename,?renameat": "ENOSPC EROFS",
        "fchmod": "EIO",
    }

    def inject(self, call, error):
        """Into the next such call, once."""
        log = self.rig.path("strace.log")
        log.unlink(missing_ok=True)
        tracer = subprocess.Popen(["strace", "-f", "-qq", "-o", log, "-e", f"trace={call}", "-e",
                                   f"inject={call}:error={error}:when=1", "-p", str(self.daemon.pid)])
        smoke.wait_until(lambda: log.exists() and "(INJECTED)" in log.read_text(), 30, f"{call} with {error}")
        tracer.send_signal(signal.SIGINT)
        tracer.wait()

    def test_an_error_of_any_call_costs_seconds_at_most(self):
        for call, errors in self.FAULTS.items():
            for error in errors.split():
                with self.subTest(call=call, error=error):
                    self.inject(call, error)
                    self.assertTrue(self.daemon.running(), self.daemon.lines()[-3:])
                    since = time.time()
                    smoke.wait_until(lambda: self.samples_between(since, since + 60), 40, "samples go on")
        self.assert_true()


if __name__ == "__main__":
    smoke.main()
