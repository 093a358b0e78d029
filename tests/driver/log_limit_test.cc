// How many lines a receiver whose state changes often writes into the log.

#include "driver/core/log_limit.h"

#include <cstdlib>
#include <vector>

#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using Catch::Matchers::ContainsSubstring;

namespace {

struct Logged {
  MonotonicTime at;
  LogLine line;
};

/// A log whose daemon asks once a second for what was held back.
class Log {
 public:
  void change(const std::string& words, bool warning = false) {
    keep(limit_.change({words, warning}, now_));
  }

  void pass(nanoseconds span) {
    for (const auto end = now_ + span; now_ < end;) {
      now_ += 1s;
      keep(limit_.due(now_));
    }
  }

  void release() { keep(limit_.release(now_)); }

  /// The state changes at each `period` of `span`.
  int flap(nanoseconds period, nanoseconds span) {
    int changes = 0;
    for (const auto end = now_ + span; now_ < end; pass(period))
      change(changes++ % 2 == 0 ? "HOLD" : "LOCKED");
    return changes;
  }

  [[nodiscard]] MonotonicTime now() const { return now_; }

  std::vector<Logged> lines;

 private:
  void keep(std::optional<LogLine> line) {
    if (line) lines.push_back({now_, *std::move(line)});
  }

  LogLimit limit_;
  MonotonicTime now_{100s};
};

/// How many changes a line reports.
int changes_of(const Logged& logged) {
  const auto open = logged.line.words.find('(');
  return open == std::string::npos ? 1 : std::atoi(logged.line.words.c_str() + open + 1);
}

int changes_of(const std::vector<Logged>& lines) {
  int changes = 0;
  for (const auto& line : lines) changes += changes_of(line);
  return changes;
}

}  // namespace

TEST_CASE("the changes of a quiet hour are logged at once and as they are", "[driver][log-limit]") {
  Log log;
  for (const auto* const words : {"WAITING", "ACQUIRING", "LOCKED", "HOLD", "HOLD again", "LOCKED"})
    log.change(words, words[0] == 'H');
  REQUIRE(log.lines.size() == 6);
  CHECK(log.lines[0].line.words == "WAITING");
  CHECK_FALSE(log.lines[0].line.warning);
  CHECK(log.lines[3].line.words == "HOLD");
  CHECK(log.lines[3].line.warning);
  log.pass(1h);
  CHECK(log.lines.size() == 6);
  log.change("HOLD");
  REQUIRE(log.lines.size() == 7);
  CHECK(log.lines.back().line.words == "HOLD");
}

TEST_CASE("a server that loses its fix each ten minutes logs each change at once",
          "[driver][log-limit]") {
  Log log;
  const int changes = log.flap(10min, 24h);
  CHECK(log.lines.size() == static_cast<std::size_t>(changes));
  CHECK(changes_of(log.lines) == changes);
}

TEST_CASE("a receiver that flaps writes a dozen lines an hour, and their counts are all changes",
          "[driver][log-limit]") {
  const auto period = GENERATE(1s, 7s, 15s, 60s, 299s);
  Log log;
  const int changes = log.flap(period, 1h);
  CHECK(log.lines.size() <= 12);
  log.release();
  CHECK(changes_of(log.lines) == changes);
  const auto before = log.lines.size();
  log.flap(period, 1h);
  CHECK(log.lines.size() - before <= 12);
}

TEST_CASE("a receiver that flaps on writes six lines an hour", "[driver][log-limit]") {
  Log log;
  log.flap(15s, 1h);
  const auto before = log.lines.size();
  log.flap(15s, 10h);
  CHECK(log.lines.size() - before <= 60);
}

TEST_CASE("the latest change is logged within ten minutes, with its age", "[driver][log-limit]") {
  Log log;
  log.flap(1s, 10s);
  log.change("FAULT: the last state", true);
  const auto changed = log.now();
  log.pass(1h);
  REQUIRE(log.lines.size() == 7);
  const auto& last = log.lines.back();
  CHECK_THAT(last.line.words,
             ContainsSubstring("FAULT: the last state (5 changes since the line before, the "
                               "latest 59"));
  CHECK(last.line.warning);
  CHECK(difference(last.at, changed) > 0s);
  CHECK(difference(last.at, changed) <= LogLimit::interval);
  CHECK(changes_of(log.lines) == 11);
}

TEST_CASE("a release logs what was held back, and the limit begins anew", "[driver][log-limit]") {
  Log log;
  log.release();
  CHECK(log.lines.empty());
  log.flap(1s, 10s);
  REQUIRE(log.lines.size() == 6);
  log.release();
  REQUIRE(log.lines.size() == 7);
  CHECK(log.lines.back().line.words ==
        "LOCKED (4 changes since the line before, the latest 1 s ago)");
  log.release();
  CHECK(log.lines.size() == 7);
  for (int i = 0; i < 6; ++i) log.change("HOLD");
  CHECK(log.lines.size() == 13);
  log.change("HOLD");
  CHECK(log.lines.size() == 13);
}

TEST_CASE("a quiet day allows no more than six lines at once", "[driver][log-limit]") {
  Log log;
  log.change("LOCKED");
  log.pass(24h);
  log.flap(1s, 20s);
  CHECK(log.lines.size() == 7);
}

TEST_CASE("a change that comes when a line is allowed is logged with those held back before it",
          "[driver][log-limit]") {
  LogLimit limit;
  MonotonicTime now{100s};
  for (int i = 0; i < LogLimit::burst; ++i) CHECK(limit.change({"HOLD"}, now));
  CHECK_FALSE(limit.change({"HOLD"}, now));
  now += LogLimit::interval;
  const auto line = limit.change({"LOCKED"}, now);
  REQUIRE(line);
  CHECK(line->words == "LOCKED (2 changes since the line before, the latest 0 s ago)");
  CHECK_FALSE(limit.release(now));
}
