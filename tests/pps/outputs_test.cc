#include "pps/io/outputs.h"

#include <fcntl.h>
#include <stdlib.h>

#include "posix/file.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::pps;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("an output has one of four shapes", "[pps][output]") {
  CHECK(parse_output("gpio:GPIO17") == Output{GpioOutput{"GPIO17", "", 0}});
  CHECK(parse_output("gpio:/dev/gpiochip4:17") == Output{GpioOutput{"", "/dev/gpiochip4", 17}});
  CHECK(parse_output("serial:/dev/ttyS0:dtr") ==
        Output{SerialOutput{"/dev/ttyS0", SerialOutput::Pin::dtr}});
  CHECK(parse_output("serial:/dev/serial/by-id/a:b:rts") ==
        Output{SerialOutput{"/dev/serial/by-id/a:b", SerialOutput::Pin::rts}});
  CHECK(parse_output("stream:/run/p.sock") == Output{StreamOutput{"/run/p.sock"}});
}

TEST_CASE("any other text is no output", "[pps][output]") {
  for (const auto* text :
       {"", "gpio", "gpio:", "gpio:/dev/gpiochip0", "gpio:/dev/gpiochip0:", "gpio:/dev/gpiochip0:x",
        "gpio:/dev/gpiochip0:-1", "gpio:chip:17", "serial:/dev/ttyS0", "serial:/dev/ttyS0:cts",
        "serial:ttyS0:dtr", "stream:p.sock", "stream:", "/dev/pps0", "GPIO17"}) {
    INFO(text);
    const auto output = parse_output(text);
    REQUIRE_FALSE(output);
    CHECK_THAT(output.error().message, ContainsSubstring(text));
    CHECK_THAT(output.error().message, ContainsSubstring("gpio:GPIO17"));
  }
}

// No machine that builds this need have a line: what is tested is how it says so.
TEST_CASE("a line that is not there is named, with the cure", "[pps][output]") {
  for (const auto* name : {"gpio:/dev/no-such-chip:3", "gpio:no-such-line"}) {
    const auto line = open_line(*parse_output(name));
    REQUIRE_FALSE(line);
    CHECK_THAT(line.error().message,
               ContainsSubstring(name) && ContainsSubstring("gpioinfo lists what there is"));
  }
  const auto line = open_line(*parse_output("serial:/dev/no-such-port:dtr"));
  REQUIRE_FALSE(line);
  CHECK(line.error().message == "/dev/no-such-port: No such file or directory");
}

TEST_CASE("a terminal without modem lines cannot carry pulses, and is told so", "[pps][output]") {
  const UniqueFd other_end{::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)};
  REQUIRE(::unlockpt(other_end.get()) == 0);
  const std::string name = ::ptsname(other_end.get());
  const auto line = open_line(*parse_output("serial:" + name + ":rts"));
  REQUIRE_FALSE(line);
  CHECK_THAT(line.error().message, ContainsSubstring(name + ": cannot set DTR or RTS"));
}
