#!/usr/bin/env python3
"""docs/fleet as it is written, before any machine is touched: what ansible-lint, yamllint and promtool say, and which words the role refuses."""

import pathlib
import re
import subprocess
import sys
import tomllib
import unittest

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from machines import FLEET, Control  # noqa: E402
from rig import DAEMONS, ROOT, enter_namespaces  # noqa: E402
from rigged import RiggedClass  # noqa: E402

HERE = pathlib.Path(__file__).resolve().parent
PROMTOOL = DAEMONS.parents[1] / "promtool/promtool"
BOOKS = ("site.yml", "roll.yml", "hand_out.yml")
DEFAULTS = yaml.safe_load((FLEET / "roles/ntsbox/defaults/main.yml").read_text())
SPECS = yaml.safe_load((FLEET / "roles/ntsbox/meta/argument_specs.yml").read_text())["argument_specs"]


class Words(RiggedClass):
    @classmethod
    def prepare(cls):
        cls.control = Control(cls.rig)

    def assert_well(self, *words, inventory=None):
        ended, said = self.control.run(*words, inventory=inventory)
        self.assertEqual(ended, 0, said)
        return said

    def test_the_example_is_good_ansible(self):
        self.assert_well("ansible-playbook", "--syntax-check", *BOOKS)
        said = self.assert_well("ansible-lint", "--offline", "--strict", "--nocolor", "-v", *BOOKS, "roles/ntsbox")
        self.assertIn("production", said)
        judged = re.search(r"Passed.*: 0 failure\(s\), 0 warning\(s\) on (\d+) files", said)
        self.assertGreaterEqual(int(judged.group(1)), len([*FLEET.glob("roles/**/*.yml"), *BOOKS]))
        self.assert_well("yamllint", "--strict", "-c", HERE / "yamllint.yml", FLEET, HERE)

    def test_only_modules_that_come_with_ansible_core_are_used(self):
        for path in FLEET.glob("roles/*/tasks/*.yml"):
            used = {name for task in yaml.safe_load(path.read_text()) for name in task if "." in name}
            self.assertTrue(used)
            self.assertEqual({name for name in used if not name.startswith("ansible.builtin.")}, set(), path)

    def test_the_example_inventory_says_what_the_role_knows(self):
        said = yaml.safe_load(self.assert_well("ansible-inventory", "--list", "--yaml"))
        asked = set(re.findall(r"'(ntsbox_\w+)':", str(said)))
        self.assertTrue(asked)
        self.assertEqual(asked - DEFAULTS.keys(), set())

    def test_the_settings_are_those_of_provision_toml_with_its_defaults(self):
        page = (ROOT / "docs/man/provision.toml.5.scd").read_text()
        told = tomllib.loads("\n".join(re.findall(r"^\*\w+\* = .*$", page, re.MULTILINE)).replace("*", ""))
        self.assertGreater(len(told), 15)
        self.assertEqual({key: DEFAULTS.get(f"ntsbox_{key}") for key in told}, told)

    def test_each_setting_is_specified_with_its_default(self):
        options = {**SPECS["stratum_1"]["options"], **SPECS["stratum_2"]["options"]}
        self.assertEqual({name: option["default"] for name, option in options.items()}, DEFAULTS)

    def refusal(self, **settings):
        """Of a run on this machine that would change nothing."""
        host = {"ansible_connection": "local", "ntsbox_bundles": str(self.rig.path("bundles")), **settings}
        ended, said = self.control.run("ansible-playbook", "site.yml", "--check", inventory={
            "stratum_1": {"hosts": {"gps-1": host}}, "stratum_2": {"hosts": {}}})
        self.assertEqual(ended, 2, said)
        self.assertIn("fatal: [gps-1]", said)
        self.assertNotIn("Carry the package", said)
        return said

    def test_a_value_that_cannot_be_is_refused_before_anything_is_done(self):
        self.assertRegex(self.refusal(ntsbox_board="pi9"), "value of ntsbox_board must be one of: .*pi5.* got:\\s+pi9")
        self.assertIn("ntsbox_pps_gpio", self.refusal(ntsbox_pps_gpio="the fourth"))

    def test_a_setting_that_nobody_knows_is_refused_by_name(self):
        self.assertRegex(self.refusal(ntsbox_alow=["192.0.2.0/24"]), r"gps-1: ntsbox_alow: no such\s+setting")

    def test_promtool_finds_nothing(self):
        self.assert_promtool_passes("check", "config", FLEET / "prometheus.yml")

    def test_of_three_boxes_the_alerts_name_the_one_that_is_off(self):
        self.assert_promtool_passes("test", "rules", HERE / "alerts_test.yml")

    def assert_promtool_passes(self, *words):
        done = subprocess.run([PROMTOOL, *words], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    enter_namespaces()
    unittest.main(verbosity=2)
