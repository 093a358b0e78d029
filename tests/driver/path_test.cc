#include "driver/core/path.h"

#include <string>

#include "driver/core/pulse_source.h"
#include "tests/support/catch.h"

using namespace ntsbox::driver;
using namespace std::string_literals;

TEST_CASE("plain text has no control characters", "[driver][path]") {
  CHECK(is_plain(""));
  CHECK(is_plain(" ~"));
  CHECK(is_plain("\xc3\xa9\x80\xff"));
  for (const auto& text : {"\0"s, "\x01"s, "\x1f"s, "\x7f"s, "a\n"s}) CHECK_FALSE(is_plain(text));
}

TEST_CASE("a path is absolute, plain and of a file", "[driver][path]") {
  for (const auto* path : {"/a", "/dev/pps0", "//a", "/a b"}) CHECK(is_path(path));
  for (const auto* path : {"", "/", "a", "a/b", "/a/", "/a\n"}) CHECK_FALSE(is_path(path));
  CHECK(is_socket_path("/" + std::string(106, 'x')));
  CHECK_FALSE(is_socket_path("/" + std::string(107, 'x')));
  CHECK_FALSE(is_socket_path("x"));
}

TEST_CASE("a pulse source is a device, a clock's pin or a socket", "[driver][path]") {
  CHECK(pulse_source("/dev/pps7") == PulseSource{PpsSource{"/dev/pps7", CaptureEdge::assert}});
  CHECK(pulse_source("stream:/run/x") == PulseSource{StreamSource{"/run/x"}});
  CHECK(pulse_source("phc:/dev/ptp0:1") ==
        PulseSource{PhcSource{"/dev/ptp0", 1, CaptureEdge::assert}});
  CHECK(pulse_source("phc:/dev/ptp112:20") ==
        PulseSource{PhcSource{"/dev/ptp112", 20, CaptureEdge::assert}});
  for (const auto* text :
       {"phc:", "phc:/dev/ptp0", "phc:/dev/ptp:1", "phc:/dev/ptp0:", "phc:/dev/ptp0:-1",
        "phc:/dev/ptp0:01", "phc:/dev/ptp00:1", "phc:/dev/ptp0:1 ", "phc:/dev/ptp0:1000",
        "phc:/dev/ptp0:1:1", "phc:/dev/pps0:1", "phc:/dev/ptp0/x:1"})
    CHECK_FALSE(pulse_source(text));
  for (const auto* text : {"", "/run/x", "/dev/", "pps0", "stream:", "stream:x", "/dev/a\n"})
    CHECK_FALSE(pulse_source(text));
}

TEST_CASE("a device's edge can be chosen, and a stream has none", "[driver][path]") {
  for (const auto* text : {"/dev/pps0", "phc:/dev/ptp0:1"}) {
    auto source = *pulse_source(text);
    const auto other = source;
    CHECK(choose_edge(source, CaptureEdge::clear));
    CHECK_FALSE(source == other);
    CHECK(choose_edge(source, CaptureEdge::assert));
    CHECK(source == other);
  }
  auto stream = *pulse_source("stream:/run/x");
  CHECK_FALSE(choose_edge(stream, CaptureEdge::clear));
}
