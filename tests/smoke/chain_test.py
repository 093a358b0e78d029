#!/usr/bin/env python3
"""The main job: gpsd and pulses in, chronyd follows; in every order of starting, through every sink."""

import json
import time

import smoke


class Main(smoke.Chain):
    def test_chronyd_selects_the_source_and_reach_builds(self):
        smoke.wait_until(lambda: smoke.selected_reach(self.rig.chronyc("sources")), 60, "the source selected")
        smoke.wait_until(lambda: smoke.selected_reach(self.rig.chronyc("sources")) == "377", 60, "reach 377")
        self.assert_true()

    def test_the_status_tells_what_chronyd_got(self):
        def at_work():  # a machine that is starved may hold meanwhile
            told = self.rig.status()
            return told and told["state"] == "LOCKED" and told["samples"] >= 10 and told
        status = smoke.wait_until(at_work, 90, "a status of ten samples and more, LOCKED")
        self.assertIsNone(status["reason"])
        self.assertEqual(status["pulses"], status["samples"] + status["missed"] + sum(status["refused"].values()))
        self.assertEqual(status["last_sample"]["offset_ns"], self.rig.truth()[status["last_sample"]["second"]])
        self.assertTrue(status["gpsd"]["connected"] and status["pps"]["open"] and status["chrony"]["takes_samples"])
        self.assertEqual(status["lateness"], {"mode": "raw", "share": 0, "latency_ns": 0, "latency_uncertainty_ns": 0})
        self.assertEqual(status["receiver"]["fix_mode"], 3)

    def test_a_replay_of_its_recording_decides_the_same(self):
        measured = smoke.wait_until(self.rig.measured, 60, "what chronyd measured")
        # The recording goes on; what is whole of it is replayed.
        recorded = self.rig.path("events.jsonl").read_text().rpartition("\n")[0] + "\n"
        self.rig.path("copy.jsonl").write_text(recorded)
        status, printed = self.rig.run_ntsboxd("--replay", "copy.jsonl")
        self.assertEqual(status, 0, printed)
        lines = [json.loads(line) for line in printed.splitlines()]
        decisions = [line for line in lines if line["decision"] in ("sample", "refused")]
        self.assertEqual([d["sequence"] for d in decisions],
                         [json.loads(line)["sequence"] for line in recorded.splitlines() if '"event":"pulse"' in line])
        sent = {d["second"]: d["offset_ns"] for d in decisions if d["decision"] == "sample"}
        truth = self.rig.truth()
        self.assertEqual({second: offset for second, offset in sent.items() if truth[second] != offset}, {})
        self.assertEqual(set(measured) - set(sent), set(), "chronyd got what the replay would send")


class Orders(smoke.Rigged):
    def assert_follows(self):
        smoke.wait_until(lambda: len(self.rig.measured()) >= 3, 90, "samples")
        self.assertEqual([e for e in self.rig.errors().values() if abs(e) > 1000], [])

    def test_the_daemon_may_be_first(self):
        daemon = self.rig.ntsboxd()
        daemon.wait_for("WAITING: no samples: gpsd at 127.0.0.1:2947: nobody accepts the connection", 20)
        self.rig.sim()
        self.rig.gpsd()
        daemon.wait_for("samples are dropped: chronyd does not listen", 60)
        self.rig.chronyd()
        self.assert_follows()
        self.assertEqual(daemon.count("LOCKED"), 1)

    def test_the_daemon_may_be_last(self):
        self.rig.sim()
        self.rig.chronyd()
        self.rig.gpsd()
        time.sleep(5)
        daemon = self.rig.ntsboxd()
        self.assert_follows()
        self.assertEqual(daemon.count("samples are dropped"), 0)

    def test_shared_memory_serves_as_well(self):
        self.rig.sim("--offset", "-0.000000789")
        daemon = self.rig.ntsboxd(chrony_sink="shm:12")
        self.rig.gpsd()
        daemon.wait_for("no shared memory for unit 12 yet", 60)
        self.rig.chronyd(source="SHM 12")
        self.assert_follows()


if __name__ == "__main__":
    smoke.main()
