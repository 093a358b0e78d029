#!/usr/bin/env python3
"""Whoever carries a bundle changes it, or puts something beside it. No client that compares the hash takes any of it."""

import gzip
import hashlib
import io
import pathlib
import random
import subprocess
import sys
import tarfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))
from pair import BOX, Pair  # noqa: E402
from rig import enter_namespaces  # noqa: E402
from seeds import seeds  # noqa: E402

MARK = "/tmp/forged-code-ran"
FORGED = 200
FOLDER = "ntsbox-bundle"


def member(name, content=b"", kind=tarfile.REGTYPE, link="", mode=0o755):
    info = tarfile.TarInfo(name)
    info.size, info.type, info.linkname, info.mode = len(content), kind, link, mode
    return info, content


def members_of(bundle):
    with tarfile.open(fileobj=io.BytesIO(bundle)) as archive:
        return [(info, archive.extractfile(info).read() if info.isfile() else b"") for info in archive]


def packed(members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for info, content in members:
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


class Forger:
    """Changes to a bundle, each of them by chance."""

    def __init__(self, chance, foreign):
        self.chance = chance
        self.foreign = foreign
        one_line = foreign.replace(b"\n", b"")
        self.blocks = [foreign, one_line + b"\n", b"!\n" + foreign, b"# comment\n" + foreign,
                       foreign.replace(b"CERTIFICATE", b"X509 CERTIFICATE"),
                       foreign.replace(b"CERTIFICATE", b"TRUSTED CERTIFICATE"),
                       b"-----BEGIN CERTIFICATE-----\n" + foreign]

    def edit(self, members, end, change):
        """Changes the content of one of the files whose names end so."""
        places = [i for i, (info, _) in enumerate(members) if info.isfile() and info.name.endswith(end)]
        i = self.chance.choice(places)
        members[i] = (members[i][0], change(members[i][1]))

    # Of its members.

    def a_certificate_replaced(self, members):
        self.edit(members, ".crt", lambda _: self.foreign)

    def blocks_beside_a_certificate(self, members):
        block = b"".join(self.chance.sample(self.blocks, self.chance.randint(1, 3)))
        self.edit(members, ".crt", self.chance.choice((lambda text: text + block, lambda text: block + text,
                                                       lambda text: text.replace(b"-----END", block + b"-----END", 1))))

    def another_certificate(self, members):
        members.append(member(f"{FOLDER}/trusted/{self.chance.randrange(99)}.crt", self.foreign))

    def a_script_that_does_more(self, members):
        self.edit(members, "install.sh", lambda text: text.replace(b"set -eu\n", f"touch {MARK}\nset -eu\n".encode()))

    def a_script_with_another_certificate(self, members):
        start, end = b"-----BEGIN CERTIFICATE-----\n", b"-----END CERTIFICATE-----\n"
        self.edit(members, "install.sh", lambda text: text[:text.index(start)] + self.foreign + text[text.index(end) + len(end):])

    def another_server(self, members):
        self.edit(members, "ntsbox.sources", lambda text: text.replace(BOX.encode(), b"box.local"))

    def a_directive(self, members):
        self.edit(members, self.chance.choice((".sources", ".conf")), lambda text: text + b"user root\n")

    def what_no_bundle_holds(self, members):
        members.append(self.chance.choice((
            lambda: member("/etc/chrony/conf.d/forged.conf", b"user root\n"),
            lambda: member("../etc/chrony/conf.d/forged.conf", b"user root\n"),
            lambda: member(f"{FOLDER}/trusted/x.crt", kind=tarfile.SYMTYPE, link="/etc/shadow"),
            lambda: member(f"{FOLDER}/trusted/x.crt", kind=tarfile.LNKTYPE, link="/etc/chrony/chrony.conf"),
            lambda: member(f"{FOLDER}/x", kind=tarfile.FIFOTYPE),
            lambda: member(f"{FOLDER}/x", kind=tarfile.CHRTYPE)))())

    def another_order(self, members):
        members.reverse()

    # Of its bytes.

    def more_behind_its_end(self, data):
        return data + self.chance.choice((b"\n", b"\0" * 512, data))

    def one_bit(self, data):
        place = self.chance.randrange(len(data))
        return data[:place] + bytes([data[place] ^ 1 << self.chance.randrange(8)]) + data[place + 1:]

    def cut(self, data):
        return data[:self.chance.randrange(len(data))]

    def compressed(self, data):
        return gzip.compress(data)

    def forge(self, genuine):
        """A bundle that is not the genuine one, and what was done to it."""
        inside = (self.a_certificate_replaced, self.blocks_beside_a_certificate, self.another_certificate, self.a_script_that_does_more,
                  self.a_script_with_another_certificate, self.another_server, self.a_directive, self.what_no_bundle_holds,
                  self.another_order)
        outside = (self.more_behind_its_end, self.one_bit, self.cut, self.compressed)
        done = self.chance.sample(inside, self.chance.randint(0, 3))
        members = members_of(genuine)
        for change in done:
            change(members)
        data = packed(members) if done else genuine
        for change in self.chance.sample(outside, self.chance.randint(0 if done else 1, 1)):
            data = change(data)
            done.append(change)
        return data, ", ".join(change.__name__ for change in done)


class Forged(Pair):
    @classmethod
    def prepare(cls):
        super().prepare()
        cls.foreign = cls.box.certificates["foreign"][0].read_bytes()
        # What the carrier can put beside a bundle, so that it looks compared, or is taken for what was unpacked.
        cls.trap = cls.client.path("/tmp/carried")

    def carry(self, bundle):
        """A folder as the carrier hands it over."""
        subprocess.run(["rm", "-rf", self.trap], check=True)
        (self.trap / FOLDER / "trusted").mkdir(parents=True)
        (self.trap / "bundle.tar").write_bytes(bundle)
        digest = hashlib.sha256(bundle).hexdigest()
        for name in ("bundle.tar.sha256", "SHA256SUMS", "sha256sum.txt", f"{FOLDER}/fingerprints"):
            (self.trap / name).write_text(f"{digest}  bundle.tar\n")
        (self.trap / FOLDER / "install.sh").write_text(f"touch {MARK}\n")
        (self.trap / FOLDER / "trusted/more.crt").write_bytes(self.foreign)
        (self.trap / FOLDER / "README").symlink_to("/etc/chrony/chrony.conf")

    def beside(self):
        return {str(path.relative_to(self.trap)): path.read_bytes() for path in self.trap.rglob("*")
                if path.is_file() and not path.is_symlink()}

    def assert_untouched(self, carried):
        self.assert_nothing_changed()
        self.assertEqual(self.beside(), carried)
        self.assertFalse(self.client.path(MARK).exists())

    def test_a_forged_bundle_is_refused_before_it_is_read(self):
        forger = Forger(random.Random(3), self.foreign)
        kinds = set()
        for i in range(seeds(FORGED)):
            bundle, how = forger.forge(self.bundle)
            kinds.update(how.split(", "))
            with self.subTest(number=i, how=how):
                self.assertNotEqual(bundle, self.bundle)
                self.carry(bundle)
                carried = self.beside()
                self.assertIn("not the file that the server wrote", " ".join(self.trust(bundle="/tmp/carried/bundle.tar", status=5).split()))
                self.assert_untouched(carried)
                done = self.type("/tmp/carried")
                self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                self.assertIn("bundle.tar: FAILED", done.stdout)
                self.assert_untouched(carried)
        self.assertGreater(len(kinds), 9)

    def test_the_genuine_one_is_taken_among_what_the_carrier_put_beside_it(self):
        genuine = [self.box.certificates["server"][0].read_text()]
        for way in lambda: self.trust(bundle="/tmp/carried/bundle.tar"), lambda: self.type("/tmp/carried"):
            self.carry(self.bundle)
            way()
            self.assertEqual(self.trusted(), genuine)
            self.assertFalse(self.client.path(MARK).exists())
            self.assertEqual(self.tree()["etc/chrony/chrony.conf"], self.before["etc/chrony/chrony.conf"])
            self.assert_authenticated()
            self.client.run("ntsbox-provision", "trust", "--remove", BOX, check=False)
            self.client.run("sh", "-c", f"rm -rf /etc/chrony/nts/trusted /etc/chrony/*.d/ntsbox-{BOX}.*")

    def test_a_forged_bundle_whose_own_hash_was_compared_brings_nothing_but_certificates(self):
        """The owner was deceived: what is installed is all the same what was shown, and nothing else of the bundle."""
        forger = Forger(random.Random(4), self.foreign)
        for i in range(seeds(FORGED) // 2):
            bundle, how = forger.forge(self.bundle)
            with self.subTest(number=i, how=how):
                self.put(bundle)
                told = self.client.run("ntsbox-provision", "trust", "--offline", "--json", "/tmp/bundle.tar", "--hash",
                                       hashlib.sha256(bundle).hexdigest(), check=False, stdin=subprocess.DEVNULL)
                self.assertFalse(self.client.path(MARK).exists())
                if told.returncode != 0:
                    self.assert_nothing_changed()
                    continue
                for box in (BOX, "box.local"):
                    for text in self.trusted(box):
                        self.assertIn(text.encode(), (self.box.certificates["server"][0].read_bytes(), self.foreign))
                    self.client.run("ntsbox-provision", "trust", "--remove", box, check=False)
                    self.client.run("sh", "-c", f"rm -rf /etc/chrony/nts /etc/chrony/*.d/ntsbox-{box}.* /var/lib/ntsbox-provision")
                self.before = self.tree()


if __name__ == "__main__":
    enter_namespaces()
    unittest.main(verbosity=2)
