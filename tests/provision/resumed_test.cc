#include "provision/core/resumed.h"

#include "provision/core/checks.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::provision;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr UtcSecond now{seconds{1'795'341'600}};
const Findings good{{"key", Severity::ok, "the key belongs to the certificate", ""}};
const Findings bad{{"fix", Severity::failed, "no fix", "a view of the sky"}};

}  // namespace

TEST_CASE("a run is finished once verify finds nothing wrong", "[provision][resume]") {
  CHECK(resumed_code(done, good) == done);
  CHECK(resumed_code(done, bad) == verify_failed);
  CHECK(is_finished(done));
  CHECK_FALSE(is_finished(verify_failed));
}

TEST_CASE("files that somebody edited keep no run from being finished", "[provision][resume]") {
  CHECK(resumed_code(edited_locally, good) == edited_locally);
  CHECK(resumed_code(edited_locally, bad) == verify_failed);
  CHECK(is_finished(edited_locally));
}

TEST_CASE("a reboot that is still needed comes first", "[provision][resume]") {
  CHECK(resumed_code(reboot_needed, good) == reboot_needed);
  CHECK_FALSE(is_finished(reboot_needed));
}

TEST_CASE("what came of it is told to people and machines", "[provision][resume]") {
  const Resumed stuck{now, verify_failed, "", bad};
  CHECK_THAT(in_text(stuck), ContainsSubstring("not finished yet") && ContainsSubstring("no fix"));
  CHECK(in_json({now, failed, "a \"word\"\n", {}}) ==
        R"({"at":"2026-11-22T10:00:00Z","exit":1,"finished":false,)"
        R"("words":"a \"word\"\u000a","verify":null})"
        "\n");
  CHECK_THAT(in_json({now, done, "", good}),
             ContainsSubstring(R"("finished":true)") &&
                 ContainsSubstring(R"("verify":{"verdict":"ok","findings":[{)"));
}

TEST_CASE("doctor tells of a run that waits for a boot", "[provision][resume]") {
  Evidence evidence;
  Findings findings;
  check_unfinished(evidence, findings);
  CHECK(findings.empty());
  evidence.unfinished = true;
  check_unfinished(evidence, findings);
  REQUIRE(findings.size() == 1);
  CHECK(findings.front().severity == Severity::warning);
}
