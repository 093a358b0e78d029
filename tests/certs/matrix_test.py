#!/usr/bin/env python3
"""Certificates judged by who has to believe them: the real chronyd on both ends of a real NTS handshake.

Each case is a server with a certificate and a client, a one-shot `chronyd -Q` that leaves the clock alone, with what it trusts.
"""

import concurrent.futures
import os
import pathlib
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))
from rig import BUILD, Process, daemon_program, enter_namespaces, library_path, private_hosts  # noqa: E402
from rigged import RiggedClass  # noqa: E402

TOOL = BUILD / "tests/certs_tool"
NOW = int(time.time())
YEAR = 365 * 86400
HOST, ADDRESS, STRANGER = "box.test", "127.0.0.1", "127.0.0.2"


def openssl(*words):
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


class Matrix(RiggedClass):
    @classmethod
    def prepare(cls):
        cls.ports = iter(range(20000, 30000, 2))
        private_hosts(cls.rig.path("etc"), f"127.0.0.1 localhost {HOST}\n")
        cls.make("pin", "pin", NOW, HOST, ADDRESS)
        cls.make("pin", "ed25519", NOW, HOST, ADDRESS, kind="ed25519")
        cls.make("pin", "other", NOW, HOST, ADDRESS)
        cls.make("pin", "hostonly", NOW, HOST)
        cls.make("pin", "addressonly", NOW, ADDRESS)
        cls.make("pin", "stranger", NOW, "stranger.test", STRANGER)
        cls.make("pin", "expired", NOW - 11 * YEAR, HOST, ADDRESS)
        cls.make("pin", "future", NOW + YEAR, HOST, ADDRESS)
        cls.make("ca", "ca", NOW, HOST, ADDRESS)
        cls.make("leaf", "leaf", NOW, cls.rig.path("ca"), HOST, ADDRESS)
        cls.make("ca", "narrow", NOW, "other.test", "192.0.2.1")
        both = "".join(cls.rig.path(f"{stem}.crt").read_text() for stem in ("other", "pin"))
        cls.rig.path("both.crt").write_text(both)
        cls.forge("forged", "pin")       # a leaf that the box's own key signed: the key has leaked
        cls.forge("smuggled", "narrow")  # a leaf for a name that the authority's constraints do not permit

    @classmethod
    def tearDownClass(cls):
        subprocess.run(["umount", "/etc", cls.rig.path("etc")], check=True)
        super().tearDownClass()

    @classmethod
    def make(cls, what, stem, now, *names, kind="p256"):
        subprocess.run([TOOL, what, cls.rig.path(stem), kind, str(now), *names], check=True)

    @classmethod
    def forge(cls, stem, issuer):
        """What our own code never makes: a leaf for the host, signed by somebody who must not."""
        path = cls.rig.path
        path("forge.ext").write_text(f"subjectAltName=DNS:{HOST},IP:{ADDRESS}\nbasicConstraints=critical,CA:FALSE\n"
                                     "keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n")
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={HOST}",
                "-keyout", path(f"{stem}.key"), "-out", path(f"{stem}.csr"))
        openssl("x509", "-req", "-in", path(f"{stem}.csr"), "-CA", path(f"{issuer}.crt"), "-CAkey", path(f"{issuer}.key"),
                "-days", "30", "-extfile", path("forge.ext"), "-out", path(f"{stem}.crt"))

    def server(self, name, stem):
        """Its NTP port; NTS-KE is one above."""
        port = next(self.ports)
        folder = self.rig.path(name)
        folder.mkdir(mode=0o700)
        conf = folder / "server.conf"
        conf.write_text(f"local stratum 1\nallow 127.0.0.0/8\nport {port}\nntsport {port + 1}\ncmdport 0\nbindcmdaddress /\n"
                        f"pidfile {folder}/server.pid\nntsservercert {self.rig.path(stem)}.crt\nntsserverkey {self.rig.path(stem)}.key\n")
        process = Process(self.rig, f"{name}-server", [daemon_program("chronyd"), "-x", "-d", "-u", "root", "-f", conf], foreign=True)
        process.wait_for("starting", 20)
        return port, process

    def handshake(self, name, stem, trust, server=HOST, more=""):
        """(whether the client took the time, what both said)."""
        port, process = self.server(name, stem)
        conf = self.rig.path(name) / "client.conf"
        conf.write_text(f"server {server} port {port} ntsport {port + 1} nts certset 1 iburst maxsamples 1\n"
                        f"ntstrustedcerts 1 {self.rig.path(trust)}.crt\nport 0\ncmdport 0\nbindcmdaddress /\n{more}"
                        f"pidfile {self.rig.path(name)}/client.pid\n")
        done = subprocess.run([daemon_program("chronyd"), "-Q", "-t", "6", "-u", "root", "-f", conf], capture_output=True, text=True,
                              env={**os.environ, "LD_LIBRARY_PATH": library_path()})
        said = done.stdout + done.stderr
        heard = "\n".join(process.lines())
        process.stop()
        return done.returncode == 0, said + heard

    # name: (the server's certificate, what the client trusts, whom it asks for, further settings)
    TAKEN = {
        "a pin by name": ("pin", "pin", HOST, ""),
        "a pin by address": ("pin", "pin", ADDRESS, ""),
        "a pin of Ed25519": ("ed25519", "ed25519", HOST, ""),
        "a pin without addresses, by name": ("hostonly", "hostonly", HOST, ""),
        "a pin without names, by address": ("addressonly", "addressonly", ADDRESS, ""),
        "a pin beside the one before it": ("pin", "both", HOST, ""),
        "a leaf whose authority is trusted": ("leaf", "ca", HOST, ""),
        "a leaf by address": ("leaf", "ca", ADDRESS, ""),
        "an expired pin at a client that knows no time": ("expired", "expired", HOST, "nocerttimecheck 1\n"),
    }
    REFUSED = {
        "a name that is not in the certificate": ("stranger", "stranger", HOST, "name in the certificate does not match"),
        "an address that is not in the certificate": ("hostonly", "hostonly", ADDRESS, "name in the certificate does not match"),
        "an expired certificate": ("expired", "expired", HOST, "expired"),
        "a certificate of the future": ("future", "future", HOST, "not yet valid"),
        "another box's certificate": ("other", "pin", HOST, "issuer is not a CA"),
        "a leaf that a leaked key has signed": ("forged", "pin", HOST, "issuer is not a CA"),
        "a leaf outside its authority's constraints": ("smuggled", "narrow", HOST, "violates the signer's constraints"),
        "a leaf of another authority": ("leaf", "narrow", HOST, "issuer is unknown"),
    }

    def test_what_must_be_taken_is_taken(self):
        self.all(self.TAKEN, lambda case: case[3], self.assert_taken)

    def test_what_must_be_refused_is_refused_for_its_reason(self):
        self.all(self.REFUSED, lambda case: "", self.assert_refused)

    def all(self, cases, more, check):
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            running = {name: pool.submit(self.handshake, name.replace(" ", "-"), *case[:3], more(case))
                       for name, case in cases.items()}
            for name, result in running.items():
                with self.subTest(name):
                    check(cases[name], *result.result())

    def assert_taken(self, _, taken, said):
        self.assertTrue(taken, said)

    def assert_refused(self, case, taken, said):
        self.assertFalse(taken, said)
        self.assertIn(case[3], said)

    def test_gnutls_reads_every_field(self):
        """certtool, since what chronyd asks is GnuTLS."""
        for stem, key, curve in (("pin", "EC/ECDSA", "SECP256R1"), ("ed25519", "EdDSA (Ed25519)", "")):
            read = subprocess.run(["certtool", "-i", "--infile", self.rig.path(f"{stem}.crt")], check=True, capture_output=True, text=True).stdout
            for words in ("Version: 3", key, curve, "Basic Constraints (critical)", "Certificate Authority (CA): FALSE",
                          "Key Usage (critical)", "Digital signature.", "TLS WWW Server.", f"DNSname: {HOST}", f"IPAddress: {ADDRESS}",
                          "Subject Key Identifier"):
                with self.subTest(stem=stem, words=words):
                    self.assertIn(words, read)


if __name__ == "__main__":
    enter_namespaces()
    unittest.main(verbosity=2)
