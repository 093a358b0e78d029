// What a person reads of a sink, and what a line of a pulse stream is.

#include <cerrno>

#include "driver/core/chrony_wire.h"
#include "driver/core/lines.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("each failure of a sink names its cure", "[driver][words]") {
  const SockSink sock{"/run/x.sock"};
  CHECK_THAT(describe_sink_failure(sock, ENOENT), ContainsSubstring("refclock SOCK /run/x.sock"));
  CHECK(describe_sink_failure(sock, ENOENT) == describe_sink_failure(sock, ECONNREFUSED));
  CHECK_THAT(describe_sink_failure(sock, EACCES), ContainsSubstring("no permission"));
  CHECK_THAT(describe_sink_failure(sock, EAGAIN), ContainsSubstring("queue is full"));
  CHECK_THAT(describe_sink_failure(sock, EMSGSIZE), ContainsSubstring("Message too long"));
  const ShmSink shm{9};
  CHECK_THAT(describe_sink_failure(shm, ENOENT), ContainsSubstring("refclock SHM 9"));
  CHECK_THAT(describe_sink_failure(shm, EPERM), ContainsSubstring("another user"));
  CHECK_THAT(describe_sink_failure(shm, EACCES), ContainsSubstring("perm="));
  CHECK_THAT(describe_sink_failure(shm, EINVAL), ContainsSubstring("too small"));
}

TEST_CASE("a line of a pulse stream is a stamp and a number", "[driver][pulse-line]") {
  const auto pulse = parse_pulse_line("1795341600.000001234 812");
  REQUIRE(pulse);
  CHECK(pulse->stamp == SystemTime{1795341600s + 1234ns});
  CHECK(pulse->sequence == 812);
  CHECK(parse_pulse_line("-1.000000000 4294967295"));
}

TEST_CASE("any other line is refused", "[driver][pulse-line]") {
  const auto* line = GENERATE(
      "", " ", "1795341600.000001234", "1795341600.000001234 ", "1795341600.00000123 1",
      "1795341600 1", "1795341600.000001234  1", "1795341600.000001234 -1",
      "1795341600.000001234 +1", "1795341600.000001234 1 ", "1795341600.000001234 1x",
      "1795341600.000001234 99999999999999999999", "x.000000000 1", "1795341600,000001234 1");
  CHECK_FALSE(parse_pulse_line(line));
}
