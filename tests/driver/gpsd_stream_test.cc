#include "driver/io/gpsd_stream.h"

#include <sys/socket.h>

#include <array>
#include <thread>

#include "tests/support/fake_gpsd.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using namespace ntsbox::driver::testing;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr MonotonicTime start{1000s};

/// A port on which nobody listens.
GpsdSettings nobody() {
  FakeGpsd gpsd;
  return gpsd.settings();
}

}  // namespace

TEST_CASE("gpsd is asked for its reports, those of the pulse's time included",
          "[driver][gpsd-stream]") {
  FakeGpsd gpsd;
  auto settings = gpsd.settings();
  SECTION("of whichever device it has") {
    Client client{settings};
    client.tick(start);
    gpsd.accept();
    CHECK(gpsd.hear() == "?WATCH={\"enable\":true,\"json\":true,\"nmea\":true,\"pps\":true};\n");
  }
  SECTION("of one device") {
    settings.device = "/dev/ttyAMA0";
    Client client{settings};
    client.tick(start);
    gpsd.accept();
    CHECK(gpsd.hear() ==
          "?WATCH={\"enable\":true,\"json\":true,\"nmea\":true,\"pps\":true,\"device\":\"/dev/"
          "ttyAMA0\"};\n");
  }
}

TEST_CASE("gpsd's lines come as it sent them, however they were cut on their way",
          "[driver][gpsd-stream]") {
  FakeGpsd gpsd;
  Client client{gpsd.settings()};
  client.connect(gpsd, start);
  gpsd.say("{\"class\":");
  client.drain(start);
  CHECK(client.told.empty());
  gpsd.say("\"TPV\"}\r\nnext\nhal");
  client.drain_until(2, start);
  gpsd.say("f\n");
  client.drain_until(3, start);
  CHECK(client.told ==
        std::vector<std::string>{R"(line {"class":"TPV"})", "line next", "line half"});
  CHECK(client.stream->trouble().empty());
}

TEST_CASE("a long line of gpsd's is whole", "[driver][gpsd-stream]") {
  FakeGpsd gpsd;
  Client client{gpsd.settings()};
  client.connect(gpsd, start);
  const std::string line(16 << 10, 'x');
  std::thread speaker{[&] { gpsd.say(line + "\r\n"); }};
  client.drain_until(1, start);
  speaker.join();
  CHECK(client.told == std::vector<std::string>{"line " + line});
}

TEST_CASE("a connection is opened once gpsd speaks", "[driver][gpsd-stream]") {
  FakeGpsd gpsd;
  Client client{gpsd.settings()};
  client.tick(start);
  client.drain(start);
  CHECK(client.told.empty());
  gpsd.accept();
  gpsd.say(greeting);
  client.drain_until(2, start);
  CHECK(client.told.front() == "opened");
}

TEST_CASE("a gpsd that goes is lost once, and connected again once it is back",
          "[driver][gpsd-stream]") {
  FakeGpsd gpsd;
  Client client{gpsd.settings()};
  client.connect(gpsd, start);
  gpsd.hang_up();
  client.drain_until(1, start);
  REQUIRE(client.told.size() == 1);
  CHECK_THAT(client.told[0],
             ContainsSubstring("lost gpsd at 127.0.0.1:" + std::to_string(gpsd.port())) &&
                 ContainsSubstring("closed the connection") &&
                 ContainsSubstring("systemctl status gpsd"));
  CHECK(client.stream->fd() == -1);
  CHECK_THAT(client.stream->trouble(), ContainsSubstring("closed the connection"));

  SECTION("after a pause") {
    client.tick(start + 399ms);
    CHECK(client.stream->fd() == -1);
    client.connect(gpsd, start + 601ms);
    CHECK(client.stream->trouble().empty());
  }
  SECTION("and each loss is told again") {
    client.connect(gpsd, start + 1s);
    gpsd.hang_up();
    client.drain_until(1, start + 1s);
    CHECK_THAT(client.told[0], ContainsSubstring("closed the connection"));
  }
}

TEST_CASE("what gpsd said before it went is taken first", "[driver][gpsd-stream]") {
  FakeGpsd gpsd;
  Client client{gpsd.settings()};
  client.connect(gpsd, start);
  gpsd.say("last words\n");
  gpsd.hang_up();
  client.drain_until(2, start);
  CHECK(client.told[0] == "line last words");
  CHECK_THAT(client.told[1], ContainsSubstring("lost "));
}

TEST_CASE("a gpsd that says nothing is asked for a word, and then lost", "[driver][gpsd-stream]") {
  FakeGpsd gpsd;
  Client client{gpsd.settings()};
  client.connect(gpsd, start);
  (void)gpsd.hear();
  client.tick(start + 4999ms);
  client.tick(start + 5s);
  client.tick(start + 6s);
  CHECK(gpsd.hear() == "?VERSION;\n");

  SECTION("an answer is enough to stay") {
    gpsd.say(greeting);
    client.drain_until(1, start + 6s);
    client.tick(start + 10999ms);
    client.tick(start + 11s);
    CHECK(gpsd.hear() == "?VERSION;\n");
    CHECK(client.told.size() == 1);
    client.tick(start + 16s);
    CHECK_THAT(client.told.back(), ContainsSubstring("says nothing"));
  }
  SECTION("without one it is lost after ten seconds") {
    client.tick(start + 9999ms);
    CHECK(client.told.empty());
    client.tick(start + 10s);
    REQUIRE(client.told.size() == 1);
    CHECK_THAT(client.told[0], ContainsSubstring("lost ") &&
                                   ContainsSubstring("gpsd says nothing") &&
                                   ContainsSubstring("systemctl restart gpsd"));
    CHECK(client.stream->fd() == -1);
  }
  SECTION("half a line is none") {
    gpsd.say("{\"class\":");
    client.drain(start + 7s);
    client.tick(start + 10s);
    CHECK(client.told.size() == 1);
  }
}

TEST_CASE("a gpsd that accepts and never speaks is told of once, and tried ever more seldom",
          "[driver][gpsd-stream]") {
  FakeGpsd gpsd;
  Client client{gpsd.settings()};
  auto now = start;
  for (const auto pause : {500ms, 1000ms, 2000ms, 4000ms, 8000ms, 8000ms}) {
    client.tick(now);
    gpsd.accept();
    client.drain(now);
    client.tick(now + GpsdStream::silence - 1ms);
    REQUIRE(client.stream->fd() >= 0);
    now += GpsdStream::silence;
    client.tick(now);
    REQUIRE(client.stream->fd() == -1);
    client.tick(now + pause * 4 / 5 - 1ms);
    REQUIRE(client.stream->fd() == -1);
    now += pause * 6 / 5;
  }
  CHECK(client.told.size() == 1);
  CHECK_THAT(client.told[0], ContainsSubstring("says nothing"));
}

TEST_CASE("a refused connection is told of once, with the cure, and tried after 0.5 to 8 s",
          "[driver][gpsd-stream]") {
  const auto settings = nobody();
  Client client{settings};
  auto now = start;
  for (const auto pause : {500ms, 1000ms, 2000ms, 4000ms, 8000ms, 8000ms, 8000ms}) {
    client.tick(now);
    REQUIRE(client.stream->fd() >= 0);
    client.drain(now);
    REQUIRE(client.stream->fd() == -1);
    client.tick(now + pause * 4 / 5 - 1ms);
    REQUIRE(client.stream->fd() == -1);
    now += pause * 6 / 5;
  }
  REQUIRE(client.told.size() == 1);
  CHECK_THAT(client.told[0],
             ContainsSubstring("gpsd at 127.0.0.1:" + std::to_string(settings.port) + ": ") &&
                 ContainsSubstring("is gpsd running? (systemctl status gpsd)"));
  CHECK("lost " + client.stream->trouble() == client.told[0]);
}

TEST_CASE("a line makes the pause short again", "[driver][gpsd-stream]") {
  FakeGpsd gpsd;
  Client client{gpsd.settings()};
  auto now = start;
  for (int i = 0; i < 3; ++i) {
    client.tick(now);
    gpsd.accept();
    gpsd.hang_up();
    while (client.stream->fd() >= 0) client.drain(now);
    now += 10s;
  }
  client.connect(gpsd, now);
  gpsd.hang_up();
  client.drain_until(1, now);
  client.tick(now + 601ms);
  CHECK(client.stream->fd() >= 0);
}

TEST_CASE("a name that is none is told with the key to look at", "[driver][gpsd-stream]") {
  Client client{{"no.such.host.invalid", 2947, ""}};
  client.tick(start);
  client.drain_until(1, start);
  CHECK_THAT(client.told[0],
             ContainsSubstring("no.such.host.invalid:2947") && ContainsSubstring("[gpsd] host"));
}

TEST_CASE("an address of IPv6 is written so that its port can be told", "[driver][gpsd-stream]") {
  Client client{{"::1", nobody().port, ""}};
  client.tick(start);
  client.drain_until(1, start);
  CHECK_THAT(client.told[0], ContainsSubstring("gpsd at [::1]:"));
}

TEST_CASE("one line that is too long is passed over, more than three in ten seconds are not gpsd's",
          "[driver][gpsd-stream]") {
  FakeGpsd gpsd;
  Client client{gpsd.settings()};
  client.connect(gpsd, start);
  const std::string overlong(20'000, 'x');
  const auto one = [&](MonotonicTime now) {
    const auto before = client.told.size();
    std::thread speaker{[&] { gpsd.say(overlong + "\nok\n"); }};
    client.drain_until(before + 1, now);
    speaker.join();
  };
  for (int i = 0; i < 3; ++i) one(start);
  CHECK(client.told == std::vector<std::string>(3, "line ok"));
  SECTION("a fourth one later") {
    one(start + 11s);
    CHECK(client.told.back() == "line ok");
  }
  SECTION("a fourth one now") {
    one(start + 10s);
    while (client.stream->fd() >= 0) client.drain(start + 10s);
    CHECK_THAT(client.told.back(), ContainsSubstring("lost ") && ContainsSubstring("too long"));
  }
}

TEST_CASE("an attempt that hangs is given up, and holds up neither a new one nor the end",
          "[driver][gpsd-stream]") {
  FakeGpsd gpsd{0};
  // A listener that does not accept, with its backlog full, leaves connect(2) waiting.
  std::vector<UniqueFd> waiting;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(gpsd.port()));
  for (int i = 0; i < 8; ++i) {
    waiting.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    (void)connect(waiting.back().get(), reinterpret_cast<const sockaddr*>(&address),
                  sizeof address);
  }
  Client client{gpsd.settings()};
  client.tick(start);
  REQUIRE(client.stream->fd() >= 0);
  CHECK_FALSE(readable(client.stream->fd(), 300));
  client.stream->drain(client.take(), start);
  client.tick(start + 9999ms);
  CHECK(client.told.empty());
  client.tick(start + 10s);
  REQUIRE(client.told.size() == 1);
  CHECK_THAT(client.told[0], ContainsSubstring("no answer") &&
                                 ContainsSubstring("is gpsd hung? (systemctl restart gpsd)"));
  client.tick(start + 11s);
  CHECK(client.stream->fd() >= 0);
  const auto before = std::chrono::steady_clock::now();
  client.stream.reset();
  CHECK(std::chrono::steady_clock::now() - before < 1s);
}

TEST_CASE("a stream that is destroyed while it connects leaves nothing open",
          "[driver][gpsd-stream]") {
  FakeGpsd gpsd;
  for (int i = 0; i < 20; ++i) {
    {
      Client client{gpsd.settings()};
      client.tick(start);
    }
    gpsd.accept();
    while (!gpsd.hear().empty()) {
    }
  }
}
