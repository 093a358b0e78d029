"""A server with its bundle, and a client that is to trust it: real chronyds, each on a machine of its own."""

import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))
from machine import Machine, join, private_networks  # noqa: E402
from rig import wait_until  # noqa: E402
from rigged import RiggedClass  # noqa: E402

BOX = "box.test"
ADDRESS = "10.77.0.1"
PLACES = ("/etc/chrony", "/var/lib/ntsbox")


def certificate(folder, name, box=BOX, address=ADDRESS, days=3000):
    """Made by another tool than ours: paths of a certificate for the name and the address, and of its key."""
    crt, key = folder / f"{name}.crt", folder / f"{name}.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", str(days), "-subj", f"/CN={box}", "-keyout", key, "-out", crt,
                    "-addext", f"subjectAltName=DNS:{box},DNS:box.local,IP:{address}",
                    "-addext", "basicConstraints=critical,CA:FALSE", "-addext", "keyUsage=critical,digitalSignature",
                    "-addext", "extendedKeyUsage=serverAuth"], check=True, capture_output=True)
    return crt, key


class Box:
    """A server with a certificate, and the bundle that its own ntsbox-provision makes."""

    def __init__(self, rig, name="box", host=BOX, address=ADDRESS):
        self.machine = Machine(rig, name)
        self.certificates = {which: certificate(rig.folder, f"{name}-{which}", host, address)
                             for which in ("server", "next", "foreign")}
        self.machine.path("/etc/ntsbox/pki").mkdir(parents=True, mode=0o700)
        self.machine.path("/etc/chrony/nts").mkdir(mode=0o755)
        self.machine.path("/etc/chrony/chrony.conf").write_text(
            "local stratum 1\nallow\nntsservercert /etc/chrony/nts/server.crt\nntsserverkey /etc/chrony/nts/server.key\n"
            "ntsdumpdir /var/lib/chrony\n")
        self.use("server")
        self.chronyd = None

    def put(self, which, name):
        for path, end in zip(self.certificates[which], ("crt", "key")):
            self.machine.path(f"/etc/ntsbox/pki/{name}.{end}").write_text(path.read_text())

    def use(self, which):
        """Serves with this certificate from the next start on."""
        self.put(which, "server")
        for path, end in zip(self.certificates[which], ("crt", "key")):
            self.machine.path(f"/etc/chrony/nts/server.{end}").write_text(path.read_text())
        self.machine.run("chown", "root:_chrony", "/etc/chrony/nts/server.key")
        self.machine.run("chmod", "0640", "/etc/chrony/nts/server.key")

    def start(self):
        self.chronyd = self.machine.start_chronyd()

    def stop(self):
        self.chronyd.stop()

    def bundle(self, name="bundle.tar", *options):
        """Its bytes. What the server's screen showed is in `screen`."""
        self.screen = self.machine.run("ntsbox-provision", "bundle", "--output", f"/tmp/{name}", *options).stdout
        return self.machine.path(f"/tmp/{name}").read_bytes()

    def shown_hash(self):
        """The digits that people compare."""
        groups = re.search(r"^SHA-256 of bundle\.tar:\n((?:  [0-9a-f ]+\n){2})", self.screen, re.MULTILINE).group(1)
        return "".join(groups.split())

    def typed(self):
        """The commands for a client without ntsbox, as root types them there."""
        lines = self.screen[self.screen.index("Without, "):].splitlines()[1:]
        return "\n".join(lines).replace("sudo ", "")


class Pair(RiggedClass):
    @classmethod
    def prepare(cls):
        private_networks()
        cls.box = Box(cls.rig)
        cls.client = Machine(cls.rig, "client")
        join(cls.box.machine, cls.client, ADDRESS, "10.77.0.2")
        with open(cls.client.path("/etc/hosts"), "a") as hosts:
            hosts.write(f"{ADDRESS} {BOX}\n")
        cls.box.start()
        cls.bundle = cls.box.bundle()

    def setUp(self):
        self.put(self.bundle)
        self.before = self.tree()

    # What the client has, and does.

    def put(self, content, name="bundle.tar"):
        self.client.path(f"/tmp/{name}").write_bytes(content)

    def tree(self):
        """What stands below the places that trust may write in: kind, mode, owner and content of each path."""
        found = {}
        for place in PLACES:
            for folder, folders, files in os.walk(self.client.path(place)):
                for name in [*folders, *files]:
                    path = pathlib.Path(folder) / name
                    state = path.lstat()
                    content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None
                    found[str(path.relative_to(self.client.root))] = (state.st_mode, state.st_uid, state.st_gid, content)
        return found

    def trust(self, *options, bundle="/tmp/bundle.tar", status=0, json_too=False, compared=True):
        """`compared`: with the hash that the server shows, or that which is given."""
        words = ["ntsbox-provision", "trust", *([bundle] if bundle else []), *options]
        if bundle and compared:
            words += ["--hash", self.box.shown_hash() if compared is True else compared]
        done = self.client.run(*words, check=False, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return json.loads(done.stdout) if json_too else done.stdout + done.stderr

    def type(self, folder="/tmp"):
        """What the server's screen says to type, typed in a folder of the client: how that ended."""
        return self.client.run("dash", "-c", f"cd {folder} && {self.box.typed()}", check=False, stdin=subprocess.DEVNULL)

    def unpack(self):
        self.client.run("sh", "-c", "rm -rf /tmp/ntsbox-bundle; tar -C /tmp -xf /tmp/bundle.tar")

    def install(self, *options, status=0):
        done = self.client.run("dash", "/tmp/ntsbox-bundle/install.sh", *options, check=False, stdin=subprocess.DEVNULL)
        self.assertEqual(done.returncode, status, done.stdout + done.stderr)
        return done.stdout + done.stderr

    def trusted(self, box=BOX):
        folder = self.client.path(f"/etc/chrony/nts/trusted/{box}")
        return sorted(path.read_text() for path in folder.iterdir()) if folder.exists() else []

    def assert_authenticated(self, *options):
        """A chronyd that starts on this machine gets cookies, and then takes its time from the box."""
        chronyd = self.client.start_chronyd(*options)
        try:
            wait_until(lambda: self.cookies() > 0, 20, f"cookies ({chronyd.log})")
            wait_until(lambda: "^*" in self.client.chronyc("sources"), 20, f"the box selected ({chronyd.log})")
        finally:
            chronyd.stop()

    def cookies(self):
        """Of the server that chronyd knows; there must be no more than one."""
        lines = self.client.chronyc("-c", "authdata").splitlines()
        self.assertLessEqual(len(lines), 1, lines)
        return int(lines[0].split(",")[8]) if lines else 0

    def assert_nothing_changed(self):
        self.assertEqual(self.tree(), self.before)
