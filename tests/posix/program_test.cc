#include "posix/program.h"

#include <csignal>
#include <cstdlib>

#include "posix/clock.h"
#include "tests/support/catch.h"

using namespace ntsbox;

namespace {

std::vector<std::string> shell(const std::string& script) {
  return {"sh", "-c", script};
}

}  // namespace

TEST_CASE("a program gets its input and nothing of our environment", "[posix][program]") {
  REQUIRE(::setenv("NTSBOX_TEST_SECRET", "leaks", 1) == 0);
  const auto script = shell("cat; echo \"$NTSBOX_TEST_SECRET$LANG\" >&2; pwd; umask; exit 3");
  const auto ran = run_program(script, {"in\n", -1, std::nullopt, true});
  REQUIRE(ran);
  CHECK(ran->status == 3);
  CHECK(ran->output == "in\nC.UTF-8\n/\n0022\n");
  const auto without_errors = run_program(script, {"in\n", -1, std::nullopt, false});
  CHECK(without_errors->output == "in\n/\n0022\n");
}

TEST_CASE("the end of a program is reported as a shell reports it", "[posix][program]") {
  CHECK(run_program({"ntsbox-no-such-program"})->status == cannot_run);
  CHECK(run_program(shell("kill -TERM $$"))->status == 128 + SIGTERM);
}

TEST_CASE("an output that is longer than asked for is cut, and says so", "[posix][program]") {
  const auto most = GENERATE(std::size_t{1} << 20, std::size_t{2'999'999});
  const auto cut =
      run_program({"head", "-c", "3000000", "/dev/zero"}, {{}, -1, std::nullopt, true, most});
  CHECK(cut->output.size() == most);
  CHECK_FALSE(cut->whole);
  const auto whole =
      run_program({"head", "-c", "3000000", "/dev/zero"}, {{}, -1, std::nullopt, true, 3'000'000});
  CHECK(whole->output.size() == 3'000'000);
  CHECK(whole->whole);
}

TEST_CASE("a program is killed at its timeout, and what it printed until then is kept",
          "[posix][program]") {
  // On a busy machine it takes longer until the program prints.
  for (nanoseconds timeout = 300ms;; timeout *= 4) {
    const auto begin = monotonic_time();
    const auto ran = run_program(shell("echo begun; exec sleep 600"), {{}, -1, timeout, true});
    REQUIRE(ran);
    CHECK(ran->status == 128 + SIGKILL);
    CHECK(monotonic_time() - begin >= timeout);
    CHECK(monotonic_time() - begin < 300s);
    if (ran->output == "begun\n") break;
    REQUIRE(ran->output.empty());
    REQUIRE(timeout < 60s);
  }
  CHECK(run_program(shell("echo done"), {{}, -1, 60s, true})->output == "done\n");
}

TEST_CASE("a daemon that a program leaves behind is not waited for", "[posix][program]") {
  const auto begin = monotonic_time();
  const auto timeout = GENERATE(std::optional<nanoseconds>{}, std::optional<nanoseconds>{60s});
  const auto ran = run_program(shell("sleep 50 & echo $!"), {{}, -1, timeout, true});
  REQUIRE(ran);
  CHECK(monotonic_time() - begin < 30s);
  CHECK(::kill(std::stoi(ran->output), SIGKILL) == 0);
}
