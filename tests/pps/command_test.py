#!/usr/bin/env python3
"""ntsbox-pps over pulse streams: generate, compare, loopback. No line of this machine is touched, nor its clock."""

import ctypes
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))
from rig import BUILD, connected, die_with_parent, wait_until  # noqa: E402

PROGRAM = BUILD / "bin/ntsbox-pps"
# A machine that is busy is late, and that is no failure here.
PATIENT = ("--unsynchronised", "--latest", "100000")


class Command(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="ntsbox-pps-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def path(self, name):
        return self.folder / name

    def start(self, *command):
        process = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   preexec_fn=die_with_parent)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.communicate()

    def run_pps(self, *words):
        """Its exit status, and what it printed on either output."""
        done = subprocess.run([PROGRAM, *[str(word) for word in words]], capture_output=True, text=True, timeout=120)
        return done.returncode, done.stdout, done.stderr

    def generate(self, name="made.sock", *options):
        process = self.start(PROGRAM, "generate", f"stream:{self.path(name)}", *PATIENT, *options)
        wait_until(lambda: connected(self.path(name)), 20, "a generator").close()
        return process

    def sim(self, name, *options):
        process = self.start(BUILD / "bin/ntsbox-sim", "--pulses", self.path(name), "--truth", self.path(f"{name}.truth"), *options)
        wait_until(lambda: connected(self.path(name)), 20, "a simulator").close()
        return process

    def compare(self, a, b, *options):
        return self.run_pps("--json", "compare", f"stream:{self.path(a)}", f"stream:{self.path(b)}", *options)

    def truth(self, name):
        """{second: stamp in ns} of each edge."""
        lines = self.path(f"{name}.truth").read_text().splitlines()
        edges = [json.loads(line) for line in lines if line.endswith("}")]
        return {edge["second"]: edge["second"] * 10**9 - edge["offset_ns"] for edge in edges}


class Compare(Command):
    def test_a_known_difference_is_told_exactly(self):
        self.sim("a", "--offset", "0.1")
        self.sim("b", "--offset", "0.08")
        status, out, _ = self.compare("a", "b", "--seconds", "5")
        self.assertEqual(status, 0)
        found = json.loads(out)
        a, b = self.truth("a"), self.truth("b")
        differences = sorted(b[second] - a[second] for second in a.keys() & b.keys())
        # Each simulator reads the machine's two clocks once, so the known offset is met within what that takes.
        self.assertLess(abs(differences[0] - 20_000_000), 5_000_000)
        self.assertGreaterEqual(found["phase_ns"]["count"], 4)
        self.assertIn(found["phase_ns"]["median"], differences)
        self.assertGreaterEqual(found["phase_ns"]["least"], differences[0])
        self.assertLessEqual(found["phase_ns"]["most"], differences[-1])
        for side in "ab":
            self.assertEqual((found[side]["missing"], found[side]["extra"]), (0, 0))

    def test_missing_pulses_are_counted_on_their_side(self):
        self.sim("a")
        self.sim("b", "--at", "6.5:pulse off", "--at", "8.5:pulse on")
        status, out, _ = self.compare("a", "b", "--seconds", "11")
        self.assertEqual(status, 0)
        found = json.loads(out)
        self.assertEqual((found["a"]["missing"], found["b"]["missing"]), (0, 2))
        # One and the same side is ahead in each second: at one end, and not at both, b's pulse may be without a's.
        self.assertIn(found["b"]["pulses"] - found["phase_ns"]["count"], (0, 1))
        self.assertGreaterEqual(found["phase_ns"]["count"], 4)

    def test_a_source_that_vanishes_ends_it_with_what_was_measured(self):
        self.sim("a")
        b = self.sim("b")
        comparing = self.start(PROGRAM, "--json", "compare", f"stream:{self.path('a')}", f"stream:{self.path('b')}", "--patience", "3")
        time.sleep(6)
        self.end(b)
        out, err = comparing.communicate(timeout=60)
        self.assertEqual(comparing.returncode, 1)
        self.assertGreaterEqual(json.loads(out)["phase_ns"]["count"], 2)
        self.assertIn("the program that sends the pulses went away", err)
        self.assertIn(f"stream:{self.path('b')}: no pulse for 3 s", err)

    def test_a_source_that_comes_back_is_listened_to_again(self):
        self.sim("a")
        b = self.sim("b")
        comparing = self.start(PROGRAM, "--json", "compare", f"stream:{self.path('a')}", f"stream:{self.path('b')}", "--seconds", "9")
        time.sleep(3)
        self.end(b)
        time.sleep(1)
        self.sim("b")
        out, _ = comparing.communicate(timeout=60)
        self.assertEqual(comparing.returncode, 0)
        found = json.loads(out)
        self.assertGreaterEqual(found["b"]["missing"], 1)
        self.assertGreater(found["phase_ns"]["count"], 3)

    def test_sources_that_never_come_end_it_and_nothing_is_told(self):
        status, out, err = self.compare("nowhere", "neither", "--patience", "2")
        self.assertEqual(status, 1)
        self.assertIsNone(json.loads(out)["phase_ns"])
        self.assertIn("is the program that sends the pulses running?", err)

    def test_the_words_fit_eighty_columns_and_have_a_plot(self):
        self.generate()
        source = f"stream:{self.path('made.sock')}"
        status, out, err = self.run_pps("compare", source, source, "--seconds", "8")
        self.assertEqual((status, err), (0, ""))
        self.assertLessEqual(max(map(len, out.splitlines())), 80)
        self.assertRegex(out, r"\|#+ +\d+\n")
        self.assertRegex(out, r"Allan deviation\n +1 s  0\.00e\+00")
        self.assertNotIn("\x1b", out)


class Generate(Command):
    def test_what_is_made_is_what_is_compared(self):
        generating = self.generate("made.sock", "--json", "--count", "9")
        self.sim("true")
        status, out, _ = self.compare("true", "made.sock", "--seconds", "6")
        self.assertEqual(status, 0)
        compared = json.loads(out)
        out, err = generating.communicate(timeout=60)
        self.assertEqual((generating.returncode, err), (0, ""))
        made = json.loads(out)
        self.assertEqual(made["pulses"] + made["left_out"], 9)
        self.assertEqual(made["withheld"], 0)
        late = made["late_ns"]
        # The simulator's pulses are at the seconds of the system clock, but for what reading that took; so the phase is the lateness.
        truth = self.truth("true")
        off = [stamp - second * 10**9 for second, stamp in truth.items()]
        self.assertGreaterEqual(compared["phase_ns"]["least"], late["least"] - max(off))
        self.assertLessEqual(compared["phase_ns"]["most"], late["most"] - min(off))
        self.assertGreaterEqual(late["least"], 0)
        self.assertTrue(late["least"] <= late["median"] <= late["percent_99"] <= late["most"])

    def test_it_stops_when_asked_and_reports(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            generating = self.generate()
            time.sleep(1.5)
            generating.send_signal(number)
            out, err = generating.communicate(timeout=30)
            self.assertEqual((generating.returncode, err), (0, ""))
            self.assertRegex(out, r"made\.sock: \d+ pulses at (real-time|ordinary) priority")
            self.assertFalse(self.path("made.sock").exists())

    def test_without_privilege_it_runs_at_ordinary_priority(self):
        command = [PROGRAM, "--json", "generate", f"stream:{self.path('made.sock')}", *PATIENT, "--count", "1"]
        if os.geteuid() == 0:
            self.folder.chmod(0o777)
            command = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", *command]
        done = subprocess.run(command, capture_output=True, text=True, timeout=30)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertFalse(json.loads(done.stdout)["real_time"])

    def test_a_clock_that_is_not_synchronised_marks_nothing_unless_told(self):
        status, out, err = self.run_pps("generate", f"stream:{self.path('made.sock')}", "--count", "1", "--latest", "100000")
        if clock_is_synchronised():
            self.assertEqual((status, err), (0, ""))
        else:
            self.assertEqual((status, out), (1, ""))
            self.assertIn("not synchronised", err)
            self.assertFalse(self.path("made.sock").exists())


class Loopback(Command):
    LATE = 5_200

    def relay(self, late=LATE, left_out=()):
        """A wire: what comes on `made.sock` goes out on `back.sock`, `late` ns later."""
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(str(self.path("back.sock")))
        listener.listen()
        listener.settimeout(60)

        def carry():
            with wait_until(lambda: connected(self.path("made.sock")), 30, "a generator") as source:
                sink, _ = listener.accept()
                with sink, source.makefile() as lines:
                    for number, line in enumerate(lines):
                        stamp, sequence = line.split()
                        seconds, fraction = stamp.split(".")
                        ns = int(seconds) * 10**9 + int(fraction) + late
                        if number not in left_out:
                            sink.sendall(f"{ns // 10**9}.{ns % 10**9:09} {sequence}\n".encode())

        carrier = threading.Thread(target=carry)
        carrier.start()
        self.addCleanup(carrier.join)

    def loopback(self, *options, verb="loopback"):
        return self.run_pps(*options, verb, f"stream:{self.path('made.sock')}", f"stream:{self.path('back.sock')}", "--count", "14",
                            "--latest", "100000")

    def test_a_known_latency_is_told_exactly_and_may_be_pasted(self):
        self.relay(left_out=(3,))
        status, out, err = self.loopback()
        self.assertEqual(status, 0, err)
        lines = dict(re.findall(r"^(latency\w*) = (\d+)", out, re.MULTILINE))
        self.assertEqual(lines, {"latency_ns": str(self.LATE), "latency_uncertainty_ns": "0"})
        self.assertRegex(out, r"(?m)^delay 1\.0e-09    # without latency_ns: 1\.0e-05$")
        # As it stands there, in the daemon's settings.
        part = out[out.index("latency_ns = "):out.index("\n\nchrony.conf")]
        settings = self.path("ntsboxd.toml")
        settings.write_text(f"[pulse]\n{part}\n")
        subprocess.run([BUILD / "bin/ntsboxd", "--config", settings, "--check"], check=True, capture_output=True)

    def test_the_other_edge_is_not_taken_for_a_latency(self):
        self.relay(late=100_000_000)
        status, out, err = self.loopback("--json")
        self.assertEqual(status, 1)
        self.assertFalse(json.loads(out)["latency"]["plausible"])
        self.assertIn("no latency was measured", err)

    def test_a_wire_that_is_not_there_is_told(self):
        status, out, err = self.loopback(verb="echo")  # its old name
        self.assertEqual(status, 1)
        self.assertIn("is the wire in place?", out)
        self.assertNotIn("latency_ns", out)


class Manners(Command):
    def test_bad_words_are_refused(self):
        for words in ((), ("measure",), ("generate",), ("generate", "GPIO17", "--unsynchronised"),
                      ("generate", "stream:/tmp/x", "--spin", "0"), ("generate", "stream:/tmp/x", "--width", "900"),
                      ("compare", "/dev/pps0"), ("compare", "/dev/pps0", "pps1"), ("compare", "stream:relative", "/dev/pps0"),
                      ("compare", "/dev/pps0", "stream:/tmp/x", "--clear-b"), ("compare", "/dev/pps0", "/dev/pps1", "--seconds", "0"),
                      ("loopback", "stream:/tmp/x"), ("loopback", "stream:/tmp/x", "/dev/pps0", "--count", "9"), ("echo", "stream:/tmp/x")):
            with self.subTest(words=words):
                status, out, err = self.run_pps(*words)
                self.assertEqual((status, out), (2, ""))
                self.assertTrue(err)

    def test_what_cannot_be_opened_is_named(self):
        taken = self.path("file")
        taken.write_text("")
        for output, named in (("gpio:/dev/no-such-chip:3", "gpioinfo"), ("serial:/dev/no-such-port:dtr", "/dev/no-such-port"),
                              (f"stream:{taken}", "is no socket")):
            with self.subTest(output=output):
                status, _, err = self.run_pps("generate", output, "--unsynchronised")
                self.assertEqual(status, 1)
                self.assertIn(named, err)


def clock_is_synchronised():
    """As adjtimex(2) has it: TIME_ERROR is 5."""
    return ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512)) != 5


if __name__ == "__main__":
    unittest.main()
