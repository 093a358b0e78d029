#include "status/io/gpsd_restart.h"

#include <filesystem>
#include <future>
#include <thread>

#include "base/text.h"
#include "contract/status_file.h"
#include "posix/clock.h"
#include "posix/file.h"
#include "tests/support/catch.h"
#include "tests/support/folder.h"

using namespace ntsbox;
using namespace ntsbox::status;

namespace {

/// ntsboxd's status file and the stamp, in a folder of their own.
struct Files {
  test::Folder folder;
  std::string status = folder / "status.json", stamp = folder / "last";

  void report(std::optional<Reason> reason, seconds age = 0s) const {
    DaemonStatus daemon;
    daemon.written = system_second() - age;
    daemon.reason = reason;
    REQUIRE(replace_file(status, to_json(daemon)));
  }

  [[nodiscard]] bool due(seconds span = 0s) const {
    const auto answer = gpsd_restart_is_due(status, stamp, span);
    REQUIRE(answer);
    return *answer;
  }
};

}  // namespace

TEST_CASE("gpsd is restarted when it is stuck, and for no other reason", "[status][restart]") {
  const Files files;
  CHECK_FALSE(files.due());
  REQUIRE(replace_file(files.status, "\"reason\": \"stuck-time\""));
  CHECK_FALSE(files.due());
  files.report(std::nullopt);
  CHECK_FALSE(files.due());
  for (std::size_t i = 0; i < reason_count; ++i) {
    const auto reason = static_cast<Reason>(i);
    if (reason == Reason::stuck_time) continue;
    files.report(reason);
    CHECK_FALSE(files.due());
  }
  files.report(Reason::stuck_time, 60s);  // of an ntsboxd that hangs
  CHECK_FALSE(files.due());
  CHECK_FALSE(std::filesystem::exists(files.stamp));
  files.report(Reason::stuck_time);
  CHECK(files.due());
}

TEST_CASE("gpsd is restarted at most once an hour", "[status][restart]") {
  const Files files;
  const auto now = [] { return std::chrono::floor<seconds>(monotonic_time().time_since_epoch()); };
  const auto last_was = [&](seconds ago) {
    REQUIRE(replace_file(files.stamp, std::to_string((now() - ago).count())));
  };
  files.report(Reason::stuck_time);
  CHECK(files.due());
  CHECK_FALSE(files.due());
  last_was(59min);
  CHECK_FALSE(files.due());
  if (now() > 61min) {  // else this machine was booted too lately
    last_was(60min);
    files.report(Reason::stuck_time);
    CHECK(files.due());
  }
}

TEST_CASE("a restart that cannot be remembered is not made", "[status][restart]") {
  const Files files;
  files.report(Reason::stuck_time);
  std::filesystem::create_directory(files.stamp);
  CHECK_FALSE(gpsd_restart_is_due(files.status, files.stamp, 0s));
}

TEST_CASE("a reason that comes and goes restarts nothing", "[status][restart]") {
  const Files files;
  files.report(Reason::stuck_time);
  auto answer = std::async(std::launch::async, [&] { return files.due(1h); });
  CHECK(answer.wait_for(1500ms) == std::future_status::timeout);
  files.report(Reason::acquiring);
  CHECK_FALSE(answer.get());
  CHECK_FALSE(std::filesystem::exists(files.stamp));
}
