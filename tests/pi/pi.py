"""A Raspberry Pi under QEMU, as far as it goes: a 64-bit Arm processor with Debian's kernel, a card, the header's UART and one GPIO.

QEMU's `virt` machine stands in for the board. This file does what the Pi's firmware does before Linux: it reads config.txt and
cmdline.txt from the card, and makes the device tree and the kernel's command line of them. So there is a /dev/pps0 only if
config.txt asks for one. The wire of the pulse ends at the pin where `virt` has a power button, the only one that can be driven from
outside: a press lasts 0.1 s, as a receiver's pulse does.
"""

import base64
import json
import pathlib
import re
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))
from rig import Process, Rig, connected, wait_until  # noqa: E402

MODEL = "Raspberry Pi 4 Model B Rev 1.5"
SECTIONS = ("all", "pi4")
BUTTON = 3  # the pin of the GPIO controller (QEMU hw/arm/virt.c)
MACHINE = ("-machine", "virt", "-cpu", "cortex-a72", "-smp", "2", "-m", "1024", "-accel", "tcg,thread=multi",
           "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none")
DISKS = ("-device", "virtio-blk-pci,drive=root", "-device", "virtio-blk-pci,drive=boot")
NOBODY = "null"
# Each change of the page table costs an emulated processor dearly.
FAST = "nokaslr kpti=off mitigations=off"


def asked_of_the_firmware(config):
    """The lines of config.txt that are for this board."""
    applies, lines = True, []
    for line in map(str.strip, config.splitlines()):
        if section := re.fullmatch(r"\[(.+)\]", line):
            applies = section.group(1) in SECTIONS
        elif applies and line and not line.startswith("#"):
            lines.append(line)
    return lines


def device_tree(path, lines):
    """Writes what the firmware would give to Linux."""
    subprocess.run(["qemu-system-aarch64", *MACHINE, "-machine", f"dumpdtb={path}"], check=True, capture_output=True)

    def get(*words):
        return subprocess.run(["fdtget", path, *words], check=True, capture_output=True, text=True).stdout.strip()

    def put(*words):
        subprocess.run(["fdtput", *map(str, words)], check=True)

    put("-t", "s", path, "/", "model", MODEL)
    put("-r", path, "/gpio-keys")
    overlays = [line for line in lines if re.match(r"dtoverlay=pps-gpio\b", line)]
    if overlays:
        pins = next(node for node in get("-l", "/").split() if node.startswith("pl061@"))
        put("-c", path, "/pps")
        put("-t", "s", path, "/pps", "compatible", "pps-gpio")
        put("-t", "i", path, "/pps", "gpios", get(f"/{pins}", "phandle"), BUTTON, 0)


class Pi:
    """To be made inside of the rig's namespaces. What is written to its card is lost with the rig."""

    def __init__(self, rig, card, receiver=NOBODY):
        """`receiver`: the terminal at the other end of the UART."""
        rig.machines.append(self)
        self.rig, self.card, self.receiver = rig, card, receiver
        self.qemu = None
        self.channels = ()
        self.boots = 0
        for name in ("root", "boot"):
            subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", "-F", "raw", "-b", card / f"{name}.img", self.disk(name)], check=True)

    def disk(self, name):
        return self.rig.path(f"{name}.qcow2")

    def close(self):
        """Its processes are the rig's."""
        for channel in self.channels:
            channel.close()

    def start(self, append, *more):
        """QEMU, whose console is the process's output."""
        drives = [word for name in ("root", "boot")
                  for word in ("-drive", f"if=none,id={name},format=qcow2,cache=unsafe,file={self.disk(name)}")]
        self.boots += 1
        self.qemu = Process(self.rig, f"pi-{self.boots}", [
            "qemu-system-aarch64", *MACHINE, *drives, *DISKS, "-kernel", self.card / "vmlinuz", "-initrd", self.card / "initrd",
            "-append", append, *more])

    def configure(self):
        """The first start of a card whose packages are unpacked; it changes the card itself."""
        self.start(f"console=ttyAMA0 panic=-1 {FAST} first=/configure", "-serial", "stdio")
        wait_until(lambda: not self.qemu.running(), 3600, f"the card is configured ({self.qemu.log})")
        for line in self.qemu.lines():
            print(line.strip())
        subprocess.run(["qemu-img", "commit", "-q", self.disk("root")], check=True)

    # The firmware.

    def read_boot(self, name):
        """A file of the boot partition, while the Pi is off."""
        raw = self.rig.path("boot.raw")
        subprocess.run(["qemu-img", "convert", "-O", "raw", self.disk("boot"), raw], check=True)
        return subprocess.run(["mtype", "-i", raw, f"::{name}"], check=True, capture_output=True, text=True).stdout

    def boot(self):
        """Until systemd has nothing left to start."""
        tree = self.rig.path("pi.dtb")
        device_tree(tree, asked_of_the_firmware(self.read_boot("config.txt")))
        # serial0 is the header's UART; the card has another name here.
        words = re.sub(r"\bserial0\b", "ttyAMA0", re.sub(r"root=\S+", "root=/dev/vda", self.read_boot("cmdline.txt").strip()))
        orders, agent = sockets = self.rig.path("qemu.sock"), self.rig.path("agent.sock")
        for path in sockets:
            path.unlink(missing_ok=True)
        self.start(
            f"{words} {FAST} console=ttyS0", "-dtb", tree, "-chardev", f"{self.receiver},id=uart", "-serial", "chardev:uart",
            "-chardev", "stdio,id=console", "-device", "pci-serial,chardev=console",
            "-netdev", "user,id=net,hostfwd=udp:127.0.0.1:123-:123,hostfwd=tcp:127.0.0.1:4460-:4460",
            "-device", "virtio-net-pci,netdev=net,romfile=", "-device", "virtio-serial-pci",
            "-chardev", f"socket,id=agent,path={agent},server=on,wait=off",
            "-device", "virtserialport,chardev=agent,name=org.qemu.guest_agent.0", "-qmp", f"unix:{orders},server=on,wait=off")
        self.channels = orders, self.agent = [
            Channel(wait_until(lambda: connected(path), 60, f"QEMU runs ({self.qemu.log})")) for path in sockets]
        orders.ask("qmp_capabilities")
        self.orders = orders  # from now on the wire's alone
        wait_until(self.is_up, 600, f"the Pi up ({self.qemu.log})")

    def is_up(self):
        if not self.qemu.running():
            raise RuntimeError(f"QEMU ended ({self.qemu.log})")
        if not self.agent.answers():
            return False
        return self.run("systemctl", "is-system-running", check=False)[1].strip() in ("running", "degraded")

    def power_off(self):
        self.agent.ask("guest-exec", path="systemctl", arg=["--no-block", "poweroff"])
        wait_until(lambda: not self.qemu.running(), 300, f"the Pi off ({self.qemu.log})")
        self.close()

    def press(self):
        """An edge at the pin; the other follows in 0.1 s."""
        self.orders.ask("system_powerdown")

    # What is done in it.

    def run(self, *words, check=True, seconds=600):
        """(exit status, what it printed) of a command."""
        started = self.agent.ask("guest-exec", path="/usr/bin/env", arg=["LC_ALL=C.UTF-8", *words], **{"capture-output": True})
        done = wait_until(lambda: self.ended(started["pid"]), seconds, " ".join(words))
        said = "".join(base64.b64decode(done.get(part, "")).decode(errors="replace") for part in ("out-data", "err-data"))
        if check and done["exitcode"] != 0:
            raise AssertionError(f"{' '.join(words)}: {done['exitcode']}\n{said}")
        return done["exitcode"], said

    def wait(self, *words, shows, seconds=600):
        """Until a command prints that. Asked seldom: what it costs the emulated processor delays its interrupts."""
        def shown():
            time.sleep(5)
            return shows in self.says(*words)
        wait_until(shown, seconds, f"{shows} of {' '.join(words)} on the Pi")

    def ended(self, pid):
        time.sleep(0.5)
        told = self.agent.ask("guest-exec-status", pid=pid)
        return told if told["exited"] else None

    def put(self, source, place):
        """Copies a file into it."""
        handle = self.agent.ask("guest-file-open", path=place, mode="w")
        with open(source, "rb") as file:
            while part := file.read(1 << 16):
                self.agent.ask("guest-file-write", handle=handle, **{"buf-b64": base64.b64encode(part).decode()})
        self.agent.ask("guest-file-close", handle=handle)

    def says(self, *words):
        return self.run(*words, check=False)[1]


class Channel:
    """QEMU's JSON, to itself or to the guest's agent."""

    def __init__(self, connection):
        self.socket = connection
        self.lines = self.socket.makefile("r")
        self.asked = 0

    def close(self):
        self.lines.close()
        self.socket.close()

    def send(self, what, **arguments):
        order = {"execute": what, **({"arguments": arguments} if arguments else {})}
        self.socket.sendall(f"{json.dumps(order)}\n".encode())

    def ask(self, what, **arguments):
        """What is returned."""
        self.socket.settimeout(60)
        self.send(what, **arguments)
        while line := self.lines.readline():
            told = json.loads(line)
            if "error" in told:
                raise RuntimeError(f"{what}: {told['error']['desc']}")
            if "return" in told:
                return told["return"]
        raise ConnectionError(what)

    def answers(self):
        """Whether an agent is there. What it says later to those who did not wait for it is heard here."""
        self.asked += 1
        self.socket.settimeout(5)
        self.send("guest-sync", id=self.asked)
        try:
            while line := self.lines.readline():
                if json.loads(line).get("return") == self.asked:
                    return True
        except TimeoutError:
            self.lines = self.socket.makefile("r")
        return False


class Wire(threading.Thread):
    """Brings each pulse of ntsbox-sim to the Pi's pin, while there is one that is on."""

    def __init__(self, pulses, pi):
        super().__init__(daemon=True)
        self.stream = socket.socket(socket.AF_UNIX)
        self.stream.connect(str(pulses))
        self.pi = pi
        self.start()

    def run(self):
        with self.stream, self.stream.makefile("r") as edges:
            for _ in edges:
                self.bring()

    def bring(self):
        try:
            self.pi.press()
        except (OSError, ValueError):
            pass  # it is off


if __name__ == "__main__":
    rig = Rig("card", in_memory=False)
    Pi(rig, pathlib.Path(sys.argv[1])).configure()
    rig.close()
