#!/usr/bin/env python3
"""More boxes that are made sick for real, and are well again once the cure that ntsbox-status names was followed.

tests/status/status_test.py has ten that `make check` has the time for; tests/diagnose has all that are known.
Not made here: a clock that is far off, or that the kernel calls synchronised (it would be this machine's), and an upstream that
is off by milliseconds (nothing fakes so little to a real chronyd)."""

import itertools
import math
import signal
import socket
import threading
import time
import unittest

from sick_box import Status  # the first: it knows where the others are
from machine import faketime, join
from pair import Box as Server
from rig import enter_namespaces, wait_until
from verify_test import CONF

OWN_CONF = "/etc/chrony/conf.d/own.conf"
OWN_SOURCES = "/etc/chrony/sources.d/own.sources"
# In seconds. From one that is a second off or less chronyd takes the kernel's time stamps, which nothing fakes.
LIE = 10
# chronyd turns from a source that is silent once it is so for longer than its samples of the others reach back.
OFTEN = "minpoll 0 maxpoll 0 maxsamples 8"


class Edges(threading.Thread):
    """A pulse program as ntsboxd takes it: what the simulated receiver's own pulses cannot be."""

    def __init__(self, path, rate=1, late=0.0):
        """`rate` edges a second, each `late` seconds after the clock's second, or the part of it."""
        super().__init__(daemon=True)
        self.rate, self.late = rate, late
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        path.chmod(0o666)
        self.listener.listen()
        self.start()

    def run(self):
        while True:
            reader, _ = self.listener.accept()
            with reader:
                self.serve(reader)

    def serve(self, reader):
        due = int(time.time()) + 1
        for sequence in itertools.count(1):
            stamp = due + self.late
            time.sleep(max(0, stamp - time.time()))
            try:
                reader.sendall(f"{stamp:.9f} {sequence}\n".encode())
            except OSError:
                return
            due = (math.floor(due * self.rate + 1e-6) + 1) / self.rate


def replace_receiver(box, *options):
    """By one that ntsbox-sim makes with these options."""
    for part in ("gpsd", "sim"):
        box.stop(part)
    box.start_sim(*options)
    box.start_gpsd()


class Restarted(Status):
    def setUp(self):
        wait_until(lambda: self.found()["status"] == 0, 120, "a box that is well")

    def boot(self, spoil=lambda: None):
        """Neither daemon knows anything of before."""
        for part in ("ntsboxd", "chronyd"):
            self.box.stop(part)
        self.machine.path("/run/ntsbox/status.json").unlink(missing_ok=True)  # as systemd does
        spoil()
        self.box.start_chronyd()
        self.box.start_ntsboxd()


class Booted(Restarted):
    """What is spoilt from the start on, and what breaks later."""

    @classmethod
    def prepare(cls):
        super().prepare()
        # gpsd's control socket, as systemd and udev use it on a receiver that is plugged in.
        cls.box.write("/etc/ntsbox/gpsd.env", 'DEVICES="/run/gps"\nGPSD_OPTIONS="-n -F /run/gpsd.sock"\n')
        cls.box.restart("gpsd")

    def pulses_from(self, source):
        self.box.write("/etc/ntsbox/ntsboxd.toml", f'[pulse]\nsource = "stream:{source}"\n')

    def test_no_antenna_since_the_start(self):
        self.sick(lambda: self.boot(lambda: self.box.tell_sim("fix off")), lambda: self.box.tell_sim("fix on"),
                  2, "no-fix", "free view of the sky", "gpsd has no fix")

    def test_no_pulse_since_the_start(self):
        self.sick(lambda: self.boot(lambda: self.box.tell_sim("pulse off")), lambda: self.box.tell_sim("pulse on"),
                  2, "pulse", "PPS wire", "no pulses arrive")

    def test_the_pulse_source_is_not_for_ntsboxd(self):
        source = self.machine.path("/run/pulses.sock")
        self.sick(lambda: self.boot(lambda: source.chmod(0o600)), lambda: source.chmod(0o666),
                  2, "pulse", "allowed to read it", "Permission denied")

    def test_five_pulses_a_second(self):
        edges = Edges(self.machine.path("/run/edges.sock"), rate=5)

        def heal():
            edges.rate = 1
        self.addCleanup(self.boot, lambda: self.pulses_from("/run/pulses.sock"))
        self.sick(lambda: self.boot(lambda: self.pulses_from("/run/edges.sock")), heal,
                  2, "pulse-rate", "one pulse a second", "not once a second")

    def test_a_receiver_that_is_ten_years_back(self):
        """One that is 1024 weeks back gpsd itself brings back."""
        old = ("--at", f"0:jump -{512 * 7 * 86400}")
        self.sick(lambda: self.boot(lambda: replace_receiver(self.box, *old)), lambda: replace_receiver(self.box), 2,
                  "before-floor", "replace it", "in the past")

    def test_a_receiver_that_contradicts_itself(self):
        self.sick(lambda: self.box.tell_sim("jump 3"), lambda: self.box.tell_sim("jump -3"), 1, "holdover", "false signals")

    def test_the_receiver_is_unplugged(self):
        def plug():
            self.box.tell_sim("plug")
            self.machine.run("gpsdctl", "add", "/run/gps")  # as udev does
        self.sick(lambda: self.box.tell_sim("unplug"), plug, 1, "holdover", "plugged in")

    def test_ntsboxd_never_ran(self):
        def spoil():
            self.boot()
            self.box.stop("ntsboxd")
            self.machine.path("/run/ntsbox/status.json").unlink(missing_ok=True)
        self.sick(spoil, self.box.start_ntsboxd, 2, "ntsboxd", "systemctl status ntsboxd", "does not run")

    def test_the_status_file_is_rubbish(self):
        def spoil():
            self.box.processes.pop("ntsboxd").stop(signal.SIGKILL)
            self.box.write("/run/ntsbox/status.json", '{"state": ')
        self.sick(spoil, self.box.start_ntsboxd, 1, "ntsboxd", "systemctl status ntsboxd")

    def test_another_chronyd_has_taken_the_socket(self):
        """As one that somebody starts by hand does."""
        self.box.write("/run/other.conf", "refclock SOCK /run/chrony.ntsbox.sock refid GPS\ncmdport 0\nport 0\n"
                       "pidfile /run/other.pid\nbindcmdaddress /\n")

        def spoil():
            other = self.machine.start("other", "chronyd", "-x", "-d", "-u", "root", "-f", "/run/other.conf")
            other.wait_for("chronyd version")
            wait_until(lambda: self.machine.path("/run/other.pid").exists(), 20, "the other chronyd")
            self.machine.run("chown", "_ntsbox", "/run/chrony.ntsbox.sock")
            self.box.restart("ntsboxd")

        def heal():
            for part in ("chronyd", "ntsboxd"):
                self.box.restart(part)
        self.sick(spoil, heal, 1, "refclock", "systemctl restart chrony ntsboxd")

    def test_chronyd_waits_for_more_sources(self):
        def spoil():
            self.box.write(OWN_CONF, "minsources 2\n")
            self.box.restart("chronyd")
            wait_until(lambda: "\nW GPS " in self.machine.chronyc("selectdata"), 20, "chronyd that waits")
            self.collect()

        def heal():
            self.machine.path(OWN_CONF).unlink()
            self.box.restart("chronyd")
        self.sick(spoil, heal, 2, "refclock", "minsources", "does not follow the receiver")

    def test_the_antenna_is_lost_for_longer_than_the_limit_allows(self):
        self.box.tell_sim("fix off")
        try:
            wait_until(lambda: self.found()["status"] == 1, 10, "a holdover")
            limit = self.found()["chronyd"]["bound_ns"] * 1e-9 + 2e-5
            self.assertEqual(self.found("--limit", limit)["status"], 1)
            wait_until(lambda: self.found("--limit", limit)["status"] == 2, 60, "a holdover that is no longer good")
            found = self.found("--limit", limit)
            self.assertIn("run free for", found["verdict"])
            self.assertIn("free view of the sky", found["cure"])
        finally:
            self.box.tell_sim("fix on")
        wait_until(lambda: self.found("--limit", limit)["status"] == 0, 60, "good again")

    def test_no_chronyc(self):
        chronyc = self.machine.path("/usr/bin/chronyc")
        kept = chronyc.with_name("chronyc.kept")
        self.sick(lambda: chronyc.rename(kept), lambda: kept.rename(chronyc), 3, "chronyc", "ntsbox-provision", "not installed")


class Witnessed(Status):
    """A receiver, and two upstreams of another net."""

    @classmethod
    def prepare(cls):
        super().prepare()
        cls.box.offset = "0"  # the clock that the servers serve as well
        replace_receiver(cls.box)
        cls.servers = {}
        for number, name in enumerate("ab", 1):
            host, address = f"{name}.test", f"10.77.{number}.1"
            server = cls.servers[host] = Server(cls.rig, f"server-{name}", host, address)
            join(server.machine, cls.machine, address, f"10.77.{number}.2")
            with open(cls.machine.path("/etc/hosts"), "a") as hosts:
                hosts.write(f"{address} {host}\n")
            cls.box.write(f"/etc/chrony/nts/{host}.crt", server.certificates["server"][0].read_text())
            server.start()

    def found(self, *options, user="nobody"):
        self.machine.run("ntsbox-status", "--collect", check=False)  # as the timer does each minute
        return super().found(*options, user=user)

    def setUp(self):
        self.ask_servers(*self.servers)
        wait_until(lambda: self.found()["status"] == 0, 60, "a box that is well")

    def ask_servers(self, *hosts, nts=True, refclock="prefer"):
        """The box's chronyd starts anew, with these sources beside the receiver."""
        self.box.stop("chronyd")
        self.box.write(OWN_CONF, "".join(f"ntstrustedcerts /etc/chrony/nts/{host}.crt\n" for host in self.servers))
        self.box.write(OWN_SOURCES, "".join(f"server {host} iburst {'nts' if nts else ''} {OFTEN}\n" for host in hosts))
        self.box.write("/etc/chrony/chrony.conf", CONF.replace("filter 1", f"filter 1 delay 1e-3 {refclock}"))
        for cookies in self.machine.path("/var/lib/chrony").glob("*.nts"):
            cookies.unlink()
        self.box.start_chronyd()

    def lie(self, *hosts):
        for host in hosts:
            server = self.servers[host]
            server.stop()
            server.chronyd = server.machine.start_chronyd(ahead=LIE)

    def tell_the_truth(self, *hosts):
        for host in hosts:
            self.servers[host].stop()
            self.servers[host].start()

    def test_the_antenna_is_lost_and_an_upstream_is_followed(self):
        self.sick(lambda: self.box.tell_sim("fix off"), lambda: self.box.tell_sim("fix on"), 1, "upstream-time",
                  "free view of the sky", ".test, within")

    def test_the_upstream_that_stands_in_is_too_far_away(self):
        self.box.tell_sim("fix off")
        try:
            wait_until(lambda: "not the receiver's" in self.found()["verdict"], 90, "an upstream")
            found = self.found("--limit", "1e-6")
            self.assertEqual((found["status"], found["remarks"][0]["name"]), (2, "upstream-time"), found)
            self.assertIn(".test, within", found["verdict"])
            self.assertIn("free view of the sky", found["cure"])
        finally:
            self.box.tell_sim("fix on")

    def test_the_wrong_edge_is_captured(self):
        """The end of pulses that last a tenth of a second; two upstreams know better."""
        Edges(self.machine.path("/run/clear.sock"), late=0.1)

        def capture(source):
            self.box.write("/etc/ntsbox/ntsboxd.toml", f'[pulse]\nsource = "stream:{source}"\n')
            self.box.restart("ntsboxd")
            self.box.restart("chronyd")
        self.sick(lambda: capture("/run/clear.sock"), lambda: capture("/run/pulses.sock"), 1, "upstream-time", "wrong edge",
                  "not the receiver's")

    def test_one_of_two_upstreams_is_false(self):
        def spoil():
            self.lie("b.test")
            self.ask_servers("a.test", "b.test")
        self.sick(spoil, lambda: self.ask_servers("a.test"), 1, "disagreement", "--upstream", "1 of 2 upstreams contradict the receiver")
        self.tell_the_truth("b.test")

    def test_all_upstreams_contradict_the_receiver(self):
        """And the receiver is trusted all the same."""
        def spoil():
            self.lie(*self.servers)
            self.ask_servers(*self.servers, refclock="prefer trust")

        def heal():  # another clock showed that it is them
            self.tell_the_truth(*self.servers)
            self.ask_servers(*self.servers, refclock="prefer trust")
        self.sick(spoil, heal, 2, "disagreement", "trust neither", "2 of 2 upstreams contradict the receiver, by up to 10 s")

    def test_the_only_upstream_contradicts_the_receiver(self):
        def spoil():
            self.lie("b.test")
            self.ask_servers("b.test")

        def heal():
            self.tell_the_truth("b.test")
            self.ask_servers("b.test")
        self.sick(spoil, heal, 2, "refclock", "which of them is wrong", "rejects the refclock GPS")

    def test_no_upstream_answers(self):
        def spoil():
            for server in self.servers.values():
                server.machine.run("ip", "link", "set", "box", "down")
            self.ask_servers(*self.servers)

        def heal():
            for server in self.servers.values():
                server.machine.run("ip", "link", "set", "box", "up")
        self.sick(spoil, heal, 1, "upstream", "4460/tcp", "no upstream answers")

    def test_an_upstream_has_another_certificate(self):
        server = self.servers["a.test"]

        def serve(which):
            server.stop()
            server.use(which)
            server.start()

        def spoil():
            serve("foreign")
            self.ask_servers(*self.servers)

        def heal():
            serve("server")
            self.box.restart("chronyd")
        self.sick(spoil, heal, 1, "authentication", "systemctl restart chrony", "a.test: the NTS handshake fails")

    def test_upstreams_without_authentication(self):
        self.sick(lambda: self.ask_servers(*self.servers, nts=False), lambda: self.ask_servers(*self.servers), 1,
                  "authentication", "by NTS", "is not authenticated")


class Certified(Status):
    def issue(self, days):
        """A certificate that another tool made so many days from now, for 3000 days: ours asks whether the clock can be right."""
        run = self.machine.run
        lie = ("env", f"LD_PRELOAD={faketime()}", f"FAKETIME={days:+}d")
        self.machine.run = lambda *words, **more: run(*(lie if words[0] == "openssl" else ()), *words, **more)
        self.box.issue()
        del self.machine.run
        # Which remembers the certificate of another test, and would call this one edited.
        self.machine.run("rm", "-rf", "/var/lib/ntsbox-provision")
        self.collect()

    def renew(self):
        for words in (["renew"], ["renew", "--switch", "--yes"]):
            self.machine.run("ntsbox-provision", *words)
        self.collect()

    def test_a_certificate_that_has_ended(self):
        self.sick(lambda: self.issue(-4000), self.renew, 2, "certificate", "ntsbox-provision renew", "has expired")

    def test_a_certificate_of_the_future(self):
        self.sick(lambda: self.issue(2000), self.renew, 2, "certificate", "renew --switch", "is the clock right?")


class Provisioned(Restarted):
    by_hand = False

    def test_a_certificate_that_is_none(self):
        def spoil():
            self.box.write("/etc/chrony/nts/server.crt", "rubbish")
            self.collect()

        def heal():
            cure = self.box.ask("doctor")[1]["failed"]["certificate"]["cure"]
            self.assertEqual(cure, "rm /etc/chrony/nts/server.crt; ntsbox-provision apply writes it anew")
            self.machine.run("sh", "-c", cure.replace(" writes it anew", " --yes"))
            self.collect()
        self.sick(spoil, heal, 2, "certificate", "ntsbox-provision doctor", "cannot be read")

    def test_no_upstream_for_a_box_without_a_network(self):
        def name(*upstreams):
            self.machine.run("ntsbox-provision", "--yes", *upstreams)
            self.box.restart("chronyd")
        self.sick(lambda: name("--upstream", "10.9.9.9"), lambda: name("--airgap"), 1, "upstream", "ntsbox-provision --airgap",
                  "no upstream answers")

    def test_ntsboxd_has_just_come_back(self):
        self.sick(self.boot, lambda: None, 2, "refclock", "wait a minute", "has just locked")


class Unsteady(Status):
    def test_unsteady_pulses(self):
        """Of the last thousand pulses more than a tenth are, and then no longer."""
        replace_receiver(self.box, "--pulse-jitter", "100000")
        wait_until(lambda: "--tune" in self.found()["cure"], 300, "unsteady pulses")
        found = self.found()
        self.assertEqual((found["status"], found["remarks"][0]["name"]), (1, "jitter"), found)
        self.assertRegex(found["verdict"], "but [0-9]+ of the last [0-9]+ pulses are off")
        replace_receiver(self.box)
        wait_until(lambda: self.found()["status"] == 0, 400, "good again")


if __name__ == "__main__":
    enter_namespaces()
    unittest.main(verbosity=2)
