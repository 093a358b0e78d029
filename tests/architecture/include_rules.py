"""The include rules of docs/dev/architecture.md: which file may include which, and what a core may call."""

import fnmatch
import re
import subprocess

# Layers, from the lowest up. A file includes its own layer of its own module, and layers below.
BASE, CORE, IO, MAIN = range(4)

# Each module's folders and their layers. A new module is one line here, and one in SHARED or PUBLIC.
MODULES = {
    "base": {"base": BASE},
    "contract": {"contract": CORE},
    "certs": {"certs": CORE},
    "diagnose": {"diagnose": CORE},
    "posix": {"posix": IO},
    "driver": {"driver/core": CORE, "driver/io": IO, "driver": MAIN},
    "sim": {"sim/core": CORE, "sim/io": IO, "sim": MAIN},
    "provision": {"provision/core": CORE, "provision/io": IO, "provision/verbs": MAIN, "provision": MAIN},
    "status": {"status/core": CORE, "status/io": IO, "status": MAIN},
    "pps": {"pps/core": CORE, "pps/io": IO, "pps": MAIN},
}

# What the modules that programs share may include of each other; base is for all. Everything else is a program.
SHARED = {
    "base": [],
    "contract": [],
    "certs": [],
    "diagnose": ["certs", "contract"],
    "posix": [],
}

# Programs do not include each other, but for these public headers: ntsbox-pps reads pulses as the daemon does, and makes them
# as the simulator does.
PUBLIC = {
    "pps": ["driver/io/pulse_feed.h", "sim/io/sockets.h"],
}

# Each foreign header stands behind few files.
FOREIGN = {
    "gpiod.h": ["pps/io/gpio_line.cc"],
    "gps.h": ["driver/io/gpsd_stream.cc"],
    "linux/pps.h": ["driver/io/pulse_device.cc"],
    "linux/ptp_clock.h": ["driver/io/phc_device.cc"],
    "sys/timepps.h": ["driver/io/pulse_device.cc"],
    "simdjson.h": ["base/json.cc"],
    "tl/expected.hpp": ["base/result.h"],
    "toml++/*": ["contract/settings_table.cc"],
    "CLI/*": ["posix/command_line.h"],
    "openssl/*": ["certs/*"],
    "dtl/*": ["provision/core/show.cc"],
    "archive*.h": ["provision/io/archive.cc"],
    "fmt/*": ["*"],
}

# What a core may not use: files, threads, streams. (<chrono> is there for durations; the symbols show whether a clock is read.)
IO_HEADERS = {"filesystem", "fstream", "future", "iostream", "mutex", "shared_mutex", "stop_token", "syncstream", "thread"}
# C headers that hold conversions alone.
PURE_C = {"arpa/inet.h", "netinet/in.h"}

LONGEST_FILE = 400

FORBIDDEN_CALLS = re.compile(
    r"^(open(at)?(64)?|creat|close|p?read(v)?(64)?|p?write(v)?(64)?|socket|connect|bind|listen|accept4?|send(to|msg)?|recv(from|msg)?|"
    r"ioctl|poll|ppoll|select|epoll_\w+|stat(64)?|fstat(64)?|lstat(64)?|access|unlink(at)?|rename(at)?|mkdir(at)?|"
    r"clock_\w+|gettimeofday|time|nanosleep|usleep|sleep|timer_\w+|(secure_)?getenv|setenv|system|popen|fork|vfork|posix_spawnp?|exec\w+|"
    r"fopen(64)?|freopen|fread|fwrite|fputs|puts|printf|fprintf|vfprintf|syslog|exit|_exit|abort_handler|pthread_create|getrandom|rand|random|srand|"
    r"std::chrono::.*::now\(\)|std::random_device.*|std::basic_[io]?fstream.*|std::(cout|cerr|clog|cin))$")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]', re.MULTILINE)


def layer_of(path):
    """(module, layer) of a file, by the longest folder that holds it; nothing for what is in no module."""
    found = [(len(folder), module, layer) for module, folders in MODULES.items() for folder, layer in folders.items()
             if path.startswith(folder + "/")]
    return max(found)[1:] if found else None


def matches(path, patterns):
    return any(fnmatch.fnmatch(path, pattern) for pattern in patterns)


def complaint_of_own(path, target):
    """About a file of this project that another one includes."""
    module, layer = layer_of(path)
    other = layer_of(target)
    if not other:
        return f"{target} is in no module"
    other_module, other_layer = other
    if other_layer > layer:
        return f"{target} is in a layer above"
    if other_module in (module, "base"):
        return None
    if module in SHARED:
        return None if other_module in SHARED[module] else f"{module} may not include {target}"
    return None if other_module in SHARED or matches(target, PUBLIC.get(module, [])) else f"{target} is no public header for {module}"


def complaint_of_foreign(path, header):
    _, layer = layer_of(path)
    for pattern, places in FOREIGN.items():
        if fnmatch.fnmatch(header, pattern):
            return None if matches(path, places) else f"<{header}> stands behind {', '.join(places)}"
    if layer >= IO:
        return None
    if header in IO_HEADERS:
        return f"a core may not include <{header}>"
    if header.endswith(".h") and header not in PURE_C:
        return f"<{header}> is a system header, and stays in io"
    return None


def complaints(path, text):
    """What is wrong with the file at `path`, relative to the top."""
    if not layer_of(path):
        return []
    found = []
    if (lines := text.count("\n")) > LONGEST_FILE:
        found.append(f"{path}: {lines} lines; the limit is {LONGEST_FILE}")
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
