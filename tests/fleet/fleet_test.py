#!/usr/bin/env python3
"""A fleet by docs/fleet: two boxes and a Stratum 2, booted in systemd-nspawn, reached by ssh and made what they shall be by Ansible.

Takes from the environment NTSBOX_CHROOT (made by make_root, with systemd and sshd) and NTSBOX_DEBS.
"""

import json
import pathlib
import re
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from machines import FLEET, Control, Member, recap  # noqa: E402
from booted_test import differences  # noqa: E402
from container import private_kernel_files  # noqa: E402
from package_test import deb  # noqa: E402
from rig import enter_namespaces, wait_until  # noqa: E402
from rigged import RiggedClass  # noqa: E402

BOXES = {"gps-1": "192.0.2.11", "gps-2": "192.0.2.12"}
RACK = {"rack-1": "192.0.2.21"}
NOWHERE = "192.0.2.99"
# One is asked by its name, the other by an address, as where no resolver knows it.
ASKED = {"gps-1": "gps-1", "gps-2": BOXES["gps-2"]}


class Fleet(RiggedClass):
    @classmethod
    def prepare(cls):
        cls.control = Control(cls.rig)
        cls.machines = {name: Member(cls.rig, name, address, cls.control.key) for name, address in {**BOXES, **RACK}.items()}
        cls.rack = cls.machines["rack-1"]
        for machine in cls.machines.values():
            machine.boot()
        cls.rack.has_in_apt("ntsbox")
        cls.control.meet(cls.machines.values())
        named = {"ntsbox_name": ["gps-2", "time.test"], "ntsbox_address": [ASKED["gps-2"]], "ntsbox_server": ASKED["gps-2"]}
        cls.inventory = {
            "stratum_1": {
                "hosts": {"gps-1": {"ansible_host": BOXES["gps-1"]}, "gps-2": {"ansible_host": BOXES["gps-2"], **named}},
                "vars": {"ntsbox_deb": str(deb("ntsbox")), "ntsbox_airgap": True, "ntsbox_board": "generic", "ntsbox_allow": ["192.0.2.0/24"],
                         "ntsbox_receiver": "/run/ntsbox-sim/gps", "ntsbox_pulse": "stream:/run/ntsbox-sim/pulses.sock",
                         "ntsbox_metrics": True}},
            "stratum_2": {
                "hosts": {name: {"ansible_host": address} for name, address in RACK.items()},
                "children": {"stratum_1": {}}},
            "all": {"vars": {"ansible_user": "root", "ansible_ssh_private_key_file": str(cls.control.key),
                             "ntsbox_bundles": str(cls.control.bundles)}}}

    def host(self, name, **changes):
        """The inventory with these changes of a host."""
        inventory = json.loads(json.dumps(self.inventory))
        group = "stratum_1" if name in BOXES else "stratum_2"
        inventory[group]["hosts"][name].update(changes)
        return inventory

    def play(self, book, *options, inventory=None, fails=False):
        """What is said, and what came of each host."""
        begin = time.monotonic()
        ended, said = self.control.run("ansible-playbook", book, *options, inventory=inventory or self.inventory)
        print(f"{' '.join((book, *options))}: {time.monotonic() - begin:.0f} s")
        self.assertEqual(ended != 0, fails, said)
        return said, recap(said)

    def counts(self, came, what):
        return {host: counts[what] for host, counts in came.items()}

    def files(self):
        return {name: machine.changes() for name, machine in self.machines.items()}

    def assert_same_files(self, before):
        for name, machine in self.machines.items():
            self.assertEqual(differences(before[name], machine.changes()), {}, name)

    def authenticated(self, machine):
        """Whom it asks with a key that it got by NTS."""
        lines = [line.split() for line in machine.says("chronyc", "-N", "authdata").splitlines()]
        return {words[0] for words in lines if words[1:2] == ["NTS"] and words[-2] != "0"}

    def trusted(self, name):
        return {path.name for path in self.rack.path(f"/etc/chrony/nts/trusted/{name}").iterdir()}

    def test_a_fleet_is_made_is_kept_and_gets_new_certificates(self):
        for part in (self.a_check_changes_nothing_on_machines_with_nothing_of_ours, self.one_run_makes_the_fleet,
                     self.a_second_run_changes_nothing, self.metrics_set_the_boxes_beside_each_other, self.no_key_left_its_box,
                     self.a_check_shows_the_plan_and_changes_nothing,
                     self.a_changed_setting_goes_to_its_box_alone, self.a_bad_setting_is_refused_and_its_box_left_as_it_was,
                     self.a_file_that_somebody_edited_is_told_of, self.a_reboot_that_is_due_is_told_of,
                     self.nothing_is_switched_while_a_client_cannot_be_reached, self.certificates_roll_and_no_client_loses_a_box,
                     self.a_box_that_left_is_trusted_no_longer, self.a_box_that_is_away_is_told_of_and_the_others_are_trusted):
            with self.subTest(part.__name__):
                part()

    def a_check_changes_nothing_on_machines_with_nothing_of_ours(self):
        before = self.files()
        said, came = self.play("site.yml", "--check", "--diff")
        self.assertIn("gps-1: ntsbox is not installed yet", said)
        self.assertEqual(min(self.counts(came, "changed").values()) > 0, True, said)
        self.assert_same_files(before)
        self.assertFalse(self.control.bundles.exists())

    def one_run_makes_the_fleet(self):
        said, came = self.play("site.yml")
        self.assertEqual(set(came), {*BOXES, *RACK}, said)
        for name in BOXES:
            wait_until(lambda: "#* GPS" in self.machines[name].says("chronyc", "sources"), 120, f"{name} follows its receiver")
        wait_until(lambda: self.authenticated(self.rack) == set(ASKED.values()), 60, "the client asks both by NTS")
        wait_until(lambda: "\n^* " in self.rack.says("chronyc", "-N", "sources"), 120, "the client follows one of them")
        self.assertEqual(self.authenticated(self.machines["gps-1"]), {ASKED["gps-2"]})
        self.assertEqual(self.authenticated(self.machines["gps-2"]), {ASKED["gps-1"]})

    def a_second_run_changes_nothing(self):
        before = self.files()
        said, came = self.play("site.yml")
        self.assertEqual(self.counts(came, "changed"), dict.fromkeys(came, 0), said)
        self.assert_same_files(before)

    def metrics_set_the_boxes_beside_each_other(self):
        asked = set(re.findall(r"\bntsbox_\w+", (FLEET / "alerts.yml").read_text()))
        self.assertTrue(asked)
        metrics = self.machines["gps-1"].path("/var/lib/prometheus/node-exporter/ntsbox.prom")
        other = f'offset_seconds{{source="{ASKED["gps-2"]}",kind="network"}}'
        wait_until(lambda: metrics.exists() and other in metrics.read_text(), 60, f"{other} in {metrics}")
        self.assertEqual(asked - set(re.findall(r"^(ntsbox_\w+)", metrics.read_text(), re.MULTILINE)), set())

    def no_key_left_its_box(self):
        for name in BOXES:
            self.assertIn("BEGIN PRIVATE KEY", self.machines[name].path("/etc/ntsbox/pki/server.key").read_text())
        carried = [*self.control.bundles.iterdir(), *self.rack.path("/etc/ntsbox/bundles").iterdir()]
        self.assertEqual(len(carried), 4)
        for path in carried:
            self.assertNotIn(b"BEGIN PRIVATE KEY", path.read_bytes())

    def a_check_shows_the_plan_and_changes_nothing(self):
        before = self.files()
        said, came = self.play("site.yml", "--check", "--diff", inventory=self.host("gps-2", ntsbox_holdover_limit=48))
        self.assertIn("+holdover_limit = 48", said)
        self.assertEqual(self.counts(came, "changed"), {"gps-1": 0, "gps-2": 1, "rack-1": 0}, said)
        self.assert_same_files(before)

    def a_changed_setting_goes_to_its_box_alone(self):
        _, came = self.play("site.yml", inventory=self.host("gps-2", ntsbox_holdover_limit=48))
        self.assertEqual(self.counts(came, "changed"), {"gps-1": 0, "gps-2": 1, "rack-1": 0})
        settings = self.machines["gps-2"].path("/etc/ntsbox/provision.toml")
        self.assertIn("holdover_limit = 48", settings.read_text())
        self.play("site.yml")
        self.assertIn("holdover_limit = 24", settings.read_text(), "taken out of the inventory, it is as by default")

    def a_bad_setting_is_refused_and_its_box_left_as_it_was(self):
        before = self.files()
        said, came = self.play("site.yml", inventory=self.host("gps-2", ntsbox_allow=["192.0.2.0/33"]), fails=True)
        self.assertRegex(said, r"fatal: \[gps-2\]")
        self.assertRegex(said, r"--allow is refused: .*192\.0\.2\.0/33")
        self.assertEqual(self.counts(came, "failed")["gps-2"], 1)
        self.assertEqual(self.counts(came, "changed"), dict.fromkeys(came, 0), said)
        self.assert_same_files(before)
        self.assertNotIn("The boxes among each other", said)

    def a_file_that_somebody_edited_is_told_of(self):
        conf = self.machines["gps-2"].path("/etc/chrony/chrony.conf")
        ours = conf.read_text()
        conf.write_text(ours + "# by hand\n")
        try:
            said, _ = self.play("site.yml", "--limit", "gps-2", fails=True)
            self.assertIn("/etc/chrony/chrony.conf", said)
            self.assertIn("# by hand", conf.read_text())
        finally:
            conf.write_text(ours)
        _, came = self.play("site.yml", "--limit", "gps-2")
        self.assertEqual(self.counts(came, "changed"), {"gps-2": 1}, "what lay beside it is taken away")
        self.assertFalse(conf.with_name("chrony.conf.ntsbox-new").exists())

    def a_reboot_that_is_due_is_told_of(self):
        mark = self.machines["gps-2"].path("/var/lib/ntsbox-provision/pending")
        mark.write_text("")
        try:
            said, came = self.play("site.yml", "--limit", "gps-2")
        finally:
            mark.unlink()
        self.assertIn("gps-2: reboot it", said)
        self.assertEqual(self.counts(came, "changed"), {"gps-2": 0})

    def nothing_is_switched_while_a_client_cannot_be_reached(self):
        served = [self.machines[name].path("/etc/ntsbox/pki/server.crt").read_text() for name in BOXES]
        inventory = self.host("rack-1")
        inventory["stratum_2"]["hosts"]["rack-2"] = {"ansible_host": NOWHERE}
        said, _ = self.play("roll.yml", inventory=inventory, fails=True)
        self.assertRegex(said, r"gps-1: not switched, since its next certificate is not trusted\s+by\s+rack-2")
        self.assertEqual([self.machines[name].path("/etc/ntsbox/pki/server.crt").read_text() for name in BOXES], served)

    def certificates_roll_and_no_client_loses_a_box(self):
        former = {name: self.trusted(name) for name in BOXES}
        self.play("roll.yml")
        for name in BOXES:
            self.assertEqual(len(self.trusted(name)), 1)
            self.assertNotEqual(self.trusted(name), former[name])
        self.rack.run("systemctl", "restart", "chrony.service")
        wait_until(lambda: self.authenticated(self.rack) == set(ASKED.values()), 60, "the client asks both by NTS, with the new certificates")
        _, came = self.play("site.yml")
        self.assertEqual(self.counts(came, "changed"), dict.fromkeys(came, 0))

    def a_box_that_left_is_trusted_no_longer(self):
        words = {"ntsbox_boxes": ["gps-1"], "ntsbox_distrust": ["gps-2"]}
        for changed in (1, 0):
            _, came = self.play("site.yml", "--limit", "rack-1", inventory=self.host("rack-1", **words))
            self.assertEqual(self.counts(came, "changed"), {"rack-1": changed})
        self.assertEqual(self.authenticated(self.rack), {ASKED["gps-1"]})

    def a_box_that_is_away_is_told_of_and_the_others_are_trusted(self):
        self.machines["gps-1"].run("systemctl", "stop", "chrony.service")
        try:
            said, _ = self.play("site.yml", "--limit", "rack-1", fails=True)
        finally:
            self.machines["gps-1"].run("systemctl", "start", "chrony.service")
        self.assertRegex(said, r"failed: \[rack-1\] \(item=gps-1\)")
        self.assertRegex(said, r"changed: \[rack-1\] => \(item=gps-2\)")
        wait_until(lambda: ASKED["gps-2"] in self.authenticated(self.rack), 60, "the client asks gps-2 by NTS")
        _, came = self.play("site.yml", "--limit", "rack-1")
        self.assertEqual(self.counts(came, "changed"), {"rack-1": 0})


if __name__ == "__main__":
    enter_namespaces()
    private_kernel_files()
    unittest.main(verbosity=2)
