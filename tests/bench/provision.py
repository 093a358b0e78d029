#!/usr/bin/env python3
"""How long ntsbox-provision takes on an image of Raspberry Pi OS that lies on this machine's disk: to plan, to apply, to
find that nothing is left to do, and to take all back. Each program of the image is run as on a Pi (chronyd and nft judge
what they will read); no package is installed.
"""

import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))
from images import IMAGES  # noqa: E402
from rig import BUILD, ROOT, become_root  # noqa: E402

SETTINGS = ["--board", "pi4", "--name", "box.example", "--allow", "10.0.0.0/8", "--firewall", "nft", "--tune"]
# What is measured: words, the exit status, and the bound in seconds where there is one.
STEPS = {
    "plan": (["plan", *SETTINGS], 3, 0.5),
    "apply": (["apply", "--yes", "--offline", *SETTINGS], 4, 5.0),
    "apply, nothing to do": (["apply", "--yes", "--offline"], 0, None),
    "renew": (["renew"], 0, None),
    "renew --switch": (["renew", "--switch", "--yes"], 0, None),
    "uninstall": (["uninstall", "--yes", "--keys"], 0, None),
}


def measure(tree, words, status):
    """Seconds."""
    begin = time.monotonic()
    done = subprocess.run([BUILD / "bin/ntsbox-provision", *words, "--root", tree], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True)
    passed = time.monotonic() - begin
    if done.returncode != status:
        raise RuntimeError(f"{words} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return passed


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    if os.geteuid() != 0:
        become_root()
    passed = {step: [] for step in STEPS}
    with tempfile.TemporaryDirectory(dir=ROOT / "build", prefix="bench-") as folder:
        tree = pathlib.Path(folder, "tree")
        # By hard links: the program replaces files, and never writes in one that is there.
        subprocess.run(["cp", "-al", IMAGES / "bookworm-pi4", tree], check=True)
        unit = tree / "usr/lib/systemd/system/ntsboxd.service"
        unit.unlink(missing_ok=True)
        shutil.copy(ROOT / "debian" / unit.name, unit)
        for _ in range(runs):
            for step, (words, status, _) in STEPS.items():
                passed[step].append(measure(tree, words, status))
    print(f"{runs} runs on {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n{'seconds':24} median  worst  bound")
    for step, seconds in passed.items():
        bound = STEPS[step][2]
        end = "" if bound is None else f"{bound:6.1f}  {'met' if max(seconds) <= bound else 'MISSED'}"
        print(f"  {step:22} {statistics.median(seconds):6.3f} {max(seconds):6.3f} {end}")


if __name__ == "__main__":
    main()
