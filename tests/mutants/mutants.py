#!/usr/bin/env python3
"""Do the tests notice when the core is wrong? Each mutant is one change of one token or statement of driver/core; the tests of
the driver run on it, and the first that fails has killed it.

What survives is either listed in survivors.toml, with the reason why it does no harm, or is a test that is missing."""

import argparse
import concurrent.futures
import hashlib
import itertools
import json
import os
import pathlib
import re
import resource
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import tomllib
import xml.etree.ElementTree

import mutate

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORE = "driver/core/"
# They decide whether a sample leaves: no mutant of theirs may survive unlisted.
DECIDING = [f"{CORE}{name}" for name in (
    "bridge.cc", "calendar.cc", "clock_checks.cc", "edge_filter.cc", "phc_time.cc", "receiver_watch.cc",
    "second_label.cc")]
# Other files of tests that core has no part in.
NOT_OF_CORE = ("restarts",)
FAST = 0.02 # seconds: tests that take longer are left for the mutants that the others let pass,
SLOW = 5.0  # and those that take so long to nobody
MEMORY = 2 << 30
# Before any constant is initialised.
CHOOSER = """#include <cstdlib>
int chosen_mutant = 0;
__attribute__((constructor(101))) static void choose() { chosen_mutant = std::atoi(std::getenv("NTSBOX_MUTANT")); }
"""


def main():
    options = arguments()
    bench = Bench(options.build, options.source, options.tests)
    chosen = choose(bench.mutants(), options)
    results = Results(options.results, bench, options.fresh)
    with concurrent.futures.ThreadPoolExecutor(options.jobs) as pool:
        run_all(bench, chosen, results, pool)
        # The compiler is slow: it is asked of those alone that the tests let pass.
        alive = [one for one in chosen if results.fate(one) == "survived" and not results.compared(one)]
        for one, same in zip(alive, pool.map(bench.is_same, alive)):
            results.add(one, "same" if same else "survived", compared=True)
    results.save()
    sys.exit(report(chosen, results, options))


def run_all(bench, chosen, results, pool):
    wanted = [one for one in chosen if not results.know(one)]
    if not wanted:
        return
    bench.hold(chosen, {one.file for one in wanted}, pool)
    print(f"{len(wanted)} mutants to run, {sum(one.number > 0 for one in wanted)} of them in one program", flush=True)
    # What matters comes first, and what must be compiled last; else without order, so that a part of them stands for all.
    wanted.sort(key=lambda one: (one.number == 0, one.file not in DECIDING, digest(one.key().encode())))
    futures = {pool.submit(bench.judge, one): one for one in wanted}
    for i, future in enumerate(concurrent.futures.as_completed(futures), 1):
        results.add(futures[future], future.result())
        if i % 50 == 0:
            results.save()
            print(f"  {i}", flush=True)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", nargs="*", help="files under driver/core (default: all)")
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build/mutants", help="where driver_test was built")
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--results", type=pathlib.Path, help="what is known already, and what will be (default: BUILD/mutants.json)")
    parser.add_argument("--sample", type=int, help="only so many, which the seed chooses")
    parser.add_argument("--seed", default="1")
    parser.add_argument("--least", type=float, default=0.9, help="share that must be killed (default: %(default)s)")
    parser.add_argument("--tests", default="", help="which of them may kill, as Catch2 is told (default: all of the core's)")
    parser.add_argument("--fresh", action="store_true", help="forget what is known already")
    parser.add_argument("--show", action="store_true", help="each survivor, listed ones too")
    options = parser.parse_args()
    options.build = options.build.resolve()
    options.results = options.results or options.build / "mutants.json"
    return options


class One:
    """One mutant of one file."""

    def __init__(self, file, mutant, number):
        self.file, self.mutant, self.number = file, mutant, 0
        # The same words twice in a file are two mutants: the second is `... (2)`.
        self.name = mutant.what + (f" ({number})" if number > 1 else "")

    def key(self):
        return f"{self.file}: {self.name}"


def choose(ones, options):
    if not options.sample:
        return ones
    def rank(one):
        return hashlib.sha256(f"{options.seed} {one.key()}".encode()).digest()
    return sorted(sorted(ones, key=rank)[:options.sample], key=lambda one: (one.file, one.mutant.begin))


class Bench:
    """One program that holds all mutants that can be chosen when it runs, and a program for each of the others."""

    def __init__(self, build, files, tests):
        self.build = build
        self.all_files = sorted(str(path.relative_to(ROOT)) for path in (ROOT / CORE).glob("*.cc"))
        self.files = files or self.all_files
        self.folder = tempfile.TemporaryDirectory(prefix="ntsbox-mutants-")
        self.sources = {file: (ROOT / file).read_text() for file in self.files}
        commands = json.loads((build / "compile_commands.json").read_text())
        self.commands = {os.path.relpath(entry["file"], ROOT): compiler_of(entry["command"]) for entry in commands
                         if f"/{CORE}" in entry["file"] and "driver_core.dir" in entry["command"]}
        self.link = linker_of(build)
        self.stages = self.time_tests(tests)
        self.originals, self.lock = {}, threading.Lock()

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def mutants(self):
        found = []
        for file, source in self.sources.items():
            seen = {}
            for mutant in mutate.mutants(source):
                seen[mutant.what] = seen.get(mutant.what, 0) + 1
                found.append(One(file, mutant, seen[mutant.what]))
        return found

    def compile(self, file, source, name):
        """The object's path, and what the compiler had to say."""
        path = self.path(f"{name}-{pathlib.Path(file).stem}.o")
        done = subprocess.run([*self.commands[file], "-x", "c++", "-c", "-", "-o", path],
                              input=source, text=True, cwd=self.build, capture_output=True)
        return path if done.returncode == 0 else None, done.stderr

    def hold(self, ones, files, pool):
        """Builds the program of those of `files` that it can hold; the others have no number."""
        numbered = {10_000 * (self.all_files.index(file) + 1) + i: one for file in sorted(files)
                    for i, one in enumerate(one for one in ones if one.file == file)}
        chooser = self.path("chooser.o")
        subprocess.run([self.commands[self.files[0]][0], "-x", "c++", "-c", "-", "-o", chooser], input=CHOOSER, text=True, check=True)
        held = [*pool.map(lambda file: self.hold_file(file, {n: one.mutant for n, one in numbered.items() if one.file == file}),
                          sorted(files))]
        self.program = self.path("held")
        subprocess.run(self.link([chooser, *(compiled for compiled, _ in held)], self.program), cwd=self.build, check=True)
        for number in set().union(*(numbers for _, numbers in held)):
            numbered[number].number = number

    def hold_file(self, file, mutants):
        """The object, and the numbers of those that it holds. An arm that does not compile is left out of it."""
        cache = self.build / "held" / digest(f"{self.commands[file]} {mutate.hold_all(self.sources[file], mutants)}".encode())
        if cache.with_suffix(".json").exists():
            return cache.with_suffix(".o"), set(json.loads(cache.with_suffix(".json").read_text()))
        while True:
            text, homeless = mutate.hold_all(self.sources[file], mutants)
            source = f"extern int chosen_mutant;\n#define MUTANT(n) (chosen_mutant == n)\n{text}"
            compiled, said = self.compile(file, source, "held")
            if compiled:
                break
            bad = self.blamed(source.splitlines(), said)
            if not bad:
                sys.exit(f"{file} does not compile with its mutants:\n{said}")
            mutants = {number: mutant for number, mutant in mutants.items() if number not in bad}
        held = set(mutants) - set(homeless)
        cache.parent.mkdir(exist_ok=True)
        shutil.copy(compiled, cache.with_suffix(".o"))
        cache.with_suffix(".json").write_text(json.dumps(sorted(held)))
        return cache.with_suffix(".o"), held

    @staticmethod
    def blamed(lines, said):
        """Whose lines the compiler objects to. Where it is a line of nobody's, the one above it is blamed."""
        bad = set()
        for number in map(int, re.findall(r"^<stdin>:(\d+):\d+: (?:fatal )?error:", said, re.MULTILINE)):
            arms = (re.match(r"(?:if \()?MUTANT\((\d+)\)", lines[i]) for i in range(number - 1, -1, -1))
            bad.update(int(arm.group(1)) for arm in itertools.islice(filter(None, arms), 1))
        return bad

    def time_tests(self, wanted):
        """The tests of the core by the time that they take: {file: [(names, seconds), ...]}, to be run one after the other."""
        begin = cpu_of_children()
        tests = run_for_xml([self.build / "tests/driver_test", *wanted.split()])
        took = cpu_of_children() - begin
        failed = [test.get("name") for test in tests if test.find("OverallResult").get("success") != "true"]
        if failed:
            sys.exit(f"without any mutant these tests fail: {failed}")
        times = {test.get("name"): float(test.find("OverallResult").get("durationInSeconds")) for test in tests}
        # Catch2 measures the time that passes, which other work on this machine makes longer for all of them.
        share = min(1, took / sum(times.values()))
        times = {name: share * seconds for name, seconds in times.items()}
        homes = {test.get("name"): pathlib.Path(test.get("filename")).stem.removesuffix("_test") for test in tests}
        # What tests io alone has nothing to say of core.
        core = [name for name in times if not (ROOT / f"driver/io/{homes[name]}.cc").exists() and homes[name] not in NOT_OF_CORE]
        self.check_escapes(core)

        def of_use(file, home):
            """What tests one other file alone is not worth its time, if that is long."""
            return home in (pathlib.Path(file).stem, "bridge") or not (ROOT / f"{CORE}{home}.cc").exists()
        stages = {}
        for file in self.files:
            near = [name for name in core if homes[name].startswith(pathlib.Path(file).stem) and times[name] < FAST]
            fast = [name for name in core if name not in near and times[name] < FAST]
            slow = sorted((name for name in core if FAST <= times[name] < SLOW and of_use(file, homes[name])), key=times.get)
            stages[file] = [(stage, sum(times[name] for name in stage)) for stage in (near, fast, slow) if stage]
        return stages

    def check_escapes(self, names):
        """That Catch2 finds them all in a list."""
        listed = pathlib.Path(self.path("all-tests"))
        listed.write_text("".join(f"{escaped(name)}\n" for name in names))
        found = {test.get("name") for test in run_for_xml([self.build / "tests/driver_test", "--input-file", listed])}
        if found != set(names):
            sys.exit(f"Catch2 does not find these tests by their names: {set(names) - found}")

    def judge(self, one):
        """What becomes of it: stillborn, killed, overtime or survived."""
        if one.number:
            return self.run_stages(one, self.program)
        name = f"alone-{id(one)}"
        compiled, _ = self.compile(one.file, one.mutant.apply(self.sources[one.file]), name)
        if not compiled:
            return "stillborn"
        program = self.path(name)
        subprocess.run(self.link([compiled], program), cwd=self.build, check=True, capture_output=True)
        fate = self.run_stages(one, program)
        for path in (compiled, program):
            os.unlink(path)
        return fate

    def is_same(self, one):
        """Whether the compiler makes the same of it as of the original."""
        with self.lock:
            if one.file not in self.originals:
                compiled, _ = self.compile(one.file, self.sources[one.file], "original")
                self.originals[one.file] = pathlib.Path(compiled).read_bytes()
        compiled, _ = self.compile(one.file, one.mutant.apply(self.sources[one.file]), f"other-{id(one)}")
        content = pathlib.Path(compiled).read_bytes()
        os.unlink(compiled)
        return content == self.originals[one.file]

    def run_stages(self, one, program):
        for names, seconds in self.stages[one.file]:
            fate = self.run(one, program, names, seconds)
            if fate != "survived":
                return fate
        return "survived"

    def run(self, one, program, names, seconds):
        limit = int(10 * seconds) + 5

        def confine():
            for what, most in {resource.RLIMIT_AS: MEMORY, resource.RLIMIT_CORE: 0, resource.RLIMIT_CPU: limit}.items():
                resource.setrlimit(what, (most, most))
        with tempfile.NamedTemporaryFile("w", dir=self.folder.name) as listed:
            listed.write("".join(f"{escaped(name)}\n" for name in names))
            listed.flush()
            done = subprocess.run([program, "--abort", "--input-file", listed.name], cwd=ROOT, preexec_fn=confine,
                                  env={**os.environ, "NTSBOX_MUTANT": str(one.number)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return "overtime" if done.returncode in (-signal.SIGXCPU, -signal.SIGKILL) else "killed" if done.returncode else "survived"


def cpu_of_children():
    """In seconds, of all that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def run_for_xml(command):
    """The tests that ran, as XML."""
    done = subprocess.run([*command, "-r", "xml", "-d", "yes"], capture_output=True, text=True, cwd=ROOT)
    return [*xml.etree.ElementTree.fromstring(done.stdout).iter("TestCase")]


def escaped(name):
    """As Catch2 reads it from a list."""
    return re.sub(r"([\\,\[])", r"\\\1", name)


def compiler_of(command):
    """Without what only slows it, and what the mutant's own words replace."""
    words = shlex.split(command)
    words = words[next(i for i, word in enumerate(words) if word.endswith(("++", "++-12", "++-14")) and "ccache" not in word):]
    kept, skip = [], False
    for word in words:
        if skip or word in ("-c", "-g", "-Werror") or word.endswith(".cc"):
            skip = False
            continue
        skip = word == "-o"
        if not skip:
            kept.append(word)
    return [*kept, "-w", "-Wno-narrowing"]


def linker_of(build):
    """How driver_test is linked with an object before its archives, which then have nothing to add to it."""
    listed = subprocess.run(["ninja", "-C", build, "-t", "commands", "driver_test"], capture_output=True, text=True, check=True)
    line = listed.stdout.splitlines()[-1]
    words = shlex.split(re.search(r"&& (\S*c\+\+\S* .*? -o tests/driver_test .*?) &&", line).group(1))
    at = words.index("-o")

    def command(objects, program):
        return [*words[:at], *objects, "-Wl,--strip-all", "-o", program, *words[at + 2:]]
    return command


class Results:
    """The fates, on disk. A survivor is tried again when the tests have changed, all of a file when the file has."""

    def __init__(self, path, bench, fresh):
        self.path = path
        self.sources = {file: digest(source.encode()) for file, source in bench.sources.items()}
        self.tests = digest((bench.build / "tests/driver_test").read_bytes())
        try:
            self.fates = {} if fresh else json.loads(path.read_text())
        except FileNotFoundError:
            self.fates = {}

    def know(self, one):
        known = self.fates.get(one.key())
        return known and known["source"] == self.sources[one.file] and (known["fate"] != "survived" or known["tests"] == self.tests)

    def compared(self, one):
        return self.fates[one.key()].get("compared", False)

    def add(self, one, fate, compared=False):
        known = self.fates.get(one.key(), {})
        compared = compared or known.get("compared", False) and known["source"] == self.sources[one.file]
        self.fates[one.key()] = {"fate": fate, "line": one.mutant.line, "source": self.sources[one.file], "tests": self.tests,
                                 "compared": compared}

    def save(self):
        made = self.path.with_suffix(".new")
        made.write_text(json.dumps(self.fates, indent=1, sort_keys=True))
        made.replace(self.path)

    def fate(self, one):
        return self.fates[one.key()]["fate"]


def digest(data):
    return hashlib.sha256(data).hexdigest()[:16]


def survivors():
    """{file: {mutant: why it may live}}."""
    return tomllib.loads((pathlib.Path(__file__).with_name("survivors.toml")).read_text())


def report(chosen, results, options):
    """A table; the exit status."""
    listed = survivors()
    rows, alive = {}, []
    for one in chosen:
        fate = results.fate(one)
        if fate == "survived" and one.name in listed.get(one.file, {}):
            fate = "listed"
        elif fate == "survived":
            alive.append(one)
        rows.setdefault(one.file, []).append(fate)
    columns = ["mutants", "killed", "overtime", "listed", "survived", "share"]
    print(f"{'':32}" + "".join(f"{column:>10}" for column in columns))
    for file, fates in [*sorted(rows.items()), ("all", [fate for fates in rows.values() for fate in fates])]:
        print(f"{file:32}" + "".join(f"{cell:>10}" for cell in cells(fates)))
    for one in alive if options.show or len(alive) <= 20 else [one for one in alive if one.file in DECIDING]:
        print(f"{one.file}:{one.mutant.line}: survived: {one.name}")
    names = {(one.file, one.name) for one in chosen}
    for file, name in ((file, name) for file in rows if not options.sample for name in listed.get(file, {})):
        if (file, name) not in names:
            print(f"{file}: listed in survivors.toml, and no mutant any more: {name}")
    share = killed_share([fate for fates in rows.values() for fate in fates])
    deciding = [one for one in alive if one.file in DECIDING]
    if deciding:
        print(f"{len(deciding)} mutants survived in what decides whether a sample leaves: add the test that is missing, or list it "
              "with the reason in tests/mutants/survivors.toml", file=sys.stderr)
    if share < options.least:
        print(f"{share:.1%} were killed, less than {options.least:.0%}: the tests miss too much", file=sys.stderr)
    return 1 if deciding or share < options.least else 0


def cells(fates):
    """What did not compile, or compiled to the same, is no mutant."""
    real = [fate for fate in fates if fate not in ("stillborn", "same")]
    return [len(real), *(real.count(fate) for fate in ("killed", "overtime", "listed", "survived")), f"{killed_share(fates):.1%}"]


def killed_share(fates):
    """Of those that are a fault at all."""
    faults = [fate for fate in fates if fate in ("killed", "overtime", "survived")]
    return sum(fate != "survived" for fate in faults) / len(faults) if faults else 1


if __name__ == "__main__":
    main()
