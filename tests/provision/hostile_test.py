#!/usr/bin/env python3
"""Names, addresses, networks, devices and whole files that somebody made to do harm: each is refused with a reason,
or becomes exactly the directives that it may become, as the real chronyd reads them."""

import ipaddress
import random
import re
import subprocess
import sys
import tomllib
import unittest
import pathlib

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))
from images import chronyd_directives, release_trees  # noqa: E402
from rig import BUILD, Rig, enter_namespaces  # noqa: E402
from seeds import seeds  # noqa: E402

SEED = 20261125
EACH = seeds(1600)  # of each of seven kinds
LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)\Z")
DEVICE = re.compile(r"(/[A-Za-z0-9._:+-]+)+\Z")
INJECTIONS = ["\n", "\r", "\0", "\x1b[2J", " ", "\t", '"', "'", "\\", "#", "!", ";", "%", "\nallow all", "\nlocal stratum 1",
              " trust", "\ninclude /etc/shadow", "$(reboot)", "`id`", "..", "/../", "-", "--", "\u00fc", "\u202e", "\ufeff", "{}", "[",
              "]", "/0", "/33", "%eth0", ":", "::", ".", "*", "=", ",", "\n[all]\n", "\"\"\"", "\x7f", "\x85", "a" * 300]
GOOD = {
    "name": ["time.example", "box.local", "a-b.c-d.example", "xn--bcher-kva.example", "pi4"],
    "address": ["192.0.2.1", "2001:db8::1", "10.0.0.1", "fd00::17"],
    "allow": ["192.168.1.0/24", "2001:db8::/32", "10.0.0.0/8", "0.0.0.0/0", "::/0", "192.0.2.7"],
    "upstream": ["nts.example", "192.0.2.9", "time.cloudflare.com", "2001:db8::9"],
    "receiver": ["/dev/ttyACM0", "/dev/serial/by-id/usb-x_1-if00", "/dev/ttyUSB1"],
    "pulse": ["/dev/pps1", "stream:/run/ntsbox-sim/pulses.sock"],
    "file": ['allow = ["10.0.0.0/8"]\n', 'name = ["a.example"]\nupstream = ["b.example"]\n', 'receiver = "/dev/ttyACM0"\ntune = true\n'],
}


def hostile(generator, kind):
    """A good text, once or twice harmed."""
    text = generator.choice(GOOD[kind])
    for _ in range(generator.randrange(3)):
        at = generator.randrange(len(text) + 1)
        how = generator.randrange(4)
        if how == 0:
            text = text[:at] + generator.choice(INJECTIONS) + text[at:]
        elif how == 1:
            text = text[:at] + chr(generator.choice([*range(1, 128), 0xa0, 0xfc, 0x2028, 0x1f4a9])) + text[at + 1:]
        elif how == 2:
            text = text[:at] + text[at + generator.randrange(3):]
        else:
            text = text[:at] + generator.choice(GOOD[generator.choice(list(GOOD))]) + text[at:]
    return text


# What a value may become, worked out once more, without the program.

def expected_address(text):
    try:
        return str(ipaddress.ip_address(text))
    except ValueError:
        return None


def expected_host(text):
    labels = text.lower().split(".")
    good = text.isascii() and len(text) <= 253 and all(LABEL.match(label) for label in labels)
    return text.lower() if good and not re.match(r"(0x[0-9a-f]*|[0-9]*)\Z", labels[-1]) else None


def expected_network(text):
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        return None


def expected_device(text):
    return text if DEVICE.match(text) and not re.search(r"/\.{1,2}(/|\Z)", text) else None


EXPECTED = {
    "name": expected_host,
    "address": expected_address,
    "allow": expected_network,
    "upstream": lambda text: expected_address(text) or expected_host(text),
    "receiver": expected_device,
    "pulse": lambda text: text if expected_device(text.removeprefix("stream:")) else None,
}


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        generator = random.Random(SEED)
        cls.cases = [(kind, hostile(generator, kind)) for kind in GOOD for _ in range(EACH)]
        lines = "".join(f"{kind} {text.encode(errors='surrogatepass').hex()}\n" for kind, text in cls.cases if text)
        cls.cases = [case for case in cls.cases if case[1]]
        done = subprocess.run([BUILD / "bin/provision_settings"], input=lines, capture_output=True, text=True, timeout=900, check=True)
        cls.answers = [line.split(" ") for line in done.stdout.splitlines()]
        cls.good = [(kind, text, [bytes.fromhex(part).decode() if part != "-" else "" for part in answer[1:]])
                    for (kind, text), answer in zip(cls.cases, cls.answers) if answer[0] == "good"]

    def test_every_text_has_an_answer_and_every_refusal_a_reason(self):
        self.assertGreaterEqual(len(self.cases), 6.25 * EACH)
        self.assertEqual(len(self.cases), len(self.answers))
        refused = [bytes.fromhex(answer[1]).decode() for answer in self.answers if answer[0] == "refused"]
        self.assertGreater(len(refused), 2.5 * EACH)
        self.assertGreater(len(self.good), 1.25 * EACH)
        for reason in refused:
            self.assertGreater(len(reason), 20)
            self.assertTrue(reason.isprintable(), repr(reason))

    def test_what_is_taken_is_what_it_says_in_its_canonical_form(self):
        for kind, text, files in self.good:
            remembered = tomllib.loads(files[0])
            if kind == "file":
                self.assertEqual(remembered.keys(), tomllib.loads(FILE_OF_ALL).keys())
                continue
            value = remembered[kind]
            self.assertEqual(EXPECTED[kind](text), value[0] if isinstance(value, list) else value, (kind, text))

    def test_no_text_reaches_a_file_but_as_a_value(self):
        """Every line of gpsd.env, ntsboxd.toml and firewall.nft is one of those that a known good value makes."""
        frames = {}
        for kind, text, files in self.good:
            for index, content in enumerate(files[2:]):
                values = {tomllib.loads(files[0])[key] for key in ("receiver", "pulse")} - {""}
                for value in [*tomllib.loads(files[0])["allow"], *sorted(values, key=len, reverse=True)]:
                    content = content.replace(value, "VALUE")
                content = re.sub(r"VALUE(, VALUE)*", "VALUE", content)
                frames.setdefault(index, set()).add(content)
        # The receiver, by default or not, with USB or without; a pulse; networks of either family or both.
        self.assertLessEqual(len(frames[0]), 4)
        self.assertLessEqual(len(frames[1]), 8)
        self.assertLessEqual(len(frames[2]), 4)

    def test_chronyd_reads_exactly_the_directives_that_the_settings_ask_for(self):
        rig = Rig("hostile")
        self.addCleanup(rig.close)
        batch, wanted = [], []
        for number, (_, _, files) in enumerate(self.good):
            # chronyd prints each line as it reads it; a directive between two files tells them apart.
            batch.append(f"pidfile /{number}\n{files[1]}")
            wanted.append((tomllib.loads(files[0]), files[1]))
        for tree in release_trees(rig, boards=["pi4"]):
            printed = chronyd_directives(tree, "".join(batch))
            parts = re.split(r"^pidfile /\d+\n", printed, flags=re.MULTILINE)[1:]
            self.assertEqual(len(parts), len(wanted))
            for part, (settings, conf) in zip(parts, wanted):
                lines = part.splitlines()
                self.assertEqual([line for line in lines if line.startswith("allow")], [f"allow {net}" for net in ["127.0.0.1", "::1", *settings["allow"]]])
                upstreams = settings["upstream"] or [] if settings["airgap"] else settings["upstream"] or DEFAULT_UPSTREAMS
                self.assertEqual([line for line in lines if line.startswith("server")], [f"server {host} iburst nts" for host in upstreams])
                self.assertEqual([line for line in lines if not line.startswith(("allow", "server"))], FIXED)


DEFAULT_UPSTREAMS = ["time.cloudflare.com", "nts.netnod.se", "ptbtime1.ptb.de", "ntppool1.time.nl"]
FILE_OF_ALL = "\n".join(f"{key} = 0" for key in (
    "name", "address", "allow", "upstream", "airgap", "receiver", "pulse", "pps_gpio", "board", "lateness", "key", "ca", "holdover_limit",
    "firewall", "tune", "auto_updates", "restart_gpsd", "client_no_rtc"))
FIXED = """\
refclock SOCK /run/chrony.ntsbox.sock refid GPS poll 3 filter 16 precision 1e-7 delay 20e-6 prefer
authselectmode require
makestep 0.1 3
maxupdateskew 100
rtcsync
maxclockerror 5
leapsectz right/UTC
lock_all
sched_priority 50
ratelimit interval 1 burst 16 leak 2
clientloglimit 4194304
ntsservercert /etc/chrony/nts/server.key
ntsserverkey /etc/chrony/nts/server.key
ntsratelimit interval 3 burst 8 leak 2
ntsdumpdir /var/lib/chrony
bindcmdaddress 127.0.0.1
bindcmdaddress ::1
driftfile /var/lib/chrony/chrony.drift
dumpdir /var/lib/chrony
logdir /var/log/chrony
log tracking statistics
sourcedir /etc/chrony/sources.d
""".splitlines()

if __name__ == "__main__":
    enter_namespaces()
    unittest.main()
