"""A guest under QEMU with a kernel PPS of its own: Debian's kernel, gpsd and chronyd, and our daemon as it is installed.

Its time is counted in instructions and skips what is idle, so that no load of this machine delays a pulse in it, and
so that it goes faster than real time where this machine has time for it.
"""

import datetime
import os
import pathlib
import re
import shutil
import subprocess
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("NTSBOX_BUILD", "build/release")).resolve()
FOLDER = pathlib.Path(os.environ.get("NTSBOX_VM", BUILD.parent / "vm")).resolve()
# Later than any release: no date before it is believed.
BEGINS = "2030-01-01T00:00:00"
SOCK = "refclock SOCK /run/chrony.ntsbox.sock refid GPS precision 1e-6"
SOCK_OF_A_LINE = f"{SOCK} poll 1 filter 2 minsamples 12"  # as ntsbox-provision --lateness auto has it
QEMU = ("qemu-system-x86_64", "-accel", "tcg", "-M", "pc", "-cpu", "max", "-m", "192", "-smp", "1",
        "-icount", "shift=0,sleep=off", "-rtc", f"base={BEGINS},clock=vm",
        "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-vga", "none",
        # The console; the receiver's serial port, which is looped back in the guest; the parallel port.
        "-chardev", "stdio,id=console", "-device", "isa-serial,chardev=console,index=0",
        "-chardev", "null,id=nmea", "-device", "isa-serial,chardev=nmea,index=1",
        "-chardev", "null,id=lpt", "-device", "isa-parallel,chardev=lpt,iobase=0x378,irq=7")


def overlay(folder, scenario, files, settings):
    """What is laid over the guest's file system: our programs with their libraries, the scenario, and `files` by path."""
    programs = (folder / "usr/sbin/ntsboxd", folder / "usr/bin/receiver", folder / "usr/bin/sandbox")
    for target, program in zip(programs, (BUILD / "bin/ntsboxd", BUILD / "tests/vm/guest_receiver", BUILD / "tests/vm/guest_sandbox")):
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["strip", "-o", target, program], check=True)
    libraries = subprocess.run(["ldd", *programs], stdout=subprocess.PIPE, text=True, check=True).stdout
    (folder / "lib").mkdir()
    for library in set(re.findall(r"=> (/\S+)", libraries)):
        shutil.copy(library, folder / "lib")
    shutil.copy(SOURCE / "tests/vm/box.sh", folder)
    shutil.copy(SOURCE / "tests/vm" / scenario, folder / "scenario")
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / "settings").write_text("".join(f"{key}='{value}'\n" for key, value in settings.items()))


def run(scenario, limit=1200, files=None, **settings):
    """Runs tests/vm/SCENARIO with `settings` as its shell variables, and `files` beside it. Gives the files that it left in
    /tmp, by name.
    """
    settings = {"MODEL": 0, "WANDER": 1, "SEED": 1, "LATENESS": "raw", "GPSD_PPS": "", "MORE": "", **settings}
    with tempfile.TemporaryDirectory(prefix="ntsbox-vm.") as name:
        folder = pathlib.Path(name)
        overlay(folder / "root", scenario, files or {}, settings)
        packed = subprocess.run("find . | cpio --create --format newc --quiet | gzip -1", shell=True,
                                cwd=folder / "root", stdout=subprocess.PIPE, check=True).stdout
        (folder / "initrd").write_bytes((FOLDER / "base.img").read_bytes() + packed)
        try:
            ran = subprocess.run([*QEMU, "-kernel", FOLDER / "vmlinux", "-initrd", folder / "initrd", "-append",
                                  "console=ttyS0,115200 quiet panic=-1 mitigations=off"], timeout=limit,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True)
            console = ran.stdout.decode(errors="replace")
        except subprocess.TimeoutExpired as late:
            raise TimeoutError(f"the guest was not done in {limit} s: {(late.stdout or b'').decode()[-2000:]}") from None
    console = console.replace("\r\n", "\n")
    if "\n=== \n" not in console:
        raise RuntimeError(f"the guest did not come to its end: {console[-4000:]}")
    parts = re.split(r"^=== (.*)\n", console, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2]))


def truth(files):
    """What the receiver knows: (true second, by how many ns its pulse was late, by how many CLOCK_REALTIME was ahead)."""
    return [tuple(map(int, line.split())) for line in files["receiver"].splitlines() if not line.startswith("#")]


def utc(line):
    """The time at the beginning of a line of chronyd's logs."""
    return datetime.datetime.fromisoformat(" ".join(line.split()[:2]) + "+00:00").timestamp()


def clock_errors(files):
    """By true second since the first pulse: by how many ns CLOCK_REALTIME was ahead of it."""
    pulses = truth(files)
    return {second - pulses[0][0]: error for second, _, error in pulses}


def selected_after(files):
    """Seconds from the refclock's first sample until chronyd selected it. Meanwhile it has stepped the clock, by what that sample said."""
    first, selected = ([line for line in files[log].splitlines() if " GPS " in line or " PPS " in line][0]
                       for log in ("refclocks.log", "tracking.log"))
    return utc(selected) - utc(first) - float(first.split()[6])
