#!/usr/bin/env python3
"""A Stratum 2 that trusts several boxes, one of which tells another second: real chronyds, each on a machine of its own."""

import pathlib
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "rig"))
from machine import Machine, join, private_networks  # noqa: E402
from pair import Box  # noqa: E402
from rig import enter_namespaces, wait_until  # noqa: E402
from rigged import RiggedClass  # noqa: E402

LIAR = "c.test"
# In seconds. From one that is a second off or less chronyd takes the kernel's time stamps, which nothing fakes.
LIE = 10


class Outvoted(RiggedClass):
    @classmethod
    def prepare(cls):
        private_networks()
        cls.client = Machine(cls.rig, "client")
        for number, name in enumerate("abc", 1):
            host, address = f"{name}.test", f"10.77.{number}.1"
            box = Box(cls.rig, f"box-{name}", host, address)
            join(box.machine, cls.client, address, f"10.77.{number}.2")
            with open(cls.client.path("/etc/hosts"), "a") as hosts:
                hosts.write(f"{address} {host}\n")
            box.start()
            cls.client.path("/tmp/bundle.tar").write_bytes(box.bundle())
            cls.client.run("ntsbox-provision", "trust", "/tmp/bundle.tar", "--hash", box.shown_hash())
            if host == LIAR:  # from now on, with the key that it is trusted for
                box.stop()
                box.machine.start_chronyd(ahead=LIE)

    def states(self):
        """By the box's name, what chronyd holds of it (chronyc(1): * selected, + combined, x falseticker, ? no answer)."""
        lines = [line.split(",") for line in self.client.chronyc("-c", "sources").splitlines()]
        return {name: state for _, state, name, *_ in lines if name.endswith(".test")}

    def follow(self, wanted):
        chronyd = self.client.start_chronyd()
        try:
            wait_until(lambda: wanted(self.states()), 60, f"the votes are counted ({chronyd.log})")
            cookies = [int(line.split(",")[8]) for line in self.client.chronyc("-c", "authdata").splitlines() if ".test" in line]
            self.assertGreater(min(cookies), 0, "all are authenticated, also the one that lies")
        finally:
            chronyd.stop()

    def test_1_one_of_three_is_outvoted(self):
        self.follow(lambda states: states.get(LIAR) == "x" and sorted(states[name] for name in states if name != LIAR)
                    in (["*", "+"], ["*", "-"]))

    def test_2_of_two_that_contradict_each_other_none_is_followed(self):
        self.client.run("ntsbox-provision", "trust", "--yes", "--remove", "b.test")
        self.follow(lambda states: states == {"a.test": "x", LIAR: "x"})


if __name__ == "__main__":
    enter_namespaces()
    unittest.main(verbosity=2)
