#include "driver/core/settings.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "driver/io/files.h"
#include "tests/support/catch.h"
#include "tests/support/folder.h"

using namespace ntsbox;
using namespace ntsbox::driver;
using Catch::Matchers::ContainsSubstring;
using ntsbox::test::Folder;

namespace {

/// The words of the error; "" when there is none.
std::string error_of(const std::string& text) {
  const auto settings = parse_settings(text, "box.toml");
  auto words = settings ? "" : settings.error().message;
  CHECK(words.find('\n') == std::string::npos);
  return words;
}

Settings good(const std::string& text) {
  const auto settings = parse_settings(text, "box.toml");
  INFO((settings ? "" : settings.error().message));
  REQUIRE(settings);
  return *settings;
}

}  // namespace

TEST_CASE("an empty file gives the defaults, and so does one that spells them out",
          "[driver][settings]") {
  CHECK(good("") == Settings{});
  CHECK(good("# nothing but a comment\n[gpsd]\n[files]\n") == Settings{});
  CHECK(good(R"([gpsd]
host = "127.0.0.1"
port = 2947
device = ""
[pulse]
source = "/dev/pps0"
edge = "assert"
cable_delay_ns = 0
latency_ns = 0
latency_uncertainty_ns = 0
lateness = "raw"
[chrony]
sink = "sock"
socket = "/run/chrony.ntsbox.sock"
[integrity]
witness = true
[files]
status = "/run/ntsbox/status.json"
state = "/var/lib/ntsbox"
history_days = 60
)") == Settings{});
}

TEST_CASE("each setting is written as it is read", "[driver][settings]") {
  const auto text_of = [](const Settings& settings) {
    std::string text;
    for (const auto& row : settings_table())
      text += fmt::format("{} = {}\n", row.key, render(row.write(settings)));
    return text;
  };
  CHECK(good(text_of({})) == Settings{});
  Settings settings;
  settings.gpsd = {"::1", 12947, "/dev/ttyAMA0"};
  settings.pulse = PhcSource{"/dev/ptp0", 1, CaptureEdge::clear};
  settings.cable_delay = 150ns;
  settings.latency = {11'700ns, 600ns};
  settings.lateness = LatenessMode::automatic;
  settings.sink = ShmSink{12};
  settings.witness = false;
  settings.status_file = "";
  settings.state_folder = "/srv/state";
  settings.history_days = 7;
  CHECK(good(text_of(settings)) == settings);
  settings.sink = SockSink{"/run/chrony.other.sock"};
  settings.pulse = StreamSource{"/run/pulses.sock"};
  CHECK(good(text_of(settings)) == settings);
}

TEST_CASE("the man page has each setting, with its default and its description",
          "[driver][settings]") {
  // Without the marks of scdoc, and each white space a blank.
  const auto plain = [](std::string_view text) {
    std::string out;
    for (const char c : text) {
      const bool blank = c == ' ' || c == '\n' || c == '\t';
      if (blank && !out.ends_with(' ')) out += ' ';
      if (!blank && c != '*' && c != '_' && c != '\\') out += c;
    }
    return out;
  };
  std::ifstream file{NTSBOX_SOURCE "/docs/man/ntsboxd.toml.5.scd"};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  const auto page = plain(text);
  std::size_t from = 0;
  for (const auto& row : settings_table()) {
    const auto dot = row.key.find('.');
    const auto paragraph = plain(
        fmt::format(" {} = {} {}", row.key.substr(dot + 1), render(row.write({})), row.comment));
    INFO(paragraph);
    const auto found = page.find(paragraph, from);
    REQUIRE(found != std::string::npos);
    CHECK(text.find(fmt::format("## [{}]", row.key.substr(0, dot))) != std::string::npos);
    from = found;
  }
  const auto settings = std::count(text.begin(), text.end(), '=');
  CHECK(static_cast<std::size_t>(settings) == settings_table().size() + 2);  // two in the example
}

TEST_CASE("every key is taken over", "[driver][settings]") {
  const auto settings =
      good(R"(gpsd = {host = "::1", port = 12947, device = "/dev/serial/by-id/usb-u-blox_1:1.0+x"}
[pulse]
edge = "clear"
source = "/dev/pps2"
cable_delay_ns = 150
latency_ns = 11700
latency_uncertainty_ns = 600
lateness = "auto"
[chrony]
sink = "shm:8"
[integrity]
witness = false
[files]
status = ""
state = "/srv/box"
history_days = 0
)");
  CHECK(settings.gpsd == GpsdSettings{"::1", 12947, "/dev/serial/by-id/usb-u-blox_1:1.0+x"});
  CHECK(settings.pulse == PulseSource{PpsSource{"/dev/pps2", CaptureEdge::clear}});
  CHECK(settings.cable_delay == 150ns);
  CHECK(settings.latency == Latency{11700ns, 600ns});
  CHECK(settings.lateness == LatenessMode::automatic);
  CHECK(settings.sink == ChronySink{ShmSink{8}});
  CHECK_FALSE(settings.witness);
  CHECK(settings.status_file.empty());
  CHECK(settings.state_folder == "/srv/box");
  CHECK(settings.history_days == 0);
  CHECK(good("pulse.source = \"stream:/run/ntsbox-sim/pulses.sock\"").pulse ==
        PulseSource{StreamSource{"/run/ntsbox-sim/pulses.sock"}});
  CHECK(good("pulse.edge = \"clear\"\npulse.source = \"phc:/dev/ptp0:1\"").pulse ==
        PulseSource{PhcSource{"/dev/ptp0", 1, CaptureEdge::clear}});
  CHECK(good("chrony.socket = \"/run/chrony.other.sock\"").sink ==
        ChronySink{SockSink{"/run/chrony.other.sock"}});
}

TEST_CASE("the board's latency is added to the cable's delay", "[driver][settings]") {
  const auto settings = good("[pulse]\ncable_delay_ns = 100\nlatency_ns = 5200");
  CHECK(settings.constant_lateness() == 5300ns);
}

TEST_CASE("the ends of each range belong to it", "[driver][settings]") {
  CHECK(good("gpsd.port = 1").gpsd.port == 1);
  CHECK(good("gpsd.port = 65535").gpsd.port == 65535);
  CHECK(good("pulse.cable_delay_ns = 1000000").cable_delay == 1ms);
  CHECK(good("pulse.latency_ns = 1000000").latency.usual == 1ms);
  CHECK(good("pulse.latency_uncertainty_ns = 1000000").latency.uncertainty == 1ms);
  CHECK(good("files.history_days = 3660").history_days == 3660);
  CHECK(good("chrony.sink = \"shm:255\"").sink == ChronySink{ShmSink{255}});
  const auto path = "/" + std::string(106, 'x');
  CHECK(good("chrony.socket = \"" + path + "\"").sink == ChronySink{SockSink{path}});
  CHECK(good("pulse.source = \"stream:" + path + "\"").pulse == PulseSource{StreamSource{path}});
}

TEST_CASE("a device may have each letter and digit in its path", "[driver][settings]") {
  const std::string path = "/dev/azAZ09._/:+-m";
  CHECK(good("gpsd.device = \"" + path + "\"").gpsd.device == path);
  for (const char c : std::string{"@[`{;,!^"}) {
    CAPTURE(c);
    CHECK_THAT(error_of("gpsd.device = \"/dev/" + std::string{c} + "\""),
               ContainsSubstring("gpsd.device must be"));
  }
}

TEST_CASE("an unknown key names the file, the line and the nearest known key",
          "[driver][settings]") {
  CHECK(error_of("[gpsd]\nhots = \"pi\"\n") ==
        R"(box.toml:2: unknown key "gpsd.hots": did you mean "gpsd.host"?)");
  CHECK(error_of("\n\n[pulse]\ncable_delay = 7") ==
        R"(box.toml:4: unknown key "pulse.cable_delay": did you mean "pulse.cable_delay_ns"?)");
  CHECK(error_of("host = \"pi\"") ==
        R"(box.toml:1: unknown key "host": did you mean "gpsd.host"?)");
  CHECK(error_of("[gpsd.gps]") ==
        R"(box.toml:1: unknown key "gpsd.gps": did you mean "gpsd.host"?)");
  CHECK(error_of("[files]\n\"sta\\ntus\" = \"\"") ==
        R"(box.toml:2: unknown key "files.sta?tus": did you mean "files.status"?)");
}

TEST_CASE("an unknown table names the nearest known one", "[driver][settings]") {
  CHECK(error_of("[gpsd]\n[chorny]\nsink = \"sock\"") ==
        R"(box.toml:2: unknown table "chorny": did you mean "chrony"?)");
}

TEST_CASE("of several errors the first of the file is reported", "[driver][settings]") {
  CHECK_THAT(error_of("[pulse]\nedge = 1\n[chrony]\nsink = 1\n"),
             ContainsSubstring("box.toml:2: pulse.edge"));
  CHECK_THAT(error_of("[pulse]\nsource = 1\nedge = 1\n"),
             ContainsSubstring("box.toml:2: pulse.source"));
  CHECK_THAT(error_of("[gpsd]\nport = 0\n[pulse]\nedge = 1\n"),
             ContainsSubstring("box.toml:2: gpsd.port"));
  CHECK_THAT(error_of("gpsd = {host = 1, port = 0}\n"), ContainsSubstring("box.toml:1: gpsd.host"));
}

TEST_CASE("a value that cannot be is refused with the line and what it must be",
          "[driver][settings]") {
  struct Case {
    const char* text;
    const char* words;
  };

  const auto bad = GENERATE(
      Case{"gpsd = 1", "gpsd must be a table"}, Case{"[[gpsd]]", "gpsd must be a table"},
      Case{"gpsd.host = 1", "gpsd.host must be a host name"},
      Case{"gpsd.host = \"\"", "gpsd.host must be"},
      Case{"gpsd.host = \"a b\"", "gpsd.host must be"},
      Case{"gpsd.host = \"a\\u0007\"", "gpsd.host must be"},
      Case{"gpsd.host = {}", "gpsd.host must be"},
      Case{"gpsd.port = 0", "gpsd.port must be an integer from 1 to 65535"},
      Case{"gpsd.port = 65536", "1 to 65535"}, Case{"gpsd.port = \"2947\"", "1 to 65535"},
      Case{"gpsd.port = 2947.0", "1 to 65535"},
      Case{"gpsd.port = 9223372036854775807", "1 to 65535"},
      Case{"gpsd.device = \"ttyAMA0\"", "gpsd.device must be the absolute path"},
      Case{"gpsd.device = \"/dev/tty\\\"\"", "gpsd.device must be"},
      Case{"gpsd.device = \"/dev/a b\"", "gpsd.device must be"},
      Case{"gpsd.device = \"/dev/\xc3\xa9\"", "gpsd.device must be"},
      Case{"gpsd.device = 1", "gpsd.device must be"},
      Case{"pulse.source = \"/tmp/pps0\"", "pulse.source must be a PPS device"},
      Case{"pulse.source = \"/dev/\"", "pulse.source must be"},
      Case{"pulse.source = \"\"", "pulse.source must be"},
      Case{"pulse.source = \"stream:\"", "pulse.source must be"},
      Case{"pulse.source = \"stream:run/x\"", "pulse.source must be"},
      Case{"pulse.source = \"stream:/a\\u0000b\"", "pulse.source must be"},
      Case{"pulse.edge = \"rising\"", "pulse.edge must be \"assert\" or \"clear\""},
      Case{"pulse.edge = true", "\"assert\" or \"clear\""},
      Case{"pulse.lateness = \"late\"", "pulse.lateness must be \"raw\" or \"auto\""},
      Case{"pulse.lateness = true", "pulse.lateness must be"},
      Case{"pulse.cable_delay_ns = -1", "from 0 to 1000000"},
      Case{"pulse.cable_delay_ns = 1000001", "from 0 to 1000000"},
      Case{"pulse.cable_delay_ns = 1.5", "from 0 to 1000000"},
      Case{"pulse.latency_ns = -1", "from 0 to 1000000"},
      Case{"pulse.latency_uncertainty_ns = 1000001", "from 0 to 1000000"},
      Case{"files.history_days = -1", "from 0 (no history) to 3660"},
      Case{"files.history_days = 3661", "from 0"},
      Case{"files.history_days = \"60\"", "an integer of days"},
      Case{"chrony.sink = \"shm\"", "chrony.sink must be \"sock\""},
      Case{"chrony.sink = \"shm:\"", "\"shm:N\""}, Case{"chrony.sink = \"shm:256\"", "\"shm:N\""},
      Case{"chrony.sink = \"shm:8x\"", "\"shm:N\""}, Case{"chrony.sink = \"shm:-1\"", "\"shm:N\""},
      Case{"chrony.sink = \"shm:99999999999\"", "\"shm:N\""}, Case{"chrony.sink = 8", "\"shm:N\""},
      Case{"chrony.sink = \"shm:0\"", "gpsd itself makes the units 0 to 7"},
      Case{"chrony.sink = \"shm:7\"", "gpsd itself makes"},
      Case{"chrony.socket = \"run/x\"", "chrony.socket must be an absolute path"},
      Case{"chrony.socket = \"\"", "chrony.socket must be"},
      Case{"chrony.socket = \"/run/x\\n\"", "chrony.socket must be"},
      Case{"integrity.witness = 1", "integrity.witness must be true or false"},
      Case{"integrity.witness = \"true\"", "must be true or false"},
      Case{"files.status = \"status.json\"", "files.status must be an absolute path"},
      Case{"files.status = \"/run/\"", "files.status must be"},
      Case{"files.state = false", "files.state must be an absolute path"});
  CAPTURE(bad.text);
  const auto words = error_of("# a comment\n" + std::string{bad.text} + "\n");
  CHECK_THAT(words, ContainsSubstring(bad.words));
  CHECK_THAT(words, ContainsSubstring("box.toml:2: "));
}

TEST_CASE("a path that does not fit a socket's address is refused", "[driver][settings]") {
  const auto path = "/" + std::string(107, 'x');
  CHECK_THAT(error_of("chrony.socket = \"" + path + "\""), ContainsSubstring("at most 107 bytes"));
  CHECK_THAT(error_of("pulse.source = \"stream:" + path + "\""),
             ContainsSubstring("at most 107 bytes"));
}

TEST_CASE("a path is absolute, of a file, and without control characters", "[driver][settings]") {
  for (const auto* path : {"", "/a", "/dev/pps0", "//a", "/a b", "/ ~", "/\xc3\xa9"})
    CHECK(good(fmt::format("files.state = \"{}\"", path)).state_folder == path);
  for (const auto* path :
       {"/", "a", "a/b", "/a/", "/a\\n", "/\\u0000", "/\\u0001", "/\\u001f", "/\\u007f"})
    CHECK_THAT(error_of(fmt::format("files.state = \"{}\"", path)),
               ContainsSubstring("must be an absolute path"));
}

TEST_CASE("what is no TOML is refused with its line", "[driver][settings]") {
  const char* bad =
      GENERATE("[gpsd\n", "[gpsd]\nhost = \n", "[gpsd]\nport = 1\nport = 2\n", "[gpsd]\n[gpsd]\n",
               "gpsd.host = \"a\nb\"", "host", "= 1", "\x01", "a = \xff", "a = \"\\q\"");
  CAPTURE(bad);
  CHECK_THAT(error_of(std::string{"\n"} + bad), ContainsSubstring("box.toml:"));
  CHECK_THAT(error_of("[gpsd]\nport = 1\nport = 2\n"), ContainsSubstring("box.toml:3: "));
}

TEST_CASE("settings are read from their file", "[driver][settings]") {
  const Folder folder;
  const auto file = folder.path / "box.toml";
  std::ofstream{file} << "[gpsd]\nport = 7\n";
  CHECK(read_settings(file, true)->gpsd.port == 7);
  std::ofstream{file} << "[gpsd]\nport = 0\n";
  CHECK_THAT(read_settings(file, true).error().message,
             ContainsSubstring(file.string() + ":2: gpsd.port"));
}

TEST_CASE("a missing file gives the defaults, unless it was asked for", "[driver][settings]") {
  const Folder folder;
  const auto file = folder.path / "none.toml";
  CHECK(read_settings(file, false) == Settings{});
  const auto refused = read_settings(file, true);
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, ContainsSubstring(file.string()) &&
                                          ContainsSubstring("No such file") &&
                                          ContainsSubstring("is the name right?"));
}

TEST_CASE("what is no small regular file is refused by its name", "[driver][settings]") {
  const Folder folder;
  const auto fifo = folder.path / "fifo";
  REQUIRE(mkfifo(fifo.c_str(), 0600) == 0);
  const auto large = folder.path / "large";
  std::ofstream{large} << std::string((64 << 10) + 1, '\n');
  const auto whole = folder.path / "whole";
  std::ofstream{whole} << std::string(64 << 10, '\n');
  CHECK(read_settings(whole, true) == Settings{});
  for (const auto& path : {folder.path, fifo, large}) {
    const auto refused = read_settings(path, false);
    REQUIRE_FALSE(refused);
    CHECK_THAT(refused.error().message, ContainsSubstring(path.string() + ": cannot be read") &&
                                            ContainsSubstring("short text file"));
  }
}
