#include "status/core/judge.h"

#include <functional>

#include "tests/status/boxes.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::status;
using Catch::Matchers::ContainsSubstring;

namespace {

using std::chrono::days;

struct Sick {
  const char* what;  // the sentence
  std::function<void(Evidence&)> spoil;
  Grade grade;
  const char* name;     // of the first remark
  const char* verdict;  // a part of it
  const char* cure;     // a part of it
};

std::string feed_of(const std::function<void(FeedText&)>& change) {
  FeedText feed;
  change(feed);
  return feed;
}

/// ntsboxd in another state, and chronyd that follows nobody yet.
void silent(Evidence& box, const std::string& state, const std::string& reason,
            const std::string& summary) {
  box.feed = feed_of([&](FeedText& feed) {
    feed.state = state;
    feed.reason = reason.empty() ? "null" : "\"" + reason + "\"";
    feed.summary = state + ": no samples: " + summary;
    feed.pulses_come = !reason.empty();
  });
}

void never_synchronised(Evidence& box) {
  box.tracking = unsynchronised;
  box.sources = gps('?', "0") + upstream('?', "a.example", "0");
}

const std::vector<Sick>& sick_boxes() {
  static const std::vector<Sick> boxes{
      {"no antenna since the start",
       [](Evidence& box) {
         never_synchronised(box);
         silent(box, "WAITING", "no-fix", "gpsd has no fix");
       },
       Grade::bad, "no-fix", "gpsd has no fix", "free view of the sky"},
      {"the antenna was lost a minute ago",
       [](Evidence& box) {
         silent(box, "HOLD", "no-fix", "gpsd has no fix");
         box.tracking = tracking("GPS", seconds{60});
       },
       Grade::degraded, "holdover", "run free for 60 s, and is off by", "free view of the sky"},
      {"the antenna was lost a day ago",
       [](Evidence& box) {
         silent(box, "HOLD", "no-fix", "gpsd has no fix");
         box.tracking = tracking("GPS", seconds{86400});
         box.sources = gps('?', "0");
       },
       Grade::bad, "holdover", "run free for 24 h 0 min, and is off by 4", "free view of the sky"},
      {"the antenna was lost, and an upstream is followed",
       [](Evidence& box) {
         silent(box, "HOLD", "no-fix", "gpsd has no fix");
         box.tracking = tracking("a.example", seconds{60}, "0.004000000");
         box.sources = gps('?', "0") + upstream('*', "a.example");
       },
       Grade::degraded, "upstream-time", "that of a.example, within 4.1 ms", "view of the sky"},
      {"the upstream that stands in is far away",
       [](Evidence& box) {
         silent(box, "HOLD", "no-fix", "gpsd has no fix");
         box.tracking = tracking("a.example", seconds{60}, "0.090000000");
         box.sources = gps('?', "0") + upstream('*', "a.example");
       },
       Grade::bad, "upstream-time", "within 91 ms", "view of the sky"},
      {"no pulse",
       [](Evidence& box) {
         never_synchronised(box);
         silent(box, "WAITING", "", "no pulses arrive");
       },
       Grade::bad, "pulse", "no pulses arrive", "PPS wire"},
      {"the pulse device cannot be opened",
       [](Evidence& box) {
         never_synchronised(box);
         box.feed = feed_of([](FeedText& feed) {
           feed.state = "WAITING";
           feed.summary = "WAITING: no samples: /dev/pps0: Permission denied";
           feed.open = feed.pulses_come = false;
           feed.pps_trouble = "/dev/pps0: Permission denied";
         });
       },
       Grade::bad, "pulse", "Permission denied", "allowed to read it"},
      {"the wrong edge, seen by the witness",
       [](Evidence& box) {
         silent(box, "HOLD", "witness", "the synchronised system clock disagrees");
         box.tracking = tracking("a.example", seconds{8}, "0.004000000");
         box.sources = gps('?', "0") + upstream('*', "a.example");
       },
       Grade::degraded, "upstream-time", "a.example", "wrong edge"},
      {"the wrong edge, seen by chronyd",
       [](Evidence& box) {
         box.tracking = tracking("a.example", seconds{8}, "0.004000000");
         box.sources = gps('x') + upstream('*', "a.example") + upstream('+', "b.example");
       },
       Grade::degraded, "upstream-time", "not the receiver's", "wrong edge"},
      {"receiver and the only upstream contradict each other",
       [](Evidence& box) {
         box.tracking = unsynchronised;
         box.sources = gps('x') + upstream('x', "a.example", "377", "1.000000000");
       },
       Grade::bad, "refclock", "holds the receiver for false", "which of them is wrong"},
      {"a pulse at the wrong rate",
       [](Evidence& box) {
         never_synchronised(box);
         silent(box, "WAITING", "pulse-rate", "the pulses are not once a second");
       },
       Grade::bad, "pulse-rate", "not once a second", "one pulse a second"},
      {"a receiver that is nineteen years back",
       [](Evidence& box) {
         never_synchronised(box);
         silent(box, "WAITING", "before-floor", "the receiver's date is in the past");
       },
       Grade::bad, "before-floor", "in the past", "firmware"},
      {"a receiver that contradicts itself",
       [](Evidence& box) {
         silent(box, "FAULT", "fault", "the receiver contradicts the second that was known");
         box.tracking = tracking("GPS", seconds{20});
       },
       Grade::degraded, "holdover", "run free for 20 s", "false signals"},
      {"gpsd is dead",
       [](Evidence& box) {
         silent(box, "HOLD", "no-gpsd", "gpsd cannot be reached");
         box.tracking = tracking("GPS", seconds{20});
       },
       Grade::degraded, "holdover", "run free", "systemctl status gpsd"},
      {"the receiver was unplugged",
       [](Evidence& box) {
         silent(box, "HOLD", "no-receiver", "no receiver speaks");
         box.tracking = tracking("GPS", seconds{20});
       },
       Grade::degraded, "holdover", "run free", "plugged in"},
      {"the socket belongs to somebody else",
       [](Evidence& box) {
         never_synchronised(box);
         box.feed = feed_of([](FeedText& feed) {
           feed.takes = "false";
           feed.chrony_trouble = "/run/chrony.ntsbox.sock: samples are dropped: no permission";
         });
       },
       Grade::bad, "samples", "no permission", "systemctl restart chrony"},
      {"ntsboxd does not run",
       [](Evidence& box) {
         box.feed.reset();
         box.tracking = tracking("GPS", seconds{40});
       },
       Grade::degraded, "holdover", "run free for 40 s", "systemctl status ntsboxd"},
      {"ntsboxd never ran",
       [](Evidence& box) {
         box.feed.reset();
         never_synchronised(box);
       },
       Grade::bad, "ntsboxd", "does not run", "systemctl status ntsboxd"},
      {"ntsboxd hangs",
       [](Evidence& box) {
         box.feed = feed_of([](FeedText& feed) { feed.written = noon - seconds{9}; });
       },
       Grade::degraded, "holdover", "run free", "systemctl restart ntsboxd"},
      {"the status file is rubbish", [](Evidence& box) { box.feed = "{\"state\": "; },
       Grade::degraded, "holdover", "run free", "systemctl status ntsboxd"},
      {"chronyd does not run",
       [](Evidence& box) {
         box.tracking.reset();
         box.sources.reset();
       },
       Grade::bad, "chronyd", "no time is served", "systemctl status chrony"},
      {"chronyd has no refclock",
       [](Evidence& box) {
         box.tracking = unsynchronised;
         box.sources = "";
       },
       Grade::bad, "refclock", "no refclock GPS", "ntsbox-provision apply"},
      {"chronyd gets nothing of what ntsboxd sends",
       [](Evidence& box) {
         box.tracking = unsynchronised;
         box.sources = gps('?', "0");
       },
       Grade::bad, "refclock", "none of them reaches chronyd", "restart chrony ntsboxd"},
      {"ntsboxd has just come back",
       [](Evidence& box) {
         box.feed = feed_of([](FeedText& feed) { feed.since = noon - seconds{9}; });
         box.tracking = unsynchronised;
         box.sources = gps('?', "0");
       },
       Grade::bad, "refclock", "has just locked", "wait a minute"},
      {"chronyd has no refclock, and no socket either",
       [](Evidence& box) {
         box.feed = feed_of([](FeedText& feed) { feed.takes = "false"; });
         box.tracking = unsynchronised;
         box.sources = "";
       },
       Grade::bad, "refclock", "no refclock GPS", "ntsbox-provision apply"},
      {"chronyd waits for more sources",
       [](Evidence& box) {
         box.tracking = unsynchronised;
         box.sources = gps('?');
         box.collection->selectdata =
             "W,GPS,N,-,-,-,-,-,-,-,-,-,-,0,1.0,-0.000000021,0.000000021,Normal\n";
       },
       Grade::bad, "refclock", "does not follow the receiver (?)", "minsources"},
      {"the clock is still far off",
       [](Evidence& box) {
         box.tracking = tracking("GPS", seconds{4}, "0.000001500", "-0.800000000");
       },
       Grade::bad, "error", "off by up to 801 ms", "makestep"},
      {"one falseticker among the upstreams",
       [](Evidence& box) { box.sources = gps('*') + upstream('-', "a") + upstream('x', "b"); },
       Grade::degraded, "disagreement", "1 of 2 upstreams contradict the receiver", "--upstream"},
      {"all upstreams disagree by a second",
       [](Evidence& box) {
         box.sources = gps('*') + upstream('x', "a", "377", "1.000000000") +
                       upstream('x', "b", "377", "1.000400000");
       },
       Grade::bad, "disagreement", "2 of 2 upstreams contradict the receiver, by up to 1.0 s",
       "trust neither"},
      {"an upstream that is farther off than its margin",
       [](Evidence& box) {
         box.sources = gps('*') + upstream('-', "a") + upstream('-', "b", "377", "-0.010000000");
       },
       Grade::degraded, "disagreement", "by up to 10 ms: b", "--upstream"},
      {"no upstream answers",
       [](Evidence& box) { box.sources = gps('*') + upstream('?', "a", "0"); }, Grade::degraded,
       "upstream", "nothing cross-checks the receiver", "4460/tcp"},
      {"an NTS handshake that fails",
       [](Evidence& box) { box.collection->authdata = "a.example,NTS,1,15,256,120,3,0,0,100\n"; },
       Grade::degraded, "authentication", "a.example: the NTS handshake fails", "journalctl"},
      {"an upstream without authentication",
       [](Evidence& box) { box.collection->authdata = "a.example,-,0,0,0,4294967295,0,0,0,0\n"; },
       Grade::degraded, "authentication", "not authenticated", "by NTS"},
      {"unsteady pulses",
       [](Evidence& box) { box.feed = feed_of([](FeedText& feed) { feed.jittery = 120; }); },
       Grade::degraded, "jitter", "120 of the last 1000 pulses", "--tune"},
      {"a certificate that ends in a month",
       [](Evidence& box) {
         box.collection->certificate = certificate(noon - days{3650} + days{20});
       },
       Grade::degraded, "certificate", "expires in", "renew"},
      {"a certificate that has ended",
       [](Evidence& box) { box.collection->certificate = certificate(noon - days{3700}); },
       Grade::bad, "certificate", "has expired", "renew"},
      {"a certificate of the future",
       [](Evidence& box) { box.collection->certificate = certificate(noon + days{3000}); },
       Grade::bad, "certificate", "is the clock right", "renew --switch"},
      {"a certificate that is none", [](Evidence& box) { box.collection->certificate = "rubbish"; },
       Grade::bad, "certificate", "cannot be read", "doctor"},
      {"an old table of leap seconds",
       [](Evidence& box) { box.leap_table = leap_table(noon - days{1}); }, Grade::degraded,
       "leap-seconds", "2026-11-24", "tzdata"},
      {"no chrony at all",
       [](Evidence& box) {
         box = Evidence{};
         box.chronyc_there = false;
       },
       Grade::unknown, "chronyc", "not installed", "ntsbox-provision"},
  };
  return boxes;
}

Judgement judgement_of(const Evidence& evidence) {
  return judge(look(evidence), limit);
}

}  // namespace

TEST_CASE("a box that is well is told to be, with its error and its witnesses") {
  const auto judgement = judgement_of(healthy());
  CHECK(judgement.grade == Grade::well);
  CHECK(judgement.remarks.empty());
  CHECK(judgement.cure.empty());
  CHECK(judgement.verdict == "the time is the receiver's, within 12 us; all 3 upstreams agree");
}

TEST_CASE("each sick box has its verdict, its exit status and its cure") {
  CHECK(sick_boxes().size() >= 25);
  for (const auto& sick : sick_boxes()) {
    CAPTURE(sick.what);
    auto box = healthy();
    sick.spoil(box);
    const auto judgement = judgement_of(box);
    CHECK(judgement.grade == sick.grade);
    REQUIRE_FALSE(judgement.remarks.empty());
    CHECK(judgement.remarks.front().name == sick.name);
    CHECK_THAT(judgement.verdict, ContainsSubstring(sick.verdict));
    CHECK_THAT(judgement.cure, ContainsSubstring(sick.cure));
  }
}

TEST_CASE("the limit decides when a clock that runs free is no longer good") {
  auto box = healthy();
  silent(box, "HOLD", "no-fix", "gpsd has no fix");
  box.tracking = tracking("GPS", seconds{600});
  const auto view = look(box);
  CHECK(view.following == Following::holdover);
  CHECK(judge(view, 1ms).grade == Grade::bad);
  CHECK(judge(view, 50ms).grade == Grade::degraded);
}

TEST_CASE("a feed that falls silent is noticed within ten seconds") {
  for (const auto age : {0, 4, 8}) {
    auto box = healthy();
    box.feed = feed_of([&](FeedText& feed) { feed.written = noon - seconds{age}; });
    CHECK(judgement_of(box).grade == Grade::well);
  }
  for (const auto age : {9, 60, 86'400}) {
    auto box = healthy();
    box.feed = feed_of([&](FeedText& feed) { feed.written = noon - seconds{age}; });
    CHECK(judgement_of(box).grade != Grade::well);
  }
}

TEST_CASE("a status from the future was written before the clock was stepped") {
  auto box = healthy();
  box.feed = feed_of([](FeedText& feed) { feed.written = noon + seconds{3600}; });
  CHECK_FALSE(look(box).feed_is_fresh);
  box.tracking = tracking("GPS", seconds{-3600});
  CHECK(look(box).unsteered == seconds{0});
}

TEST_CASE("what was collected long ago is not shown as of now") {
  auto box = healthy();
  box.collection->written = noon - seconds{301};
  box.collection->certificate = certificate(noon - days{3700});
  const auto view = look(box);
  CHECK_FALSE(view.collected);
  CHECK_FALSE(view.served);
  CHECK(judge(view, limit).grade == Grade::well);
}

TEST_CASE("every remark has a cure, and the gravest is the first") {
  auto box = healthy();
  never_synchronised(box);
  silent(box, "WAITING", "no-fix", "gpsd has no fix");
  box.leap_table = leap_table(noon - days{1});
  box.collection->certificate = "rubbish";
  const auto judgement = judgement_of(box);
  REQUIRE(judgement.remarks.size() >= 4);
  for (const auto& remark : judgement.remarks) CHECK_FALSE(remark.cure.empty());
  CHECK(judgement.remarks.front().name == "no-fix");
  CHECK(judgement.remarks.back().grade == Grade::degraded);
}

TEST_CASE("a collection survives its file") {
  const auto collection = *healthy().collection;
  CHECK(parse_collection(to_json(collection)) == collection);
  CHECK_FALSE(parse_collection("{}"));
  CHECK_FALSE(parse_collection("{\"written\": \"yesterday\"}"));
  CHECK_FALSE(parse_collection(to_json(collection).substr(0, 100)));
}
