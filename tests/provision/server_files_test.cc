#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "provision/core/board.h"
#include "tests/provision/support/machines.h"
#include "tests/provision/support/plans.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::provision;
using namespace ntsbox::provision::testing;
using Catch::Matchers::ContainsSubstring;

namespace {

const BootWishes pi4{Board::pi4, true, false, 4};
const BootWishes pi5{Board::pi5, true, false, 4};

std::string edited(const std::string& text, const BootWishes& wishes = pi4) {
  const auto result = with_boot_block(text, "config.txt", wishes);
  INFO(text);
  INFO((result ? "" : result.error().message));
  REQUIRE(result);
  return *result;
}

std::string refusal(const std::string& text, const BootWishes& wishes = pi4) {
  const auto result = with_boot_block(text, "config.txt", wishes);
  return result ? "" : result.error().message;
}

std::string cmdline(const std::string& text) {
  const auto result = without_serial_console(text, "cmdline.txt");
  INFO(text);
  REQUIRE(result);
  return *result;
}

}  // namespace

TEST_CASE("the block stands at the end, and is replaced where it stands", "[provision][boot]") {
  const auto once = edited("a=1\n");
  CHECK(once.rfind("a=1\n\n# BEGIN ntsbox", 0) == 0);
  CHECK(edited(once) == once);
  const auto later = once + "gpu_mem=16\n";
  CHECK(edited(later) == later);
  const auto moved = edited(later, {Board::pi4, true, false, 18});
  CHECK_THAT(moved, ContainsSubstring("gpiopin=18") && !ContainsSubstring("gpiopin=4"));
  CHECK(moved.ends_with("# END ntsbox-provision\ngpu_mem=16\n"));
  CHECK(edited(moved) == later);
}

TEST_CASE("line ends and a missing last newline are heeded", "[provision][boot]") {
  CHECK(edited("a=1").rfind("a=1\n\n# BEGIN", 0) == 0);
  const auto crlf = edited("a=1\r\n[pi4]\r\n");
  CHECK(std::count(crlf.begin(), crlf.end(), '\n') == std::count(crlf.begin(), crlf.end(), '\r'));
  CHECK(edited(crlf) == crlf);
  CHECK(edited("").rfind("# BEGIN", 0) == 0);
}

TEST_CASE("what is there already is not said twice", "[provision][boot]") {
  const auto text = edited("dtoverlay=pps-gpio,gpiopin=4\n");
  CHECK(text.find("pps-gpio", text.find("BEGIN")) == std::string::npos);
  CHECK(edited(text) == text);
  CHECK_THAT(edited("[pi5]\ndtoverlay=pps-gpio,gpiopin=4\n"),
             ContainsSubstring("[all]\ndtoverlay=pps-gpio,gpiopin=4\n# END"));
  const auto param = edited("dtoverlay=pps-gpio\ndtparam=gpiopin=4\n");
  CHECK(param.find("pps-gpio", param.find("BEGIN")) == std::string::npos);
}

TEST_CASE("a line that works against the block is named", "[provision][boot]") {
  CHECK_THAT(refusal("\ndtoverlay=pps-gpio,gpiopin=18\n"),
             ContainsSubstring("config.txt:2: ") && ContainsSubstring("--pps-gpio 18"));
  CHECK_THAT(refusal("dtoverlay=pps-gpio\n"), ContainsSubstring("GPIO 18"));
  CHECK_THAT(refusal("dtoverlay=pps-gpio,gpiopin=4\n [all] \n dtoverlay=pps-gpio,gpiopin=4\n"),
             ContainsSubstring("config.txt:3: ") && ContainsSubstring("line 1"));
  CHECK_THAT(refusal("dtoverlay=miniuart-bt\n"), ContainsSubstring("Bluetooth"));
  CHECK_THAT(refusal("dtparam=uart0_console\n", pi5), ContainsSubstring("console"));
  CHECK_THAT(refusal(edited("") + "enable_uart=0\n"), ContainsSubstring("undoes it"));
  CHECK_THAT(refusal(edited("", pi5) + "enable_uart=1\n", pi5), ContainsSubstring("undoes it"));
  CHECK_THAT(refusal(edited("") + edited("")), ContainsSubstring("not one pair"));
  CHECK_THAT(refusal("# BEGIN ntsbox-provision\n"), ContainsSubstring("no end"));
  CHECK_THAT(refusal("# END ntsbox-provision\n"), ContainsSubstring("not one pair"));
}

TEST_CASE("a comment, another model's section and [none] work against nothing",
          "[provision][boot]") {
  for (const std::string text :
       {"#dtoverlay=pps-gpio,gpiopin=18\n", "[pi5]\ndtoverlay=pps-gpio,gpiopin=18\n",
        "[none]\ndtoverlay=miniuart-bt\n[all]\n", "[cm5]\ndtoverlay=pps-gpio\n",
        "dtoverlay=pps-gpiox\n"}) {
    INFO(text);
    CHECK(refusal(text).empty());
  }
  CHECK_FALSE(refusal("[cm4]\ndtoverlay=pps-gpio\n").empty());
  CHECK_FALSE(refusal("[gpio4=1]\ndtoverlay=pps-gpio\n").empty());
}

TEST_CASE("nothing outside the block changes, whatever is there", "[provision][boot]") {
  std::mt19937 random{4};
  const std::vector<std::string> pieces = {
      "[pi4]", "[all]",     "[pi5]", "x=1", "#",      " ",    "\n",         "\r\n",           "[",
      "]",     "dtparam=a", "\t",    "=",   "\xff\n", "\n\n", "dtoverlay=", "enable_uart=1\n"};
  for (int i = 0; i < 2000; ++i) {
    std::string before;
    for (auto n = random() % 30; n > 0; --n) before += pieces[random() % pieces.size()];
    for (const auto& wishes : {pi4, pi5}) {
      const auto after = with_boot_block(before, "config.txt", wishes);
      if (!after) continue;
      CHECK(after->rfind(before, 0) == 0);
      CHECK(edited(*after, wishes) == *after);
    }
  }
}

TEST_CASE("the kernel's command line loses its serial consoles, and nothing else",
          "[provision][boot]") {
  CHECK(cmdline("console=serial0,115200 console=tty1 quiet\n") == "console=tty1 quiet\n");
  CHECK(cmdline("console=tty1  console=ttyAMA0,9600  quiet") == "console=tty1  quiet");
  CHECK(cmdline("quiet kgdboc=ttyAMA0,115200\n") == "quiet\n");
  CHECK(cmdline("console=ttyS0") == "");
  for (const std::string text :
       {"", "\n", "console=tty1\n", " console=tty1  quiet \n", "xconsole=serial0 y\n",
        "console=ttyUSB0\n", "root=/dev/ttyAMA0 console=ttyAMA00,1\n", "a\r\n"}) {
    INFO(text);
    CHECK(cmdline(text) == text);
  }
  CHECK_FALSE(without_serial_console("a\nb\n", "cmdline.txt"));
  CHECK(without_serial_console("a\n\n", "cmdline.txt"));
}

TEST_CASE("chrony's refclock has the filter that goes with what ntsboxd does about late pulses",
          "[provision][plan]") {
  Settings settings;
  for (const auto mode : {LatenessMode::raw, LatenessMode::automatic}) {
    settings.lateness = mode;
    const auto made = good_plan(settings, fresh_pi());
    const bool line = mode == LatenessMode::automatic;
    CHECK_THAT(content(made, "/etc/chrony/chrony.conf"),
               ContainsSubstring(line ? " poll 1 filter 2 minsamples 12 precision 1e-6 "
                                      : " poll 3 filter 16 precision 1e-7 "));
    CHECK_THAT(content(made, "/etc/ntsbox/ntsboxd.toml"),
               ContainsSubstring("\nlateness = \"" + std::string{name_of(mode)} + "\"\n"));
  }
}

TEST_CASE("a board's latency is taken off its own pulses, and chrony tells what is left of it",
          "[provision][plan]") {
  Settings settings;
  const auto facts = fresh_pi(Board::pi5);
  const auto own = good_plan(settings, facts);
  CHECK_THAT(content(own, "/etc/ntsbox/ntsboxd.toml"),
             ContainsSubstring("\nlatency_ns = 12000\nlatency_uncertainty_ns = 8000\n"));
  CHECK_THAT(content(own, "/etc/chrony/chrony.conf"), ContainsSubstring(" delay 16e-6 "));
  settings.pulse = "stream:/run/ntsbox-sim/pulses.sock";
  settings.receiver = "/run/ntsbox-sim/gps";
  CHECK_THAT(content(good_plan(settings, facts), "/etc/ntsbox/ntsboxd.toml"),
             ContainsSubstring("\nlatency_ns = 0\n"));
}
