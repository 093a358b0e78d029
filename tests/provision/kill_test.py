#!/usr/bin/env python3
"""What becomes of a machine whose ntsbox-provision dies, or whose disk fails, at any one system call.

strace kills the program as it enters a system call that would change something, one (call, count) after the other:
its counters are per call, so that each of the program's writes is met exactly once. NTSBOX_KILL_POINTS=all goes
through them all (`make check-kill`); otherwise a spread sample does.
"""

import collections
import concurrent.futures
import hashlib
import itertools
import multiprocessing
import os
import pathlib
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))
from rig import BUILD, become_root  # noqa: E402

PROGRAM = BUILD / "bin/ntsbox-provision"
SAMPLE = 100  # points in all, over the scenarios
STATE = "var/lib/ntsbox-provision"
CHRONY = 110  # the group _chrony of the tree
NOBODY = 65534
MUTATING = ("openat,write,fchown,fchmod,fchownat,fsync,rename,renameat,renameat2,unlink,unlinkat,rmdir,mkdir,mkdirat,"
            "symlink,symlinkat,ftruncate")
SETTINGS = ["--board", "generic", "--pulse", "stream:/run/ntsbox-sim/pulses.sock", "--receiver", "/dev/ttyUSB0",
            "--airgap"]
FIRST = ["apply", "--yes", "--offline", "--name", "box.example", "--allow", "10.0.0.0/8", *SETTINGS]
CHANGED = ["apply", "--yes", "--offline", "--name", "other.example", "--allow", "192.168.0.0/16", "--tune", *SETTINGS]
LESS = [*FIRST, "--no-tune"]
ROLLBACK = ["rollback", "--yes"]
UNINSTALL = ["uninstall", "--yes"]
LOSE_CERTIFICATE = []  # so that the next run makes a new pair
RENEW = ["renew"]
SWITCH = ["renew", "--switch", "--yes"]
PAIRS = ("etc/ntsbox/pki", "etc/ntsbox/pki/next", "etc/ntsbox/pki/previous", "etc/chrony/nts")

PASSWD = "root:x:0:0:root:/root:/bin/bash\n_chrony:x:105:110::/var/lib/chrony:/bin/false\n" \
         "gpsd:x:106:20::/run/gpsd:/bin/false\n_ntsbox:x:107:111::/:/bin/false\n"
GROUP = "root:x:0:\ndialout:x:20:\n_chrony:x:110:\n_ntsbox:x:111:\n"
PACKAGES = "".join(f"Package: {name}\nStatus: install ok installed\nArchitecture: arm64\nVersion: {version}\n\n"
                   for name, version in (("chrony", "4.3-2+deb12u3"), ("gpsd", "3.22-4.1+deb12u1")))


def make_tree(tree):
    """What the program looks at of a Debian 12 machine."""
    files = {
        "etc/passwd": PASSWD, "etc/group": GROUP, "etc/hostname": "box\n", "var/lib/dpkg/status": PACKAGES,
        "etc/os-release": "ID=debian\nVERSION_CODENAME=bookworm\n",
        "etc/chrony/chrony.conf": "confdir /etc/chrony/conf.d\npool 2.debian.pool.ntp.org iburst\n",
        "lib/systemd/system/chrony.service": "[Unit]\n", "lib/systemd/system/gpsd.service": "[Unit]\n",
        "lib/systemd/system/gpsd.socket": "[Unit]\n", "lib/systemd/system/ntsboxd.service": "[Unit]\n",
    }
    for folder in ("etc/chrony/conf.d", "etc/chrony/sources.d", "etc/systemd/system", "etc/ntsbox", "var/lib/ntsbox"):
        (tree / folder).mkdir(parents=True)
    for name, text in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)


def provision(tree, words, *before, **options):
    # The leak sanitizer and strace cannot both trace a process.
    options.setdefault("env", {**os.environ, "ASAN_OPTIONS": "detect_leaks=0"})
    program = options.pop("program", PROGRAM)
    return subprocess.run([*before, program, *words, "--root", tree], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, **options)


def everything(tree):
    """Path -> (kind, mode, owner, group, content) of all that is in the tree, the state folder's content apart."""
    found = {}
    for folder, folders, names in os.walk(tree):
        for name in folders + names:
            path = pathlib.Path(folder, name)
            status = path.lstat()
            content = ""
            if path.is_symlink():
                content = os.readlink(path)
            elif path.is_file():
                content = path.read_bytes()
            inner = str(path.relative_to(tree))
            if not inner.startswith(STATE + "/"):
                found[inner] = (stat.S_IFMT(status.st_mode), stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid,
                                content)
    return found


def is_identity(content):
    return isinstance(content, bytes) and content.startswith(b"-----BEGIN ")


def without_identity(found):
    """Keys and certificates are new in each run: of those only that they are there, and how."""
    return {path: (*entry[:4], "PEM" if is_identity(entry[4]) else entry[4]) for path, entry in found.items()}


def public_key(path, what):
    return subprocess.run(["openssl", *what, "-in", path], stdout=subprocess.PIPE, check=True).stdout


def match(key, certificate):
    return key.exists() and public_key(key, ["pkey", "-pubout"]) == public_key(certificate, ["x509", "-noout", "-pubkey"])


def is_pair(tree, folder):
    key, certificate = tree / folder / "server.key", tree / folder / "server.crt"
    if not certificate.exists():
        return not key.exists() or (tree / folder / "server.csr").exists()
    return match(key, certificate)


def serves_a_pair(tree):
    """Whether a chronyd that started now would serve NTS, if its configuration says so."""
    text = (tree / "etc/chrony/chrony.conf").read_text()
    named = dict(re.findall(r"^ntsserver(key|cert) /(.*)$", text, re.MULTILINE))
    return not named or match(tree / named["key"], tree / named["cert"])


def is_unfinished(tree):
    return any((each / "journal").exists() and not (each / "done").exists() for each in (tree / STATE).glob("[0-9]*"))


def points_of(tree, words, log):
    """Each (call, count) of a run that would change something."""
    result = provision(tree, words, "strace", "-e", f"trace={MUTATING}", "-o", log)
    if result.returncode not in (0, 4):
        raise AssertionError(result.stdout)
    counts, points = collections.Counter(), []
    for line in pathlib.Path(log).read_text().splitlines():
        call = line.split("(")[0]
        counts[call] += 1
        if (call == "openat" and "O_CREAT" not in line) or re.match(r"write\([12],", line):
            continue
        if call in MUTATING.split(","):
            points.append((call, counts[call]))
    return points


class Scenario:
    """A machine before a command, and as the undisturbed command leaves it."""

    def __init__(self, folder, name, preparations, words):
        self.name, self.words, self.folder = name, words, folder / name
        self.folder.mkdir()
        self.before = self.folder / "before"
        make_tree(self.before)
        self.stages = [everything(self.before)]
        for preparation in preparations:
            if preparation is LOSE_CERTIFICATE:
                (self.before / "etc/ntsbox/pki/server.crt").unlink()
            else:
                result = provision(self.before, preparation)
                if result.returncode not in (0, 4):
                    raise AssertionError(result.stdout)
            self.stages.append(everything(self.before))
        self.old = self.stages[-1]
        self.pairs = [pair for pair in PAIRS if is_pair(self.before, pair)]
        whole = self.copy("whole")
        self.points = points_of(whole, words, self.folder / "trace")
        self.new = everything(whole)
        self.stages.append(self.new)

    @staticmethod
    def generations(tree):
        return len(list((tree / STATE).glob("[0-9]*")))

    def copy(self, name):
        tree = self.folder / name
        subprocess.run(["cp", "-a", self.before, tree], check=True)
        return tree

    def torn(self, tree):
        """What it never was, is open to others, or a pair that nothing will mend."""
        found = everything(tree)
        for path, entry in found.items():
            content = entry[4]
            if path.endswith((".ntsbox-tmp", ".ntsbox-staged")):
                continue
            known = [stage[path][4] for stage in self.stages if path in stage]
            if is_identity(content) and content.rstrip().endswith(b"-----"):
                continue
            if content not in known and entry[0] != stat.S_IFDIR:
                yield f"{path} is torn or strange"
        for path in self.old:
            if path in self.new and path not in found:
                yield f"{path} is missing"
        yield from self.open_to_others(tree)
        if not serves_a_pair(tree):
            yield "what chronyd would serve is no pair"
        if not is_unfinished(tree):
            for pair in self.pairs:
                if not is_pair(tree, pair):
                    yield f"{pair} does not match"

    @staticmethod
    def open_to_others(tree):
        for path in tree.rglob("*"):
            if path.is_symlink() or not path.is_file() or b"PRIVATE KEY" not in path.read_bytes():
                continue
            status = path.stat()
            mode = stat.S_IMODE(status.st_mode)
            if mode & 0o007 or (mode & 0o070 and (mode, status.st_gid) != (0o640, CHRONY)):
                yield f"{path.relative_to(tree)} is open to others: {mode:o}"

    def finish(self, tree):
        """What somebody would do after the cut."""
        if self.words == ROLLBACK and self.generations(tree) < self.generations(self.before):
            return  # it was done when it was cut
        if self.words == SWITCH and not is_unfinished(tree) and not (tree / PAIRS[1] / "server.key").exists():
            return  # likewise
        result = provision(tree, self.words)
        if result.returncode not in (0, 4):
            yield f"the next run ended with {result.returncode}: {result.stdout}"

    def converges(self, tree):
        """What is not as the undisturbed run would have left it."""
        found, wanted = without_identity(everything(tree)), without_identity(self.new)
        for path in sorted(found.keys() | wanted.keys()):
            if found.get(path) != wanted.get(path):
                yield f"{path} is {found.get(path)}, and should be {wanted.get(path)}"
        for pair in PAIRS:
            if not is_pair(tree, pair):
                yield f"{pair} does not match in the end"
        yield from self.open_to_others(tree)

    def killed_at(self, point):
        call, count = point
        tree = self.copy(f"{call}-{count}")
        result = provision(tree, self.words, "strace", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                           f"inject={call}:signal=KILL:when={count}")
        wrong = [] if result.returncode in (-9, 137) else [f"it was not killed: {result.returncode} {result.stdout}"]
        wrong += self.torn(tree)
        wrong += self.finish(tree)
        wrong += self.converges(tree)
        shutil.rmtree(tree)
        return [f"{self.name}, killed at {call} {count}: {each}" for each in wrong]

    def failed_at(self, point, code):
        call, count = point
        tree = self.copy(f"{call}-{count}")
        result = provision(tree, self.words, "strace", "-o", "/dev/null", "-e", f"trace={call}", "-e",
                           f"inject={call}:error={code}:when={count}")
        wrong = []
        if result.returncode == 1 and everything(tree) != self.old:
            wrong.append("it failed and was not rolled back")
        elif result.returncode in (0, 4):
            wrong += self.converges(tree)
        elif result.returncode != 1:
            wrong.append(f"it ended with {result.returncode}: {result.stdout}")
        wrong += self.open_to_others(tree)
        shutil.rmtree(tree)
        return [f"{self.name}, {code} at {call} {count}: {each}" for each in wrong]


def spread(points, most):
    """At most `most` of them, evenly."""
    if os.environ.get("NTSBOX_KILL_POINTS") == "all" or len(points) <= most:
        return points
    return [points[i * len(points) // most] for i in range(most)]


def in_parallel(work, *arguments):
    """All that went wrong."""
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(itertools.chain.from_iterable(pool.map(work, *arguments)))


class Scratch(unittest.TestCase):
    maxDiff = None

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="ntsbox-kill-"))
        self.addCleanup(shutil.rmtree, self.folder)


class Killed(Scratch):
    def import_of_a_renewal(self):
        """A box that serves with its CA's certificate, and takes the next one."""
        request, signed, ca = (self.folder / name for name in ("box.csr", "box.crt", "ca"))
        ask = [["request", "--output", request], ["ca", "sign", request, "--authority", ca, "--yes"]]
        take = ["import", signed]
        return [["ca", "init", "--name", "box.example", "--output", ca], FIRST, *ask, take, SWITCH, *ask], take

    def test_a_run_that_is_killed_leaves_nothing_torn_and_the_next_one_finishes(self):
        scenarios = [Scenario(self.folder, "fresh", [], FIRST), Scenario(self.folder, "changed", [FIRST], CHANGED),
                     Scenario(self.folder, "no longer wanted", [CHANGED], LESS),
                     Scenario(self.folder, "new pair", [FIRST, LOSE_CERTIFICATE], FIRST),
                     Scenario(self.folder, "rollback", [FIRST, CHANGED], ROLLBACK),
                     Scenario(self.folder, "uninstall", [FIRST, CHANGED], UNINSTALL),
                     Scenario(self.folder, "renew", [FIRST], RENEW),
                     Scenario(self.folder, "switch", [FIRST, RENEW], SWITCH),
                     Scenario(self.folder, "switch back", [FIRST, RENEW, SWITCH], ROLLBACK),
                     Scenario(self.folder, "import", *self.import_of_a_renewal())]
        every = [(scenario, point) for scenario in scenarios for point in scenario.points]
        chosen = spread(every, SAMPLE)
        wrong = in_parallel(lambda pair: pair[0].killed_at(pair[1]), chosen)
        print(f"{len(chosen)} of {len(every)} points: " +
              ", ".join(f"{scenario.name} {len(scenario.points)}" for scenario in scenarios))
        self.assertEqual(wrong, [])


class Failing(Scratch):
    def test_a_disk_that_fails_once_has_the_run_taken_back(self):
        scenario = Scenario(self.folder, "fresh", [], FIRST)
        codes = itertools.cycle(["ENOSPC", "EIO", "EROFS", "EACCES"])
        chosen = spread(list(zip(scenario.points, codes)), SAMPLE // 2)
        self.assertEqual(in_parallel(lambda pair: scenario.failed_at(*pair), chosen), [])

    def test_an_interrupted_call_is_no_failure_where_it_may_be_tried_again(self):
        scenario = Scenario(self.folder, "fresh", [], FIRST)
        chosen = [point for point in scenario.points if point[0] in ("write", "openat")][:12]
        self.assertEqual(in_parallel(lambda point: scenario.failed_at(point, "EINTR"), chosen), [])


def read_busily(paths, ready, stop, opened):
    """As nobody: how often one of the paths could be opened."""
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    ready.set()
    tries = 0
    while not stop.is_set():
        for path in paths:
            tries += 1
            try:
                os.close(os.open(path, os.O_RDONLY))
                opened.value += 1
            except OSError:
                pass
    opened.value += 0 if tries else 1


class Key(Scratch):
    NAMES = tuple(f"{pair}/server.key" for pair in PAIRS)

    def setUp(self):
        super().setUp()
        os.chmod(self.folder, 0o755)

    def test_nobody_else_can_read_it_at_any_instant_whatever_the_umask(self):
        ready, stop, opened = multiprocessing.Event(), multiprocessing.Event(), multiprocessing.Value("i", 0)
        tree = self.folder / "tree"
        paths = [tree / (name + end) for name in self.NAMES for end in ("", ".ntsbox-tmp")]
        reader = multiprocessing.Process(target=read_busily, args=(paths, ready, stop, opened))
        reader.start()
        try:
            ready.wait()
            for mask in (0o000, 0o022, 0o777) * 3:
                make_tree(tree)
                for words in (FIRST, RENEW, SWITCH, CHANGED, ROLLBACK):
                    self.assertIn(provision(tree, words, umask=mask).returncode, (0, 4))
                shutil.rmtree(tree)
        finally:
            stop.set()
            reader.join()
        self.assertEqual((reader.exitcode, opened.value), (0, 0))

    def test_no_file_is_ever_made_wider_than_0600(self):
        tree, log = self.folder / "tree", self.folder / "trace"
        make_tree(tree)
        for words in (FIRST, RENEW, SWITCH, CHANGED, ROLLBACK, UNINSTALL):
            provision(tree, words, "strace", "-e", "trace=openat,open,creat", "-o", log, umask=0, check=True)
            made = re.findall(r'"([^"]*)", [^)]*O_CREAT[^)]*, (0[0-7]*)\)', log.read_text())
            self.assertEqual({mode for _, mode in made} - {"0600"}, set(), made)
            self.assertTrue(made or words == UNINSTALL)

    def test_it_is_in_no_output_and_no_journal(self):
        tree = self.folder / "tree"
        make_tree(tree)
        for extra in ([], ["--json"]):
            output = provision(tree, ["plan", *FIRST[2:], *extra]).stdout
            output += provision(tree, [*FIRST, *extra]).stdout
            key = (tree / self.NAMES[0]).read_text().splitlines()[1:-1]
            output += provision(tree, [*CHANGED, *extra]).stdout
            for journal in (tree / STATE).glob("*/journal"):
                output += journal.read_text()
            output += provision(tree, [*UNINSTALL, "--keys", *extra]).stdout
            self.assertNotIn("PRIVATE KEY", output)
            for line in key:
                self.assertNotIn(line, output)


if __name__ == "__main__":
    if os.geteuid() != 0:
        become_root()
    unittest.main(verbosity=2)
