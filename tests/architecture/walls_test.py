#!/usr/bin/env python3
"""Every include goes the right way, and no core touches the world."""

import os
import pathlib
import subprocess
import tempfile
import unittest

import walls

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ["NTSBOX_BUILD"])


def sources():
    for house in walls.HOUSES:
        for path in sorted((ROOT / house).rglob("*")):
            if path.suffix in (".h", ".cc"):
                yield str(path.relative_to(ROOT)), path.read_text()


class Includes(unittest.TestCase):
    def test_every_file_keeps_to_its_floor_and_its_house(self):
        files = list(sources())
        self.assertGreater(len(files), 100)
        self.assertEqual([complaint for path, text in files for complaint in walls.complaints(path, text)], [])

    def test_every_folder_with_code_is_a_room(self):
        rooms = {folder for rooms in walls.HOUSES.values() for folder in rooms}
        self.assertEqual({str(pathlib.Path(path).parent) for path, _ in sources()} - rooms, set())

    def test_what_is_forbidden_is_seen(self):
        for path, line in (("driver/core/made_up.cc", '#include "driver/io/loop.h"'),
                           ("driver/core/made_up.cc", "#include <unistd.h>"),
                           ("driver/core/made_up.cc", "#include <thread>"),
                           ("driver/core/made_up.cc", "#include <gps.h>"),
                           ("driver/core/made_up.cc", '#include "posix/file.h"'),
                           ("driver/main.cc", "#include <CLI/CLI.hpp>"),
                           ("driver/io/made_up.cc", '#include "sim/io/pty.h"'),
                           ("driver/io/made_up.cc", '#include "certs/issue.h"'),
                           ("provision/core/made_up.cc", '#include "driver/core/bridge.h"'),
                           ("provision/io/made_up.cc", '#include "provision/verbs/verb.h"'),
                           ("driver/contract.h", '#include "base/time.h"'),
                           ("certs/made_up.cc", "#include <fstream>"),
                           ("pps/io/made_up.cc", '#include "driver/io/loop.h"'),
                           ("sim/io/made_up.cc", "#include <gpiod.h>"),
                           ("base/made_up.cc", '#include "driver/contract.h"'),
                           ("base/made_up.cc", "\n" * 401)):
            with self.subTest(path=path, line=line.strip()):
                self.assertEqual(len(walls.complaints(path, line + "\n")), 1)

    def test_what_is_allowed_is_not(self):
        for path, line in (("driver/io/made_up.cc", '#include "driver/core/bridge.h"'),
                           ("posix/command_line.h", "#include <CLI/CLI.hpp>"),
                           ("driver/main.cc", '#include "posix/command_line.h"'),
                           ("provision/core/made_up.cc", '#include "driver/contract.h"'),
                           ("provision/core/made_up.cc", '#include "certs/issue.h"'),
                           ("certs/made_up.cc", "#include <openssl/evp.h>"),
                           ("pps/io/made_up.cc", '#include "driver/io/pulse_feed.h"'),
                           ("tests/driver/made_up.cc", '#include "sim/io/pty.h"')):
            with self.subTest(path=path, line=line):
                self.assertEqual(walls.complaints(path, line + "\n"), [])


class Symbols(unittest.TestCase):
    def test_no_core_calls_the_world(self):
        cores = [folder for rooms in walls.HOUSES.values() for folder, floor in rooms.items()
                 if floor <= walls.CORE and (BUILD / folder).is_dir()]
        self.assertGreaterEqual(len(cores), 3)
        for folder in cores:
            archives = list((BUILD / folder).glob("lib*.a"))
            self.assertEqual(len(archives), 1, folder)
            with self.subTest(archive=archives[0].name):
                self.assertEqual(walls.forbidden_symbols(archives[0]), [])

    def test_a_call_of_the_world_is_seen(self):
        with tempfile.TemporaryDirectory() as folder:
            source = pathlib.Path(folder, "made_up.cc")
            source.write_text("#include <chrono>\n#include <cstdlib>\n#include <fcntl.h>\n"
                              "long f() { return std::chrono::system_clock::now().time_since_epoch().count(); }\n"
                              'int g() { return getenv("X") ? open("/x", 0) : 0; }\n')
            built = pathlib.Path(folder, "made_up.o")
            subprocess.run(["c++", "-c", source, "-o", built], check=True)
            self.assertEqual(walls.forbidden_symbols(built), ["getenv", "open", "std::chrono::_V2::system_clock::now()"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
