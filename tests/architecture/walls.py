"""The walls of the house, as docs/architecture.md draws them: who may include whom, and what a core may call."""

import fnmatch
import re
import subprocess

# Floors, from the ground up. A file includes its own floor in its own house, and floors below.
BASE, CORE, IO, MAIN = range(4)

# Each house's rooms: folder -> floor. A new house is one line here.
HOUSES = {
    "base": {"base": BASE},
    "posix": {"posix": IO},
    "driver": {"driver/core": CORE, "driver/io": IO, "driver": MAIN},
    "sim": {"sim/core": CORE, "sim/io": IO, "sim": MAIN},
    "certs": {"certs": CORE},
    "provision": {"provision/core": CORE, "provision/io": IO, "provision/verbs": MAIN, "provision": MAIN},
    "status": {"status/core": CORE, "status/io": IO, "status": MAIN},
    "pps": {"pps/core": CORE, "pps/io": IO, "pps": MAIN},
}

# The doors between houses: house -> what of others it may include.
DOORS = {
    "driver": [],
    "sim": [],
    "certs": [],
    "provision": ["certs/*.h", "driver/contract.h"],
    "status": ["certs/*.h", "driver/contract.h"],
    # It hears pulses as the daemon does, and makes them as the simulator does.
    "pps": ["driver/core/pulse_source.h", "driver/io/pulse_feed.h", "sim/io/sockets.h"],
}
CONTRACT = "driver/contract.h"

# Each foreign header stands behind few files.
FOREIGN = {
    "gpiod.h": ["pps/io/gpio_line.cc"],
    "gps.h": ["driver/io/gpsd_stream.cc"],
    "linux/pps.h": ["driver/io/pps_device.cc"],
    "linux/ptp_clock.h": ["driver/io/phc_device.cc"],
    "sys/timepps.h": ["driver/io/pps_device.cc"],
    "simdjson.h": ["base/json.cc"],
    "tl/expected.hpp": ["base/result.h"],
    "toml++/*": ["driver/core/settings.cc", "provision/core/settings.cc"],
    "CLI/*": ["posix/command_line.h"],
    "openssl/*": ["certs/*"],
    "dtl/*": ["provision/core/text_diff.cc"],
    "archive*.h": ["provision/io/archive.cc"],
    "fmt/*": ["*"],
}

# What a core does without: devices, files, clocks, threads. (<chrono> is there for durations; the symbols tell whether a
# clock is read.)
WORLDLY = {"filesystem", "fstream", "future", "iostream", "mutex", "shared_mutex", "stop_token", "syncstream", "thread"}
# C headers that are words alone.
PURE_C = {"arpa/inet.h", "netinet/in.h"}

LONGEST_FILE = 400

FORBIDDEN_CALLS = re.compile(
    r"^(open(at)?(64)?|creat|close|p?read(v)?(64)?|p?write(v)?(64)?|socket|connect|bind|listen|accept4?|send(to|msg)?|recv(from|msg)?|"
    r"ioctl|poll|ppoll|select|epoll_\w+|stat(64)?|fstat(64)?|lstat(64)?|access|unlink(at)?|rename(at)?|mkdir(at)?|"
    r"clock_\w+|gettimeofday|time|nanosleep|usleep|sleep|timer_\w+|(secure_)?getenv|setenv|system|popen|fork|vfork|posix_spawnp?|exec\w+|"
    r"fopen(64)?|freopen|fread|fwrite|fputs|puts|printf|fprintf|vfprintf|syslog|exit|_exit|abort_handler|pthread_create|getrandom|rand|random|srand|"
    r"std::chrono::.*::now\(\)|std::random_device.*|std::basic_[io]?fstream.*|std::(cout|cerr|clog|cin))$")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]', re.MULTILINE)


def room_of(path):
    """(house, floor) of a file, by the longest folder that holds it; nothing for what is in no house."""
    found = [(len(folder), house, floor) for house, rooms in HOUSES.items() for folder, floor in rooms.items()
             if path.startswith(folder + "/")]
    return max(found)[1:] if found else None


def matches(path, patterns):
    return any(fnmatch.fnmatch(path, pattern) for pattern in patterns)


def complaint_of_own(path, target):
    """About a file of this project that another one includes."""
    house, floor = room_of(path)
    their = room_of(target)
    if not their:
        return f"{target} is in no house"
    if path == CONTRACT:
        return f"{path} holds constants alone, and includes {target}"
    if their[0] == "base" or (their[0] == "posix" and floor >= IO) or (target == CONTRACT and house == "driver"):
        return None
    if their[0] != house:
        return None if matches(target, DOORS.get(house, [])) else f"{house} has no door to {target}"
    return None if their[1] <= floor else f"{target} is on a floor above"


def complaint_of_foreign(path, header):
    _, floor = room_of(path)
    for pattern, places in FOREIGN.items():
        if fnmatch.fnmatch(header, pattern):
            return None if matches(path, places) else f"<{header}> stands behind {', '.join(places)}"
    if floor >= IO:
        return None
    if header in WORLDLY:
        return f"<{header}> is no affair of a core"
    if header.endswith(".h") and header not in PURE_C:
        return f"<{header}> is the system's, and stays in io"
    return None


def complaints(path, text):
    """What is wrong with the file at `path`, relative to the top."""
    if not room_of(path):
        return []
    found = []
    if (lines := text.count("\n")) > LONGEST_FILE:
        found.append(f"{path}: {lines} lines; at {LONGEST_FILE} a file is divided")
    for bracket, target in INCLUDE.findall(text):
        complaint = complaint_of_foreign(path, target) if bracket == "<" else complaint_of_own(path, target)
        if complaint:
            found.append(f"{path}: {complaint}")
    return found


def forbidden_symbols(archive):
    """What an archive calls that a core may not call."""
    listed = subprocess.run(["nm", "--demangle", "--undefined-only", archive], check=True, capture_output=True, text=True)
    symbols = {line.split(" U ", 1)[1].split("@")[0] for line in listed.stdout.splitlines() if " U " in line}
    return sorted(symbol for symbol in symbols if FORBIDDEN_CALLS.match(symbol))
