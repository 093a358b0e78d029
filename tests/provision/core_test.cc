// What a run writes down and shows, as values.

#include <fstream>
#include <random>

#include "posix/program.h"
#include "provision/core/checks.h"
#include "provision/core/show.h"
#include "tests/provision/support/small_plan.h"
#include "tests/support/catch.h"
#include "tests/support/folder.h"

using namespace ntsbox;
using namespace ntsbox::provision;
using namespace ntsbox::provision::testing;
using Catch::Matchers::ContainsSubstring;

namespace {

Entry file_entry(const std::string& content, unsigned mode = 0644) {
  return {Entry::Kind::file, mode, "root", "root", content};
}

Transaction a_journal() {
  Transaction transaction;
  transaction.generation = 3;
  transaction.scope = "trust \"box\"";
  transaction.version = "0.1.0";
  transaction.begun = UtcSecond{seconds{1'795'341'600}};
  transaction.steps = {
      {"/etc/a\"b", trace_of(file_entry("x", 04755)), std::nullopt, false, "why\nnot"},
      {"/etc/key", std::nullopt, trace_of(file_entry("secret", 0600)), true, ""},
      {"/etc/link", trace_of(Entry{Entry::Kind::link, 0777, "root", "12", "\xff/x"}),
       trace_of(Entry{Entry::Kind::folder, 0750, "root", "_chrony", {}}), false, "w"}};
  transaction.units = {{"chrony.service", true}, {"ntsboxd.service", false}};
  transaction.packages = {"chrony"};
  return transaction;
}

/// What patch(1) makes of `before`.
std::string patched(const std::string& before, const std::string& diff) {
  const test::Folder folder;
  std::ofstream{folder / "file"} << before;
  std::ofstream{folder / "diff"} << diff;
  const auto ran = run_program({"patch", "-s", folder / "file", folder / "diff"});
  REQUIRE(ran);
  CHECK(ran->status == 0);
  std::ifstream file{folder / "file"};
  return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace

TEST_CASE("a diff is what patch(1) makes the new text from") {
  std::mt19937 random{3};
  const auto text = [&] {
    std::string lines;
    for (auto n = random() % 30; n > 0; --n) lines += "line " + std::to_string(random() % 6) + "\n";
    if (!lines.empty() && random() % 3 == 0) lines.pop_back();
    return lines;
  };
  for (int n = 0; n < 60; ++n) {
    const auto before = text();
    const auto after = text();
    const auto diff = text_diff("/etc/x", before, after);
    if (before == after)
      CHECK(diff.empty());
    else
      CHECK(patched(before, diff) == after);
  }
}

TEST_CASE("a new file and one that goes are diffs against nothing") {
  CHECK(text_diff("/x", std::nullopt, "a\nb\n") ==
        "--- /dev/null\n+++ /x\n@@ -0,0 +1,2 @@\n+a\n+b\n");
  CHECK(text_diff("/x", "a\n", std::nullopt) == "--- /x\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-a\n");
  CHECK(text_diff("/x", "a\n", "a") ==
        "--- /x\n+++ /x\n@@ -1,1 +1,1 @@\n-a\n+a\n\\ No newline at end of file\n");
}

TEST_CASE("what is not text is told in one line, and nothing drives the terminal") {
  CHECK(text_diff("/x", std::string_view("\0", 1), "ab") == "Binary file /x: 1 bytes -> 2 bytes\n");
  CHECK_THAT(text_diff("/x", std::nullopt, "\x1b[2J\r\n"), ContainsSubstring("+\\x1b[2J\\x0d\n"));
}

TEST_CASE("a journal reads back as it was written") {
  const auto read = parse_log(render_log(a_journal()), "journal");
  REQUIRE(read);
  CHECK(*read == a_journal());
}

TEST_CASE("a damaged journal is refused with its file and line") {
  const auto text = render_log(a_journal());
  CHECK_THAT(parse_log(text.substr(0, text.size() - 1), "/state/3/journal").error().message,
             ContainsSubstring("/state/3/journal:7:"));
  CHECK_FALSE(parse_log("", "journal"));
  CHECK_FALSE(
      parse_log("{\"journal\":2,\"generation\":1,\"begun\":\"2026-01-01T00:00:00Z\"}\n", "j"));
  CHECK_FALSE(parse_log(text + "{\"path\":\"/x\",\"before\":\"file\"}\n", "j"));
  std::mt19937 random{5};
  for (int n = 0; n < 10'000; ++n) {
    auto mutated = text;
    for (auto bytes = 1 + random() % 3; bytes > 0; --bytes)
      mutated[random() % mutated.size()] = static_cast<char>(random());
    (void)parse_log(mutated, "journal");
  }
}

TEST_CASE("a path that is again as it was before us is not ours") {
  Transaction first;
  first.generation = 1;
  first.scope = scope;
  first.steps = {{"/a", std::nullopt, trace_of(file_entry("1")), false, ""},
                 {"/b", trace_of(file_entry("0")), trace_of(file_entry("1")), false, ""}};
  auto second = first;
  second.generation = 2;
  second.steps = {{"/a", trace_of(file_entry("1")), trace_of(file_entry("2")), true, ""},
                  {"/b", trace_of(file_entry("1")), trace_of(file_entry("0")), false, ""}};
  auto other = second;
  other.scope = "trust x";
  const auto owned = manifest({first, second, other}, scope);
  REQUIRE(owned.size() == 1);
  CHECK(owned.at("/a").generation == 1);
  CHECK(owned.at("/a").secret);
  CHECK(owned.at("/a").after == trace_of(file_entry("2")));
  CHECK(manifest({first, second, other}, "trust y").empty());
}

TEST_CASE("a preview shows every file, unit and reason, and no secret") {
  const auto plan = small_plan();
  const auto comparison = compare(plan, {}, {}, {});
  REQUIRE(comparison);
  for (const auto& shown : {in_text(plan, *comparison), in_json(plan, *comparison)}) {
    for (const char* words : {"/etc/chrony/chrony.conf", "serves the time",
                              "restart chrony.service", "<secret, 3 bytes>", "ntsboxd.service"})
      CHECK_THAT(shown, ContainsSubstring(words));
    CHECK(shown.find("KEY") == std::string::npos);
  }
}

TEST_CASE("a mode alone is told as such") {
  const Change change{"/etc/x", file_entry("a", 0600), file_entry("a", 0644), false, "why"};
  CHECK(headline(change) == "set file /etc/x 0600 root:root -> 0644 root:root: why");
  CHECK(content_diff(change).empty());
}

TEST_CASE("a link and a secret that change say that they do") {
  const Change link{"/etc/l", Entry{Entry::Kind::link, 0777, "root", "root", "/a"},
                    Entry{Entry::Kind::link, 0777, "root", "root", "/b"}, false, ""};
  CHECK_THAT(content_diff(link), ContainsSubstring("--> /a\n+-> /b\n"));
  const Change secret{"/etc/k", file_entry("aaa"), file_entry("bbb"), true, ""};
  CHECK(content_diff(secret) == "--- /etc/k\n+++ /etc/k\n-<secret, 3 bytes>\n+<secret, 3 bytes>\n");
}

TEST_CASE("a file system without modes asks for none") {
  auto on_fat = file_entry("x", 0755);
  on_fat.modeless = true;
  CHECK(same(on_fat, file_entry("x", 0644)));
  CHECK_FALSE(same(on_fat, file_entry("y", 0755)));
}

namespace {

constexpr UtcSecond resumed_at{seconds{1'795'341'600}};
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
  const Resumed stuck{resumed_at, verify_failed, "", bad};
  CHECK_THAT(in_text(stuck), ContainsSubstring("not finished yet") && ContainsSubstring("no fix"));
  CHECK(in_json({resumed_at, failed, "a \"word\"\n", {}}) ==
        R"({"at":"2026-11-22T10:00:00Z","exit":1,"finished":false,)"
        R"("words":"a \"word\"\u000a","verify":null})"
        "\n");
  CHECK_THAT(in_json({resumed_at, done, "", good}),
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
