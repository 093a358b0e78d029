#!/usr/bin/env python3
"""How logs become cycles and get other dates, how recordings are lengthened, and who is served."""

import calendar
import struct
import unittest

import cycles
import receivers


def sentence(body, end="\r\n"):
    return f"${body}*{cycles.checksum(body)}{end}".encode()


def ubx(kind, number, payload):
    body = struct.pack("<BBH", kind, number, len(payload)) + payload
    first = second = 0
    for byte in body:
        first = first + byte & 255
        second = second + first & 255
    return b"\xb5\x62" + body + bytes((first, second))


def nav_pvt(tow, fix=3, valid=3, nano=0, second=0):
    start = struct.pack("<IHBBBBBBIiBB", tow, 2024, 2, 29, 23, 59, second, valid, 0, nano, fix, 1)
    return ubx(1, 7, start.ljust(92, b"\0"))


def burst(clock, date="311214", status="A"):
    return [sentence(f"GPGGA,{clock},3747.0,S,17518.8,E,{int(status == 'A')},08,1.1,59.9,M,23.7,M,,0000"),
            sentence("GPGSA,A,3,17,28,06,,,,,,,,,,1.8,1.1,1.5"),
            sentence(f"GPRMC,{clock},{status},3747.0,S,17518.8,E,0.69,181.39,{date},,,A")]


def log_of(*clocks, **changes):
    return b"".join(b"".join(burst(clock, **changes)) for clock in clocks)


def second(text):
    return calendar.timegm(cycles.time.strptime(text, "%Y-%m-%d %H:%M:%S"))


class Parts(unittest.TestCase):
    def test_every_byte_but_comments_is_kept_in_its_order(self):
        log = b"# Name: X\n# Date: Y\n" + sentence("GPGSA,A,1") + b"\x00\x01" + nav_pvt(1000) + sentence("GPTXT,#", "\r\r\n") + b"# a comment\n" + b"$GP"
        parts = cycles.parts_of(log)
        self.assertEqual(b"".join(parts), log.replace(b"# Name: X\n# Date: Y\n", b"").replace(b"# a comment\n", b""))
        self.assertEqual([cycles.key_of(part) for part in parts[:5]], [("GPGSA",), None, (1, 7), ("GPTXT",), ("GP",)])

    def test_a_sentence_within_a_message_is_none(self):
        inner = ubx(2, 19, sentence("GPGSA,A,1"))
        self.assertEqual(cycles.parts_of(inner + sentence("GPGSA,A,2")), [inner, sentence("GPGSA,A,2")])

    def test_what_has_a_wrong_checksum_tells_nothing(self):
        self.assertEqual(cycles.fields_of(b"$GPGGA,114500*00\r\n"), [])
        self.assertIsNone(cycles.time_of(sentence("GPGLL,3747.0,S,17518.8,E,114500.00,A").replace(b"114500", b"114501")))
        self.assertEqual(cycles.time_of(b"$GPGGA,114500.5,\r\n"), ("UTC", 42300.5))

    def test_a_sentence_ends_where_another_begins(self):
        self.assertEqual(cycles.parts_of(b"$GPGGA,030130" + sentence("GPGSA,A,1"))[-1], sentence("GPGSA,A,1"))


class Fixes(unittest.TestCase):
    def test_each_sentence_tells_in_its_own_way(self):
        for told, body in ((True, "GPRMC,114500,A,,,,,,,010120,,"), (False, "GPRMC,114500,V,,,,,,,010120,,,N"), (False, "GPRMC,114500,A,,,,,,,010120,,,E"),
                           (True, "GPGGA,114500,,,,,2,08"), (False, "GPGGA,114500,,,,,0,00"), (False, "GPGGA,114500,,,,,6,00"), (None, "GPGGA,114500,,,,,,08"),
                           (True, "GNGNS,114500,,,,,NA,08"), (False, "GNGNS,114500,,,,,NN,08"), (False, "GPGLL,,,,,114500,V,N"), (None, "GPGSA,A,1")):
            self.assertIs(cycles.fix_in(sentence(body)), told, body)
        self.assertTrue(cycles.fix_in(nav_pvt(0, fix=3)))
        self.assertTrue(cycles.fix_in(nav_pvt(0, fix=5)))
        self.assertFalse(cycles.fix_in(nav_pvt(0, fix=1)))

    def test_a_cycle_has_none_that_one_of_its_sentences_denies(self):
        self.assertTrue(cycles.Cycle(burst("114500")).fix)
        self.assertFalse(cycles.Cycle(burst("114500") + [sentence("GPRMC,114500,V,,,,,,,010120,,,N")]).fix)
        self.assertFalse(cycles.Cycle([sentence("GPGSA,A,3")]).fix)

    def test_its_date_is_what_the_receiver_calls_valid(self):
        self.assertEqual(cycles.Cycle(burst("114500.00")).utc, second("2014-12-31 11:45:00"))
        self.assertEqual(cycles.Cycle([nav_pvt(0, nano=-400, second=59)]).utc, second("2024-02-29 23:59:59"))
        self.assertIsNone(cycles.Cycle([nav_pvt(0, valid=1)]).utc)
        self.assertIsNone(cycles.Cycle(burst("114500.00", status="V")).utc)
        self.assertTrue(cycles.Cycle(burst("114500.00", status="V")).dated)
        self.assertEqual(cycles.Cycle([sentence("GPZDA,114500.00,31,12,2014,00,00")]).utc, second("2014-12-31 11:45:00"))


class Cycles(unittest.TestCase):
    def cycles(self, log):
        return cycles.cycles_of(cycles.parts_of(log))

    def test_one_begins_with_each_new_time_also_over_midnight(self):
        found = self.cycles(log_of("235958.250", "235959.250", "000000.250", "000001.250", "000002.250"))
        self.assertEqual([cycle.label for cycle in found], [0.25, 1.25, 2.25, 3.25])
        self.assertEqual({len(cycle.parts) for cycle in found}, {3})
        self.assertTrue(cycles.is_1hz(found))

    def test_the_first_and_the_last_may_be_cut(self):
        log = log_of("114459", "114500", "114501", "114502", "114503")
        self.assertEqual([cycle.time for cycle in self.cycles(log[80:])], [42300, 42301, 42302])

    def test_a_gap_is_the_recorders_and_a_short_one_the_receivers(self):
        labels = [cycle.label for cycle in self.cycles(log_of("114500", "114501", "114503", "120000", "120001", "115000", "115001", "115002"))]
        self.assertEqual(labels, [0, 1, 3, 4, 5, 6, 7])

    def test_without_a_time_one_begins_where_the_first_sentence_comes_again(self):
        blank = [sentence("GPGGA,,,,,,0"), sentence("GPGSA,A,1"), sentence("GPRMC,,V,,,,,,,,,,N")]
        found = self.cycles(b"".join(blank * 3) + log_of("114500.5", "114501.5", "114502.5"))
        self.assertEqual([(cycle.time, cycle.label) for cycle in found], [(None, 0), (None, 1), (None, 2), (42300.5, 3.5), (42301.5, 4.5)])

    def test_satellites_come_first_where_the_log_begins_with_all_of_them(self):
        gsv = [sentence("GPGSV,2,1,08,17"), sentence("GPGSV,2,2,08,30")]
        log = b"".join(b"".join(gsv + burst(f"11450{i}")) for i in range(5))
        self.assertEqual({tuple(cycle.parts[:2]) for cycle in self.cycles(log)}, {tuple(gsv)})
        self.assertEqual({len(cycle.parts) for cycle in self.cycles(log)}, {5})
        self.assertEqual({cycles.first_key(cycle) for cycle in self.cycles(log[len(gsv[0]):])}, {("GPGGA",)})

    def test_two_scales_make_one_cycle(self):
        log = b"".join(b"".join([nav_pvt(1000 * i), *burst(f"11450{i}.00"), ubx(1, 4, struct.pack("<I", 1000 * i))]) for i in range(6))
        self.assertEqual({len(cycle.parts) for cycle in self.cycles(log)}, {5})

    def test_its_time_is_what_most_of_it_tells(self):
        zda = [sentence(f"GPZDA,11450{i + 1}.00,31,12,2014,00,00") for i in range(6)]
        found = self.cycles(b"".join(b"".join([zda[i], *burst(f"11450{i}.00")]) for i in range(6)))
        self.assertEqual([(cycle.parts[0], cycle.time, cycle.label) for cycle in found], [(zda[i], 42300 + i, i) for i in range(5)])

    def test_a_cycle_of_two_seconds_is_not_one_of_1_hz(self):
        log = b"".join(b"".join([*burst(f"1145{2 * i:02}"), sentence(f"GPGLL,3747.0,S,17518.8,E,1145{2 * i + 1:02},A")]) for i in range(5))
        self.assertEqual(cycles.period_of(self.cycles(log)), 1)
        self.assertFalse(cycles.is_1hz(self.cycles(log)))

    def test_steady_is_the_longest_run_with_a_fix_and_without_a_gap(self):
        found = self.cycles(log_of("114500", "114501", "114503", "114504", "114505") + log_of("114506", "114507", status="V") + log_of("114508", "114509"))
        self.assertEqual(cycles.steady(found), (2, 5))
        self.assertEqual(cycles.steady(self.cycles(log_of("114500", "114501", "114502", status="V"))), (0, 3))

    def test_the_line_is_fast_enough(self):
        found = self.cycles(log_of("114500", "114501", "114502"))
        self.assertEqual(cycles.baud_of(b"", found), 9600)
        self.assertEqual(cycles.baud_of(b"# Serial: 4800 8N1\n", found), 4800)
        found[0].parts *= 10
        self.assertEqual(cycles.baud_of(b"# Serial: 4800 8N1\n", found), 38400)

    def test_a_short_log_goes_on_from_its_first_fix(self):
        found = self.cycles(log_of("114500", status="V") + log_of("114501", "114502", "114503"))
        self.assertEqual([(at, cycle.time - 42300) for at, cycle in cycles.repeated(found, 7)], [(0, 0), (1, 1), (2, 2), (3, 1), (4, 2), (5, 1), (6, 2)])


class Dates(unittest.TestCase):
    def redated(self, *bodies, clock="2026-11-30 23:59:59"):
        cycle = cycles.cycles_of([sentence(body) for body in bodies])[0]
        return [part.decode() for part in cycles.redated_cycle(cycle, second(clock) + cycle.time % 1)]

    def test_leap_seconds_are_those_of_the_date(self):
        self.assertEqual([cycles.leap_seconds(second(f"{day} 12:00:00")) for day in ("1980-01-07", "2005-12-31", "2006-01-01", "2026-11-30")], [0, 13, 14, 18])

    def test_time_and_date_change_and_nothing_else(self):
        self.assertEqual(self.redated("GPRMC,114500.250,A,3747.0,S,17518.8,E,0.69,181.39,311214,,,A", "GPGLL,3747.0,S,17518.8,E,114500.2,A", "GPZDA,114500,31,12,2014,00,00",
                                      "GPGSA,A,3,17", "PSTI,030,114500.250,A,,,,,,,,,311214", "GNGBS,,1"),
                         [sentence(body).decode() for body in (
                             "GPRMC,235959.250,A,3747.0,S,17518.8,E,0.69,181.39,301126,,,A", "GPGLL,3747.0,S,17518.8,E,235959.2,A", "GPZDA,235959,30,11,2026,00,00",
                             "GPGSA,A,3,17", "PSTI,030,235959.250,A,,,,,,,,,301126", "GNGBS,,1")])

    def test_a_sentence_that_is_late_stays_so_over_midnight(self):
        self.assertEqual(self.redated("GPGGA,114500,,,,,1", "GPRMC,114459,A,,,,,,,311214,,", clock="2026-12-01 00:00:00"),
                         [sentence(body).decode() for body in ("GPGGA,000000,,,,,1", "GPRMC,235959,A,,,,,,,301126,,")])

    def test_what_has_no_date_gets_none(self):
        self.assertEqual(self.redated("GPRMC,114500,A,,,,,,,,,"), [sentence("GPRMC,235959,A,,,,,,,,,").decode()])

    def test_a_broken_sentence_stays_broken_and_line_ends_are_kept(self):
        parts = [sentence("GPGGA,114500,,,,,1", "\r\r\n"), b"$GPGGA,114500,,,,,1*00\r\n", b"$GPGGA,114500,,,,,1\n"]
        self.assertEqual(cycles.redated_cycle(cycles.cycles_of(parts)[0], second("2026-11-30 01:02:03")),
                         [sentence("GPGGA,010203,,,,,1", "\r\r\n"), parts[1], b"$GPGGA,010203,,,,,1\n"])


def pulse(number):
    return {"event": "pulse", "system": f"{number}.000100000", "raw": f"{2 * number - 100}.000200000", "stamp": f"{number}.000000000", "sequence": number}


def told(number, line):
    return {"event": "gpsd", "system": f"{number}.200000000", "raw": f"{2 * number - 100}.400000000", "line": line}


class Lines(unittest.TestCase):
    def test_bytes_come_when_the_last_of_them_has_come(self):
        found = list(receivers.spaced([(100, [b"a" * 40]), (100.01, [b"b" * 8])], 1000))
        self.assertEqual([sent for _, sent in found], [b"a" * 16, b"a" * 16, b"a" * 8, b"b" * 8])
        for (when, _), expected in zip(found, (100.16, 100.32, 100.4, 100.48)):
            self.assertAlmostEqual(when, expected)

    def test_on_a_fast_line_more_come_at_once(self):
        self.assertEqual([len(sent) for _, sent in receivers.spaced([(100, [b"a" * 400])], 115200)], [172, 172, 56])


class Recordings(unittest.TestCase):
    def test_dates_move_and_nothing_else(self):
        line = '{"class":"TPV","time":"2017-12-31T23:59:59.999Z","real_sec":1514764799, "real_nsec":-112,"clock_sec":1800000000,"leapseconds":18}'
        later = receivers.told_later({"system": "1.000000000", "line": line}, 86400, 10, 2)
        self.assertEqual(later, {"system": "1.000000000", "line": line.replace("2017-12-31", "2018-01-01").replace('seconds":18', 'seconds":20')
                                 .replace("1514764799", "1514851199").replace("1800000000", "1800000010")})

    def test_a_sentence_gets_the_date_of_its_new_time(self):
        event = {"system": f"{second('2026-12-01 00:00:00')}.200000000", "line": sentence("GPZDA,211932.00,22,04,2019,00,00").decode()}
        shift = second("2026-11-30 23:59:59") - second("2019-04-22 21:19:32")
        self.assertEqual(receivers.told_later(event, shift)["line"], sentence("GPZDA,235959.00,30,11,2026,00,00").decode())
        self.assertEqual(receivers.told_later({"system": event["system"], "line": "$GPGSA,A,3*00"}, shift)["line"], "$GPGSA,A,3*00")

    def test_the_steady_part_goes_on_by_each_clocks_own_rate(self):
        events = [each for number in range(50, 60) for each in (pulse(number), told(number, f'"real_sec":{number - 40}'))]
        longer, fixes = receivers.lengthened(events, {*range(52, 60)}, {number: number - 40 for number in range(52, 60)}, (54, 58), 8)
        self.assertEqual([event for event in longer if event["event"] == "pulse"], [pulse(number) for number in range(50, 66)])
        self.assertEqual([event for event in longer if event["event"] == "gpsd"], [told(number, f'"real_sec":{number}') for number in range(50, 66)])
        self.assertEqual(fixes, set(range(52, 66)))


    def test_what_came_late_is_not_repeated(self):
        self.assertEqual(receivers.longest_run({*range(4, 9), *range(10, 13), *range(20, 24)}), (4, 9))
        self.assertEqual(receivers.longest_run(set()), (0, 0))


class Verdicts(unittest.TestCase):
    def judge(self, fixes, sent, offset_ns=0):
        return receivers.judge([{"decision": "sample", "stamp": f"{second}.000000000", "second": second, "offset_ns": offset_ns} if second in sent else
                                {"decision": "refused", "stamp": f"{second}.000000000", "reason": "hold"} for second in range(1000)], fixes)

    def test_seconds_count_from_a_minute_after_the_first_fix(self):
        verdict = self.judge(set(range(100, 361)), set(range(110, 300)))
        self.assertEqual((verdict.first_sample, verdict.share, verdict.wrong, verdict.reasons), (10, 0.7, 0, {"hold": 60}))

    def test_after_a_loss_they_count_from_fifteen_seconds_on(self):
        self.assertEqual(self.judge(set(range(100, 361)) - {200}, set(range(110, 200)) | set(range(216, 400))).share, 1)

    def test_a_months_end_does_not_count(self):
        self.assertEqual([receivers.at_month_end(second(f"2026-11-30 23:59:{each}")) for each in (39, 41, 59)], [False, True, True])
        self.assertEqual([receivers.at_month_end(second(f"2026-12-01 00:00:{each}")) for each in ("00", 19, 20)], [True, True, False])

    def test_a_second_off_is_wrong_and_the_correction_of_a_pulse_is_not(self):
        self.assertEqual([self.judge(set(range(100)), {70, 71}, offset_ns).wrong for offset_ns in (-10**9, -17, 10**9)], [2, 0, 2])

    def test_without_a_fix_all_reasons_are_told(self):
        self.assertEqual(self.judge(set(), set()).reasons, {"hold": 1000})


if __name__ == "__main__":
    unittest.main()
