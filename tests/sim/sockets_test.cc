// The simulator's sockets and pty, with the real kernel.
#include "sim/io/sockets.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <string>

#include "sim/io/pty.h"
#include "tests/support/catch.h"
#include "tests/support/folder.h"

using namespace ntsbox;
using namespace ntsbox::sim;
using Catch::Matchers::ContainsSubstring;
using test::Folder;

namespace {

constexpr SystemTime at{1'795'341'600s};

UniqueFd connected(const std::string& path) {
  UniqueFd fd{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  const auto address = unix_address(path);
  REQUIRE(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof *address) == 0);
  return fd;
}

std::string received(const UniqueFd& fd) {
  std::array<char, 4096> text{};
  const auto size = ::recv(fd.get(), text.data(), text.size(), MSG_DONTWAIT);
  return size < 0 ? "(nothing)" : std::string(text.data(), static_cast<std::size_t>(size));
}

mode_t mode_of(const std::string& path) {
  struct stat found {};

  REQUIRE(::stat(path.c_str(), &found) == 0);
  return found.st_mode & 07777;
}

}  // namespace

TEST_CASE("each connected reader receives each pulse", "[sim][io]") {
  const Folder folder;
  auto server = PulseServer::listen(folder / "pulses.sock");
  REQUIRE(server);
  auto first = connected(folder / "pulses.sock");
  server->serve();
  server->send(at, 1);
  {
    const auto second = connected(folder / "pulses.sock");
    server->serve();
    server->send(at, 2);
    CHECK(received(second) == "1795341600.000000000 2\n");
  }
  CHECK(received(first) == "1795341600.000000000 1\n1795341600.000000000 2\n");
  server->serve();
  CHECK(server->clients() == 1);
}

TEST_CASE(
    "the server closes the connection of a reader that does not read, and does not wait for it",
    "[sim][io]") {
  const Folder folder;
  auto server = PulseServer::listen(folder / "pulses.sock");
  REQUIRE(server);
  const auto lazy = connected(folder / "pulses.sock");
  server->serve();
  for (int i = 0; i < 10'000 && server->clients() > 0; ++i) server->send(at, 1);
  CHECK(server->clients() == 0);
}

TEST_CASE("only its owner may use a socket, and closing removes it", "[sim][io]") {
  const Folder folder;
  {
    const auto server = PulseServer::listen(folder / "pulses.sock");
    REQUIRE(server);
    CHECK(mode_of(folder / "pulses.sock") == 0600);
  }
  CHECK_FALSE(std::filesystem::exists(folder / "pulses.sock"));
}

TEST_CASE("a socket on which no program listens is replaced, one in use is left alone",
          "[sim][io]") {
  const Folder folder;
  const auto path = folder / "pulses.sock";
  {
    const UniqueFd abandoned{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    const auto address = unix_address(path);
    REQUIRE(::bind(abandoned.get(), reinterpret_cast<const sockaddr*>(&*address),
                   sizeof *address) == 0);
  }
  const auto first = PulseServer::listen(path);
  REQUIRE(first);
  const auto second = PulseServer::listen(path);
  REQUIRE_FALSE(second);
  CHECK_THAT(second.error().message, ContainsSubstring("another program listens there"));
  CHECK(std::filesystem::exists(path));
}

TEST_CASE("a file that is not a socket is left alone", "[sim][io]") {
  const Folder folder;
  std::ofstream{folder / "file"} << "precious";
  const auto server = PulseServer::listen(folder / "file");
  REQUIRE_FALSE(server);
  CHECK_THAT(server.error().message, ContainsSubstring("is no socket"));
  CHECK(std::filesystem::file_size(folder / "file") == 8);
}

TEST_CASE("a path that is too long for a socket is refused", "[sim][io]") {
  CHECK_FALSE(unix_address(""));
  CHECK_FALSE(unix_address(std::string(108, 'x')));
  CHECK(unix_address(std::string(107, 'x')));
}

TEST_CASE("commands arrive as they were sent", "[sim][io]") {
  const Folder folder;
  auto socket = ControlSocket::listen(folder / "control.sock");
  REQUIRE(socket);
  CHECK_FALSE(socket->receive());
  REQUIRE(send_command(folder / "control.sock", "fix off"));
  REQUIRE(send_command(folder / "control.sock", "fix on"));
  CHECK(socket->receive() == "fix off");
  CHECK(socket->receive() == "fix on");
  CHECK_FALSE(socket->receive());
  const auto sent = send_command(folder / "nobody.sock", "quit");
  REQUIRE_FALSE(sent);
  CHECK_THAT(sent.error().message, ContainsSubstring("nobody.sock"));
}

TEST_CASE("bytes written to the pty are read at its link unchanged", "[sim][io]") {
  const Folder folder;
  std::string port;
  {
    auto pty = Pty::open(folder / "gps");
    REQUIRE(pty);
    port = pty->port();
    CHECK(std::filesystem::read_symlink(folder / "gps") == port);
    CHECK(mode_of(folder / "gps") == 0666);
    const UniqueFd reader{::open((folder / "gps").c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC)};
    REQUIRE(reader);
    pty->write("$GPRMC\r\n");
    std::array<char, 64> text{};
    CHECK(::read(reader.get(), text.data(), text.size()) == 8);
    CHECK(std::string(text.data(), 8) == "$GPRMC\r\n");
  }
  CHECK_FALSE(std::filesystem::is_symlink(folder / "gps"));
}

TEST_CASE("a port without a reader never blocks, and keeps the newest bytes", "[sim][io]") {
  const Folder folder;
  auto pty = Pty::open(folder / "gps");
  REQUIRE(pty);
  for (int i = 0; i < 10'000; ++i) pty->write("an old line\r\n");
  pty->write("newest\r\n");
  const UniqueFd reader{
      ::open((folder / "gps").c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)};
  std::string text;
  std::array<char, 4096> some{};
  for (ssize_t size = 0; (size = ::read(reader.get(), some.data(), some.size())) > 0;)
    text.append(some.data(), static_cast<std::size_t>(size));
  CHECK(text.ends_with("newest\r\n"));
}

TEST_CASE("a link to a pty that has gone is replaced, other files are left alone", "[sim][io]") {
  const Folder folder;
  std::filesystem::create_symlink("/dev/pts/99999", folder / "gps");
  CHECK(Pty::open(folder / "gps"));
  std::filesystem::create_symlink("/dev/null", folder / "other");
  const auto refused = Pty::open(folder / "other");
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, ContainsSubstring("is no link to a pty"));
  CHECK(std::filesystem::read_symlink(folder / "other") == "/dev/null");
}
