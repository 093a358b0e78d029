"""Cases with a rig, whose logs stay where something failed."""

import unittest

from rig import Rig


def troubles(result):
    return len(result.failures) + len(result.errors)


class Rigged(unittest.TestCase):
    """Each test has a rig of its own."""

    rig_user = None  # as Rig has it

    def run(self, result=None):
        before = troubles(result)
        self.rig = Rig(type(self).__name__.lower(), self.rig_user)
        try:
            super().run(result)
        finally:
            self.rig.close(keep=troubles(result) > before)


class RiggedClass(unittest.TestCase):
    """All tests of a class share a rig, and what its prepare() made there."""

    failed = False

    @classmethod
    def setUpClass(cls):
        cls.rig = Rig(cls.__name__.lower())
        try:
            cls.prepare()
        except BaseException:
            cls.rig.close(keep=True)
            raise

    @classmethod
    def tearDownClass(cls):
        cls.rig.close(keep=cls.failed)

    def run(self, result=None):
        before = troubles(result)
        super().run(result)
        type(self).failed |= troubles(result) > before
