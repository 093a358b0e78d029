#!/usr/bin/env python3
"""Every include follows the rules, and no core does I/O."""

import os
import pathlib
import subprocess
import tempfile
import unittest

import include_rules

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["NTSBOX_BUILD"])


def sources():
    for module in include_rules.MODULES:
        for path in sorted((ROOT / module).rglob("*")):
            if path.suffix in (".h", ".cc"):
                yield str(path.relative_to(ROOT)), path.read_text()


class Includes(unittest.TestCase):
    def test_every_file_includes_what_its_layer_and_module_may(self):
        files = list(sources())
        self.assertGreater(len(files), 100)
        self.assertEqual([complaint for path, text in files for complaint in include_rules.complaints(path, text)], [])

    def test_every_folder_with_code_is_in_a_module(self):
        folders = {folder for folders in include_rules.MODULES.values() for folder in folders}
        self.assertEqual({str(pathlib.Path(path).parent) for path, _ in sources()} - folders, set())

    def test_what_is_forbidden_is_seen(self):
        for path, line in (("driver/core/made_up.cc", '#include "driver/io/loop.h"'),
                           ("driver/core/made_up.cc", "#include <unistd.h>"),
                           ("driver/core/made_up.cc", "#include <thread>"),
                           ("driver/core/made_up.cc", "#include <gps.h>"),
                           ("driver/core/made_up.cc", '#include "posix/file.h"'),
                           ("driver/main.cc", "#include <CLI/CLI.hpp>"),
                           ("driver/io/made_up.cc", '#include "sim/io/pty.h"'),
                           ("provision/core/made_up.cc", '#include "driver/core/bridge.h"'),
                           ("provision/io/made_up.cc", '#include "provision/verbs/verb.h"'),
                           ("contract/made_up.cc", '#include "posix/clock.h"'),
                           ("contract/made_up.cc", '#include "certs/issue.h"'),
                           ("posix/made_up.cc", '#include "contract/constants.h"'),
                           ("status/core/made_up.cc", '#include "posix/file.h"'),
                           ("driver/io/made_up.cc", '#include "status/io/gather.h"'),
                           ("certs/made_up.cc", "#include <fstream>"),
                           ("pps/io/made_up.cc", '#include "driver/io/loop.h"'),
                           ("sim/io/made_up.cc", "#include <gpiod.h>"),
                           ("base/made_up.cc", '#include "contract/constants.h"'),
                           ("base/made_up.cc", "\n" * 401)):
            with self.subTest(path=path, line=line.strip()):
                self.assertEqual(len(include_rules.complaints(path, line + "\n")), 1)

    def test_what_is_allowed_is_not(self):
        for path, line in (("driver/io/made_up.cc", '#include "driver/core/bridge.h"'),
                           ("posix/command_line.h", "#include <CLI/CLI.hpp>"),
                           ("driver/main.cc", '#include "posix/command_line.h"'),
                           ("provision/core/made_up.cc", '#include "contract/constants.h"'),
                           ("provision/core/made_up.cc", '#include "certs/issue.h"'),
                           ("certs/made_up.cc", "#include <openssl/evp.h>"),
                           ("pps/io/made_up.cc", '#include "driver/io/pulse_feed.h"'),
                           ("tests/driver/made_up.cc", '#include "sim/io/pty.h"')):
            with self.subTest(path=path, line=line):
                self.assertEqual(include_rules.complaints(path, line + "\n"), [])


class Symbols(unittest.TestCase):
    def test_no_core_does_io(self):
        cores = [folder for folders in include_rules.MODULES.values() for folder, layer in folders.items()
                 if layer <= include_rules.CORE and (BUILD / folder).is_dir()]
        self.assertGreaterEqual(len(cores), 3)
        for folder in cores:
            archives = list((BUILD / folder).glob("lib*.a"))
            self.assertEqual(len(archives), 1, folder)
            with self.subTest(archive=archives[0].name):
                self.assertEqual(include_rules.forbidden_symbols(archives[0]), [])

    def test_a_forbidden_call_is_seen(self):
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder, "made_up.cc")
            source.write_text("#include <chrono>\n#include <cstdlib>\n#include <fcntl.h>\n"
                              "long f() { return std::chrono::system_clock::now().time_since_epoch().count(); }\n"
                              'int g() { return getenv("X") ? open("/x", 0) : 0; }\n')
            built = pathlib.Path(folder, "made_up.o")
            subprocess.run(["c++", "-c", source, "-o", built], check=True)
            self.assertEqual(include_rules.forbidden_symbols(built), ["getenv", "open", "std::chrono::_V2::system_clock::now()"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
