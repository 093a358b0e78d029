#pragma once
// gpsd as its clients see it, and the loop's side of the connection.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "driver/io/gpsd_stream.h"
#include "posix/file.h"
#include "tests/support/catch.h"

namespace ntsbox::driver::testing {

inline constexpr int patience_ms =
    20'000;  // for what must happen at some time, however busy the machine
inline const std::string greeting = "{\"class\":\"VERSION\",\"release\":\"3.22\"}\r\n";

inline bool readable(int fd, int milliseconds = patience_ms) {
  pollfd one{fd, POLLIN, 0};
  return poll(&one, 1, milliseconds) == 1;
}

/// gpsd as its clients see it: a listener that does what it is told.
class FakeGpsd {
 public:
  explicit FakeGpsd(int backlog = 8) : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
    REQUIRE(listen(listener_.get(), backlog) == 0);
    REQUIRE(getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
  }

  [[nodiscard]] int port() const { return port_; }

  [[nodiscard]] GpsdSettings settings() const { return {"127.0.0.1", port_, ""}; }

  void accept() {
    REQUIRE(readable(listener_.get()));
    client_ = UniqueFd{::accept(listener_.get(), nullptr, nullptr)};
    REQUIRE(client_);
    const int at_once = 1;
    REQUIRE(setsockopt(client_.get(), IPPROTO_TCP, TCP_NODELAY, &at_once, sizeof at_once) == 0);
  }

  /// Up to and with the next line feed.
  [[nodiscard]] std::string hear() const {
    std::string text;
    char c = 0;
    while (text.empty() || text.back() != '\n') {
      if (!readable(client_.get()) || ::read(client_.get(), &c, 1) != 1) break;
      text += c;
    }
    return text;
  }

  void say(std::string_view text) const {
    while (!text.empty()) {
      const auto sent = ::send(client_.get(), text.data(), text.size(), MSG_NOSIGNAL);
      REQUIRE(sent > 0);
      text.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  void hang_up() { client_.reset(); }

 private:
  UniqueFd listener_;
  UniqueFd client_;
  int port_ = 0;
};

/// A loop's side: keeps what came, as "line TEXT", "opened" and "lost WORDS".
struct Client {
  explicit Client(const GpsdSettings& settings) : stream(std::make_unique<GpsdStream>(settings)) {}

  GpsdStream::Take take() {
    return [this](const GpsdRecord& record) {
      if (record.kind == GpsdRecord::Kind::line) told.push_back("line " + std::string{record.line});
      if (record.kind == GpsdRecord::Kind::opened) told.push_back("opened");
      if (record.kind == GpsdRecord::Kind::lost) told.push_back("lost " + record.words);
    };
  }

  void tick(MonotonicTime now) { stream->tick(now, take()); }

  /// Waits until there is something, and takes it.
  void drain(MonotonicTime now) {
    REQUIRE(stream->fd() >= 0);
    REQUIRE(readable(stream->fd()));
    stream->drain(take(), now);
  }

  /// Until `count` records came.
  void drain_until(std::size_t count, MonotonicTime now) {
    while (told.size() < count) drain(now);
  }

  /// From nothing to a connection that was greeted.
  void connect(FakeGpsd& gpsd, MonotonicTime now) {
    tick(now);
    gpsd.accept();
    gpsd.say(greeting);
    told.clear();
    drain_until(2, now);
    CHECK(told ==
          std::vector<std::string>{"opened", R"(line {"class":"VERSION","release":"3.22"})"});
    told.clear();
  }

  std::unique_ptr<GpsdStream> stream;
  std::vector<std::string> told;
};

}  // namespace ntsbox::driver::testing
