#include "provision/core/settings.h"

#include <string>
#include <vector>

#include "provision/core/board.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::provision;
using Catch::Matchers::ContainsSubstring;
using Texts = std::vector<std::string>;

namespace {

/// The words of the error; "" when there is none.
std::string error_of(const std::string& text) {
  const auto settings = parse_settings(text, "box.toml");
  auto words = settings ? "" : settings.error().message;
  CHECK(words.find('\n') == std::string::npos);
  return words;
}

std::string error_of(const Flags& flags, const Settings& before = {}) {
  const auto settings = with_flags(before, flags);
  return settings ? "" : settings.error().message;
}

Settings good(const std::string& text) {
  const auto settings = parse_settings(text, "box.toml");
  INFO((settings ? "" : settings.error().message));
  REQUIRE(settings);
  return *settings;
}

Settings unusual() {
  Settings s;
  s.names = {"time.example", "box.local"};
  s.addresses = {"192.0.2.1", "2001:db8::1"};
  s.allow = {"10.0.0.0/8", "::/0"};
  s.upstreams = {"nts.example", "192.0.2.9"};
  s.receiver = "/dev/ttyACM0";
  s.pps_gpio = 18;
  s.pulse = "stream:/run/pulses.sock";
  s.board = Board::zero2;
  s.lateness = LatenessMode::automatic;
  s.key = certs::KeyKind::ed25519;
  s.ca = true;
  s.holdover_limit = std::chrono::hours{72};
  s.firewall = Firewall::nft;
  s.tune = s.auto_updates = s.restart_gpsd = s.client_no_rtc = true;
  return s;
}

}  // namespace

TEST_CASE("an empty file of settings gives the defaults", "[provision][settings]") {
  CHECK(good("") == Settings{});
  CHECK(good("# nothing\nallow = []\nreceiver = \"\"\nboard = \"\"\n") == Settings{});
}

TEST_CASE("what is remembered is read back the same", "[provision][settings]") {
  CHECK(good(render_settings(Settings{})) == Settings{});
  CHECK(good(render_settings(unusual())) == unusual());
  Settings alone;
  alone.airgap = true;
  CHECK(good(render_settings(alone)) == alone);
}

TEST_CASE("values take their canonical form, each once", "[provision][settings]") {
  const auto s = good(R"(name = ["Time.Example", "time.example"]
address = ["2001:DB8:0:0::1"]
allow = "192.168.1.7"
)");
  CHECK(s.names == Texts{"time.example"});
  CHECK(s.addresses == Texts{"2001:db8::1"});
  CHECK(s.allow == Texts{"192.168.1.7/32"});
}

TEST_CASE("an error in the settings names its place and the cure", "[provision][settings]") {
  CHECK_THAT(error_of("\nalow = []\n"),
             ContainsSubstring("box.toml:2: unknown key \"alow\": did you mean \"allow\"?"));
  CHECK_THAT(error_of("[airgapp]\n"), ContainsSubstring("did you mean \"airgap\"?"));
  CHECK_THAT(error_of("tune = 1\n"), ContainsSubstring("box.toml:1: tune must be true or false"));
  CHECK_THAT(error_of("allow = [1]\n"), ContainsSubstring("must be an array of texts"));
  CHECK_THAT(error_of("pps_gpio = \"4\"\n"), ContainsSubstring("must be an integer"));
  CHECK_THAT(error_of("pps_gpio = 14\n"), ContainsSubstring("from 2 to 27"));
  CHECK_THAT(error_of("receiver = 1\n"), ContainsSubstring("must be a text"));
  CHECK_THAT(error_of("board = \"pi6\"\n"), ContainsSubstring("\"zero2\""));
  for (const auto* mode : {"late", "clip", "line", "RAW"})
    CHECK_THAT(error_of(std::string{"lateness = \""} + mode + "\"\n"),
               ContainsSubstring("lateness must be \"raw\" or \"auto\""));
  CHECK_THAT(error_of("key = \"rsa\"\n"), ContainsSubstring("\"p256\" or \"ed25519\""));
  CHECK_THAT(error_of("holdover_limit = 0\n"), ContainsSubstring("from 1 to 720"));
  CHECK_THAT(error_of("tune = yes\n"), ContainsSubstring("box.toml:1: "));
  CHECK_THAT(error_of("airgap = true\nupstream = [\"a.example\"]\n"),
             ContainsSubstring("take one of the two away"));
  // The first in the file, not in the alphabet.
  CHECK_THAT(error_of("tune = 1\nairgap = 1\n"), ContainsSubstring("box.toml:1: tune"));
}

TEST_CASE("flags change what they name, and nothing else", "[provision][settings]") {
  CHECK(with_flags(unusual(), {}).value() == unusual());
  Flags flags;
  flags["allow"] = Texts{"10.1.0.0/16"};
  flags["upstream"] = Texts{""};
  flags["airgap"] = true;
  flags["board"] = std::string{"pi4"};
  flags["holdover_limit"] = std::int64_t{1};
  auto expected = unusual();
  expected.allow = {"10.1.0.0/16"};
  expected.upstreams.clear();
  expected.airgap = true;
  expected.board = Board::pi4;
  expected.holdover_limit = std::chrono::hours{1};
  CHECK(with_flags(unusual(), flags).value() == expected);
}

TEST_CASE("a refused flag is named, with the cure", "[provision][settings]") {
  Flags flags;
  flags["allow"] = Texts{"192.168.1.7/24"};
  CHECK_THAT(error_of(flags), ContainsSubstring("--allow ") && ContainsSubstring("192.168.1.0/24"));
  flags = {};
  flags["pps_gpio"] = std::int64_t{99};
  CHECK_THAT(error_of(flags), ContainsSubstring("--pps-gpio "));
  flags = {};
  flags["airgap"] = true;
  flags["upstream"] = Texts{"a.example"};
  CHECK_THAT(error_of(flags, unusual()), ContainsSubstring("airgap excludes upstream"));
}

TEST_CASE("upstreams and an air gap take each other's place", "[provision][settings]") {
  Flags flags;
  flags["airgap"] = true;
  const auto alone = with_flags(unusual(), flags).value();
  CHECK(alone.airgap);
  CHECK(alone.upstreams.empty());
  flags = {};
  flags["upstream"] = Texts{"a.example"};
  const auto together = with_flags(alone, flags).value();
  CHECK_FALSE(together.airgap);
  CHECK(together.upstreams == Texts{"a.example"});
  CHECK(with_flags(alone, {}).value() == alone);
}

TEST_CASE("a network is an address and its prefix, with no bit of a host",
          "[provision][settings]") {
  CHECK(network("0.0.0.0/0").value() == "0.0.0.0/0");
  CHECK(network("2001:DB8::/32").value() == "2001:db8::/32");
  CHECK(network("::1").value() == "::1/128");
  CHECK(network("10.128.0.0/9").value() == "10.128.0.0/9");
  for (const std::string text :
       {"", "all", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "10.0.0.0/-1", "10.0.0.0/8 ", "10/8",
        "10.0.0.0/8\n", "::/129", "::ffff:10.0.0.0/104", "1.2.3.4/24", "fe80::1%eth0/64",
        "10.0.0.0/8/8"}) {
    INFO(text);
    CHECK_FALSE(network(text));
  }
  CHECK_FALSE(network(std::string{"10.0.0.0\0/8", 11}));
  CHECK_THAT(network("1.2.3.4/24").error().message,
             ContainsSubstring("1.2.3.0/24") && ContainsSubstring("1.2.3.4 for that host"));
}

TEST_CASE("a device is an absolute path of plain letters", "[provision][settings]") {
  CHECK(device_path("/dev/serial/by-id/usb-u-blox_7-if00").value() ==
        "/dev/serial/by-id/usb-u-blox_7-if00");
  for (const std::string text :
       {"", "/", "ttyAMA0", "/dev/../etc/x", "/dev/./x", "/dev//x", "/dev/", "/dev/a b",
        "/dev/a\nb", "/dev/a\"", "/dev/$x", "/dev/ü", "-n"}) {
    INFO(text);
    CHECK_FALSE(device_path(text));
  }
  CHECK_FALSE(device_path("/dev/" + std::string(300, 'a')));
}

TEST_CASE("a pulse comes from a device, from a clock's pin, or from a stream",
          "[provision][settings]") {
  CHECK(pulse_setting("/dev/pps1"));
  CHECK(pulse_setting("stream:/run/ntsbox-sim/pulses.sock"));
  CHECK(pulse_setting("phc:/dev/ptp0:1") == "phc:/dev/ptp0:1");
  CHECK(clock_of_pulse("phc:/dev/ptp12:0") == "ptp12");
  CHECK_FALSE(clock_of_pulse("/dev/pps0"));
  for (const std::string text :
       {"phc:/dev/ptp0", "phc:/dev/ptp0:x", "phc:/dev/ptp0:1\n", "phc:/dev/ptp0\", KERNEL:1",
        "phc:/dev/pps0:1", "/etc/passwd", "stream:", "stream:x", "stream:/run/a\"b", "pps0",
        "stream:/run/../x"}) {
    INFO(text);
    CHECK_FALSE(pulse_setting(text));
  }
  CHECK_FALSE(pulse_setting("stream:/" + std::string(107, 'a')));
}

TEST_CASE("a board is known by its model", "[provision][settings]") {
  CHECK(board_of_model("Raspberry Pi 3 Model B Plus Rev 1.3") == Board::pi3);
  CHECK(board_of_model("Raspberry Pi 4 Model B Rev 1.4") == Board::pi4);
  CHECK(board_of_model("Raspberry Pi 400 Rev 1.0") == Board::pi4);
  CHECK(board_of_model("Raspberry Pi Compute Module 4 Rev 1.0") == Board::pi4);
  CHECK(board_of_model("Raspberry Pi 5 Model B Rev 1.0") == Board::pi5);
  CHECK(board_of_model("Raspberry Pi 500 Rev 1.0") == Board::pi5);
  CHECK(board_of_model("Raspberry Pi Zero 2 W Rev 1.0") == Board::zero2);
  CHECK(board_of_model("Raspberry Pi Zero W Rev 1.1") == Board::generic);
  CHECK(board_of_model("Raspberry Pi Model B Rev 2") == Board::generic);
  CHECK(board_of_model("") == Board::generic);
}
