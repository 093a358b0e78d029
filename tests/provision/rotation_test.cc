#include "certs/inspect.h"
#include "certs/issue.h"
#include "provision/core/identity.h"
#include "provision/io/pki.h"
#include "tests/provision/support/machines.h"
#include "tests/provision/support/memory_system.h"
#include "tests/provision/support/small_plan.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::provision;
using namespace ntsbox::provision::testing;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr UtcSecond now{seconds{1'798'761'600}};  // 2027-01-01
constexpr certs::Moment moment{now, now, false};
const certs::Names names{{"box.test"}, {"192.0.2.7"}};

Identity pin(UtcSecond when = now) {
  const auto made = certs::issue_pin(names, certs::KeyKind::p256, {when, when, false});
  REQUIRE(made);
  return {made->key, made->certificate, {}, {}};
}

struct Authority {
  std::string certificate, key;
};

Authority authority() {
  const auto made = certs::issue_ca(names, certs::KeyKind::p256, moment);
  REQUIRE(made);
  return {made->certificate, made->key};
}

/// A key and a request, as the box keeps them.
Identity pending(const certs::Names& wanted = names) {
  const auto made = certs::make_request(wanted, certs::KeyKind::p256);
  REQUIRE(made);
  return {made->key, {}, {}, made->request};
}

std::string signed_by(const Authority& ca, const Identity& identity) {
  const auto leaf = certs::sign_request(identity.request, ca.certificate, ca.key, moment);
  REQUIRE(leaf);
  return *leaf + ca.certificate;
}

std::string refusal(const Result<Identity>& identity) {
  return identity ? "" : identity.error().message;
}

/// A machine that serves with `identity`.
MemorySystem serving(const Identity& identity) {
  MemorySystem machine;
  for (const char* path : {"/etc", "/etc/chrony", "/etc/ntsbox", "/var", "/var/lib"})
    machine.folder(path);
  REQUIRE(apply_with_lock(machine, switch_plan({}, identity)));
  return machine;
}

std::string content(const MemorySystem& machine, const std::string& path) {
  const auto found = machine.entries.find(path);
  return found == machine.entries.end() ? "" : found->second.content;
}

Pki pki_of(MemorySystem& machine) {
  const auto pki = read_pki(machine);
  REQUIRE(pki);
  return *pki;
}

std::map<std::string, Entry> without_state(const MemorySystem& machine) {
  auto entries = machine.entries;
  std::erase_if(entries, [](const auto& entry) { return entry.first.starts_with(state_folder); });
  return entries;
}

}  // namespace

TEST_CASE("clients are to trust the certificate in service and the next one",
          "[provision][rotation]") {
  const auto first = pin(), second = pin(), third = pin();
  CHECK(trust_set({first, {}, third}, now) == std::vector{first.certificate});
  CHECK(trust_set({first, second, third}, now) ==
        std::vector{first.certificate, second.certificate});
  CHECK(trust_set({first, pending(), {}}, now) == std::vector{first.certificate});
}

TEST_CASE("where a CA signs, clients are to trust that", "[provision][rotation]") {
  const auto first = pin();
  const auto ca = authority();
  const Identity signed_one{"KEY", "LEAF", ca.certificate, {}};
  const Identity signed_next{"KEY 2", "LEAF 2", ca.certificate, {}};
  CHECK(trust_set({first, signed_one, {}}, now) == std::vector{first.certificate, ca.certificate});
  CHECK(trust_set({signed_one, signed_next, {}}, now) == std::vector{ca.certificate});
}

TEST_CASE("an expired certificate is handed out only when there is no other",
          "[provision][rotation]") {
  const auto first = pin(), second = pin();
  const auto summary = certs::inspect(first.certificate);
  REQUIRE(summary);
  const auto late = summary->not_after;
  CHECK(trust_set({first, {}, {}}, late) == std::vector{first.certificate});
  CHECK(trust_set({first, second, {}}, late) == std::vector{second.certificate});
}

TEST_CASE("the next certificate keeps the names of the one in service, whatever the host is called",
          "[provision][rotation]") {
  const auto facts = fresh_pi();
  Settings settings;
  CHECK(*names_to_come(settings, facts, pin()) == names);
  CHECK(names_to_come(settings, facts, {})->hosts ==
        std::vector<std::string>{"pi-time", "pi-time.local"});
  settings.addresses = {"192.0.2.8"};
  CHECK(names_to_come(settings, facts, pin())->addresses == settings.addresses);
  settings.names = {"other.test"};
  CHECK(names_to_come(settings, facts, pin())->hosts == settings.names);
}

TEST_CASE("until the switch clients ask for a name that the certificate in service has",
          "[provision][rotation]") {
  const auto first = pin();
  auto machine = serving(first);
  machine.file("/etc/ntsbox/provision.toml", "name = [\"new.test\"]\n");
  const std::string settings = "/etc/ntsbox/provision.toml";
  const auto issued = certs::issue_pin({{"new.test"}, {}}, certs::KeyKind::p256, moment);
  REQUIRE(issued);
  const Identity second{issued->key, issued->certificate, {}, {}};
  REQUIRE(apply_with_lock(machine, prepare_plan(second)));
  const auto before = server_bundle(machine, settings, {}, now);
  REQUIRE(before);
  CHECK(before->server == "box.test");
  CHECK(before->trusted.size() == 2);
  Flags flags;
  flags["name"] = std::vector<std::string>{"new.test"};
  CHECK_FALSE(server_bundle(machine, settings, flags, now));
  flags["name"] = std::vector<std::string>{""};  // none is asked for
  CHECK(server_bundle(machine, settings, flags, now));
  REQUIRE(apply_with_lock(machine, switch_plan(first, second)));
  const auto after = server_bundle(machine, settings, {}, now);
  REQUIRE(after);
  CHECK(after->server == "new.test");
  CHECK(after->trusted.size() == 1);
}

TEST_CASE("what cannot serve is told apart", "[provision][rotation]") {
  const auto good = pin();
  CHECK(fit_to_serve(good, now));
  CHECK_FALSE(fit_to_serve({}, now));
  CHECK_FALSE(fit_to_serve({pin().key, good.certificate, {}, {}}, now));
  CHECK_FALSE(fit_to_serve(good, now - std::chrono::hours{24 * 900}));
  CHECK_FALSE(fit_to_serve(good, now + std::chrono::hours{24 * 366 * 11}));
  const auto ca = authority();
  CHECK_FALSE(fit_to_serve({ca.key, ca.certificate, {}, {}}, now));
  CHECK_FALSE(fit_to_serve({good.key, good.certificate, ca.certificate, {}}, now));
}

TEST_CASE("what the CA made of a request completes it", "[provision][rotation]") {
  const auto ca = authority();
  const auto waiting = pending();
  const auto identity = completed(waiting, signed_by(ca, waiting), names, now);
  REQUIRE(identity);
  CHECK(identity->key == waiting.key);
  CHECK(identity->authority == ca.certificate);
  CHECK(identity->request.empty());
}

TEST_CASE("an import that does not belong here is refused with the reason",
          "[provision][rotation]") {
  const auto ca = authority();
  const auto waiting = pending();
  const auto chain = signed_by(ca, waiting);
  CHECK_THAT(refusal(completed({}, chain, names, now)), ContainsSubstring("request makes one"));
  CHECK_THAT(refusal(completed(pending(), chain, names, now)),
             ContainsSubstring("not made of the request"));
  CHECK_THAT(refusal(completed(waiting, ca.certificate, names, now)),
             ContainsSubstring("1 certificates, and not two"));
  CHECK_THAT(refusal(completed(waiting, "nothing", names, now)), !ContainsSubstring("two"));
  const auto leaf = chain.substr(0, chain.size() - ca.certificate.size());
  CHECK_THAT(refusal(completed(waiting, leaf + authority().certificate, names, now)),
             ContainsSubstring("would refuse it"));
  CHECK_THAT(refusal(completed(waiting, chain, {{"box.test", "new.test"}, {}}, now)),
             ContainsSubstring("not for new.test"));
  CHECK_THAT(refusal(completed(waiting, chain, names, now + std::chrono::hours{24 * 400})),
             ContainsSubstring("valid from"));
}

TEST_CASE("only a CA that clients trust already spares telling them", "[provision][rotation]") {
  const auto ca = authority(), other = authority();
  const Identity current{"KEY", "LEAF", ca.certificate, {}};
  CHECK(known_to_clients({}, pin()));
  CHECK(known_to_clients(current, {"KEY 2", "LEAF 2", ca.certificate, {}}));
  CHECK_FALSE(known_to_clients(current, {"KEY 2", "LEAF 2", other.certificate, {}}));
  CHECK_FALSE(known_to_clients(current, pin()));
  CHECK_FALSE(known_to_clients(pin(), pin()));
  CHECK_FALSE(known_to_clients(pin(), current));
}

TEST_CASE("making the next identity leaves the one in service alone", "[provision][rotation]") {
  const auto first = pin(), second = pin();
  auto machine = serving(first);
  const auto before = without_state(machine);
  const auto plan = prepare_plan(second);
  CHECK(plan.units.empty());
  REQUIRE(apply_with_lock(machine, plan));
  const auto pki = pki_of(machine);
  CHECK(pki.current == first);
  CHECK(pki.next == second);
  CHECK(machine.entries.at("/etc/ntsbox/pki/next").mode == 0700);
  CHECK(machine.entries.at("/etc/ntsbox/pki/next/server.key").mode == 0600);
  CHECK(content(machine, served_certificate) == first.certificate);
  SECTION("and it can be forgotten") {
    REQUIRE(apply_with_lock(machine, prepare_plan({})));
    CHECK(pki_of(machine).next == Identity{});
    CHECK(pki_of(machine).current == first);
  }
  SECTION("and rolled back") {
    REQUIRE(undo_with_lock(machine, false));
    CHECK(without_state(machine) == before);
  }
}

TEST_CASE("a switch serves the next identity and keeps the one before", "[provision][rotation]") {
  const auto first = pin(), second = pin();
  auto machine = serving(first);
  REQUIRE(apply_with_lock(machine, prepare_plan(second)));
  const auto before = without_state(machine);
  REQUIRE(apply_with_lock(machine, switch_plan(first, second)));
  const auto pki = pki_of(machine);
  CHECK(pki.current == second);
  CHECK(pki.next == Identity{});
  CHECK(pki.previous == first);
  CHECK(content(machine, served_certificate) == second.certificate);
  CHECK(content(machine, served_pair) == second.key + second.certificate);
  CHECK(machine.entries.at(served_pair).mode == 0640);
  CHECK(machine.entries.at(served_pair).group == "_chrony");
  SECTION("and a rollback gives all of it back") {
    REQUIRE(undo_with_lock(machine, false));
    CHECK(without_state(machine) == before);
  }
  SECTION("and what else the box has stays as it is") {
    CHECK(compare_with_machine(machine, prepare_plan({}), scope)->changes.empty());
    Plan rest;
    rest.partial = true;
    CHECK(compare_with_machine(machine, rest, scope)->changes.empty());
  }
}

TEST_CASE("a switch that fails at any operation leaves a pair in service",
          "[provision][rotation]") {
  const auto first = pin(), second = pin();
  auto ready = serving(first);
  REQUIRE(apply_with_lock(ready, prepare_plan(second)));
  int points = 0;
  for (int operation = 1;; ++operation, ++points) {
    auto machine = ready;
    machine.operations = 0;
    machine.fail_from = operation;
    const bool good = apply_with_lock(machine, switch_plan(first, second)).has_value();
    const bool failed = machine.operations >= operation;
    machine.fail_from = 0;
    const auto& served = content(machine, served_certificate);
    INFO("operation " << operation);
    CHECK((served == first.certificate || served == second.certificate));
    CHECK(content(machine, served_pair) ==
          (served == first.certificate ? first.key : second.key) + served);
    CHECK((content(machine, "/etc/ntsbox/pki/server.key") == first.key) ==
          (served == first.certificate));
    if (good && !failed) break;
  }
  CHECK(points > 40);
}

TEST_CASE("what a partial plan takes away stays secret when it was", "[provision][rotation]") {
  const auto first = pin(), second = pin();
  auto machine = serving(first);
  REQUIRE(apply_with_lock(machine, prepare_plan(second)));
  const auto comparison = compare_with_machine(machine, prepare_plan({}), scope);
  REQUIRE(comparison);
  for (const auto& change : comparison->changes)
    CHECK(change.secret == change.path.ends_with(".key"));
}
