// What the daemon keeps and reads on disk and on sockets: the lock, the last second, the recording,
// the pulse stream.

#include "driver/io/files.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <vector>

#include "driver/io/pulse_feed.h"
#include "tests/support/catch.h"
#include "tests/support/folder.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using Catch::Matchers::ContainsSubstring;
using ntsbox::test::Folder;

namespace {

std::string text_of(const std::string& path) {
  std::ostringstream text;
  text << std::ifstream{path}.rdbuf();
  return text.str();
}

constexpr UtcSecond noon{seconds{1'795'348'800}};
constexpr UtcSecond far = noon + seconds{std::chrono::years{15}};

}  // namespace

TEST_CASE("a second instance is refused for as long as the first one lives", "[driver][instance]") {
  const Folder folder;
  const auto status = folder / "status.json";
  {
    const auto first = claim_instance(status);
    REQUIRE(first);
    const auto second = claim_instance(status);
    REQUIRE_FALSE(second);
    CHECK_THAT(second.error().message, ContainsSubstring("another ntsboxd is running already"));
  }
  CHECK(claim_instance(status));
}

TEST_CASE("the last second is kept over restarts, an hour apart or when asked",
          "[driver][last-second]") {
  const Folder folder;
  LastSecond kept{folder.path};
  CHECK_FALSE(kept.read(far));
  REQUIRE(kept.keep(noon, false));
  CHECK(LastSecond{folder.path}.read(far) == noon);
  REQUIRE(kept.keep(noon + 3599s, false));
  CHECK(kept.read(far) == noon);
  REQUIRE(kept.keep(noon + 3600s, false));
  CHECK(kept.read(far) == noon + 3600s);
  REQUIRE(kept.keep(noon + 3601s, true));
  CHECK(kept.read(far) == noon + 3601s);
  CHECK(folder.entries() == 1);
}

TEST_CASE("a last second that proved to lie ahead is kept no longer", "[driver][last-second]") {
  const Folder folder;
  LastSecond kept{folder.path};
  REQUIRE(kept.keep(noon + 86'400s, false));
  REQUIRE(kept.keep(noon, false));
  CHECK(kept.read(far) == noon);
}

TEST_CASE("a last second that another user wrote is ignored", "[driver][last-second]") {
  const Folder folder;
  const auto* text = GENERATE("", "noon", "2026-11-22T12:00:00", "9999-01-01T00:00:00Z",
                              "2026-11-22T12:00:00Z and more");
  std::ofstream{folder / "last-second"} << text;
  CHECK_FALSE(LastSecond{folder.path}.read(far));
}

TEST_CASE("a last second that cannot be kept is reported, and harmless", "[driver][last-second]") {
  LastSecond nowhere{"/proc/none"};
  CHECK_FALSE(nowhere.keep(noon, true));
  CHECK_FALSE(nowhere.read(far));
  LastSecond none{""};
  CHECK(none.keep(noon, true));
}

TEST_CASE("a recording is appended to, and never after a cut line", "[driver][recorder]") {
  const Folder folder;
  const auto path = folder / "events.jsonl";
  {
    auto recorder = Recorder::open(path);
    REQUIRE(recorder);
    REQUIRE(recorder->append("one\n"));
  }
  {
    auto recorder = Recorder::open(path);
    REQUIRE(recorder);
    REQUIRE(recorder->append("two\n"));
  }
  CHECK(text_of(path) == "one\ntwo\n");
  std::ofstream{path, std::ios::app} << "thr";
  const auto cut = Recorder::open(path);
  REQUIRE_FALSE(cut);
  CHECK_THAT(cut.error().message, ContainsSubstring("its last line is cut"));
}

TEST_CASE("a full disk ends the recording with one log line", "[driver][recorder]") {
  auto recorder = Recorder::open("/dev/full");
  REQUIRE(recorder);
  const auto failed = recorder->append("one\n");
  REQUIRE_FALSE(failed);
  CHECK_THAT(failed.error().message, ContainsSubstring("No space left on device"));
  CHECK(recorder->append("two\n"));
}

namespace {

/// A program that sends pulses.
struct Sender {
  explicit Sender(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(listen(listener.get(), 1) == 0);
  }

  void accept() { peer = UniqueFd{::accept(listener.get(), nullptr, nullptr)}; }

  void say(std::string_view text) const {
    REQUIRE(::send(peer.get(), text.data(), text.size(), MSG_NOSIGNAL) ==
            static_cast<ssize_t>(text.size()));
  }

  UniqueFd listener{::socket(AF_UNIX, SOCK_STREAM, 0)};
  UniqueFd peer;
};

/// A stream and what it reported.
struct Client {
  explicit Client(const std::string& path) : stream(open_pulse_feed(StreamSource{path})) {}

  PulseFeed::Take take() {
    return [this](const PulseRecord& record) {
      if (record.kind == PulseRecord::Kind::pulse) sequences.push_back(record.pulse.sequence);
      if (record.kind == PulseRecord::Kind::lost) losses.push_back(record.words);
    };
  }

  void tick(nanoseconds now) { stream->tick(MonotonicTime{now}, take()); }

  void drain() { stream->drain(take()); }

  std::unique_ptr<PulseFeed> stream;
  std::vector<std::uint64_t> sequences;
  std::vector<std::string> losses;
};

}  // namespace

TEST_CASE("edges come whole, however their lines were cut", "[driver][pulse-stream]") {
  const Folder folder;
  Sender sender{folder / "pulses"};
  Client client{folder / "pulses"};
  client.tick(1s);
  sender.accept();
  for (const char c : std::string{"1.000000000 7\n2.000000000 8\n"}) {
    sender.say({&c, 1});
    client.drain();
  }
  CHECK(client.sequences == std::vector<std::uint64_t>{7, 8});
  CHECK(client.losses.empty());
}

TEST_CASE("a line that is not one of a pulse stream ends the connection",
          "[driver][pulse-stream]") {
  const Folder folder;
  Sender sender{folder / "pulses"};
  Client client{folder / "pulses"};
  client.tick(1s);
  sender.accept();
  sender.say("1.000000000 7\n" + GENERATE(std::string{"junk\n"}, std::string(500, '1')) +
             "2.000000000 8\n");
  client.drain();
  CHECK(client.sequences == std::vector<std::uint64_t>{7});
  REQUIRE(client.losses.size() == 1);
  CHECK_THAT(client.losses[0], ContainsSubstring("SECONDS.NNNNNNNNN SEQUENCE"));
  CHECK(client.stream->fd() < 0);
}

TEST_CASE("a missing stream is reported once, and tried again each second",
          "[driver][pulse-stream]") {
  const Folder folder;
  Client client{folder / "pulses"};
  for (auto now = 1s; now < 10s; now += 1s) client.tick(now);
  CHECK(client.losses.size() == 1);
  Sender sender{folder / "pulses"};
  client.tick(10s);
  CHECK(client.stream->fd() >= 0);
  sender.accept();
  sender.peer.reset();
  client.drain();
  REQUIRE(client.losses.size() == 2);
  CHECK_THAT(client.losses[1], ContainsSubstring("went away"));
}

TEST_CASE("a stream of another user is refused", "[driver][pulse-stream]") {
  // As root alone can one be somebody else; make check runs as root.
  REQUIRE(geteuid() == 0);
  const Folder folder;
  Sender sender{folder / "pulses"};
  // The kernel remembers who listened (unix(7), SO_PEERCRED).
  REQUIRE(seteuid(65534) == 0);
  const int listened = listen(sender.listener.get(), 1);
  REQUIRE(seteuid(0) == 0);
  REQUIRE(listened == 0);
  Client client{folder / "pulses"};
  client.tick(1s);
  REQUIRE(client.losses.size() == 1);
  CHECK_THAT(client.losses[0], ContainsSubstring("not believed, since it runs as user 65534"));
}
