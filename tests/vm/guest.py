"""A guest under QEMU with a kernel PPS of its own: Debian's kernel, gpsd and chronyd, and our daemon as it is installed.

Its time is counted in instructions and skips what is idle, so that no load of this machine delays a pulse in it, and
so that it goes faster than real time where this machine has time for it.
"""

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
QEMU = ("qemu-system-x86_64", "-accel", "tcg", "-M", "pc", "-cpu", "max", "-m", "192", "-smp", "1",
        "-icount", "shift=0,sleep=off", "-rtc", f"base={BEGINS},clock=vm",
        "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none", "-vga", "none",
        # The console; the receiver's serial port, which is looped back in the guest; the parallel port.
        "-chardev", "stdio,id=console", "-device", "isa-serial,chardev=console,index=0",
        "-chardev", "null,id=nmea", "-device", "isa-serial,chardev=nmea,index=1",
        "-chardev", "null,id=lpt", "-device", "isa-parallel,chardev=lpt,iobase=0x378,irq=7")


def overlay(folder, scenario, settings):
    """What is laid over the guest's file system: our programs with their libraries, and the scenario."""
    for name, program in (("ntsboxd", BUILD / "bin/ntsboxd"), ("receiver", BUILD / "tests/vm/guest_receiver")):
        target = folder / "usr/bin" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run(["strip", "-o", target, program], check=True)
    libraries = subprocess.run(["ldd", folder / "usr/bin/ntsboxd", folder / "usr/bin/receiver"],
                               stdout=subprocess.PIPE, text=True, check=True).stdout
    (folder / "lib").mkdir()
    for library in set(re.findall(r"=> (/\S+)", libraries)):
        shutil.copy(library, folder / "lib")
    (folder / "scenario").write_text((SOURCE / "tests/vm" / scenario).read_text())
    (folder / "settings").write_text("".join(f"{key}='{value}'\n" for key, value in settings.items()))


def run(scenario, limit=600, **settings):
    """Runs tests/vm/SCENARIO with `settings` as its shell variables. Gives the files that it left in /tmp, by name."""
    with tempfile.TemporaryDirectory(prefix="ntsbox-vm.") as name:
        folder = pathlib.Path(name)
        overlay(folder / "root", scenario, settings)
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


def clock_errors(files):
    """By true second since the first pulse: by how many ns CLOCK_REALTIME was ahead of it."""
    lines = [line.split() for line in files["receiver"].splitlines() if not line.startswith("#")]
    first = int(lines[0][0])
    return {int(second) - first: int(error) for second, _, error in lines}
