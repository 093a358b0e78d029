// The checks of what can be read, of a machine that runs and of an image alike.

#include "certs/inspect.h"
#include "certs/issue.h"
#include "provision/core/checks.h"
#include "tests/provision/support/evidence.h"
#include "tests/support/catch.h"

using namespace ntsbox;
using namespace ntsbox::provision;
using namespace ntsbox::provision::testing;
using Catch::Matchers::ContainsSubstring;

TEST_CASE("an image is judged by its files, and says so", "[provision][checks]") {
  auto evidence = healthy();
  evidence.live = false;
  evidence.status.reset();
  evidence.tcp = evidence.udp = "";
  evidence.proof.reset();
  CHECK_THAT(one_trouble(verify(evidence)), ContainsSubstring("warning image"));
  evidence.entries[served_pair]->mode = 0644;
  CHECK(worst(verify(evidence)) == Severity::failed);
}

TEST_CASE("a key that others can read is told with how it must be", "[provision][checks]") {
  for (const unsigned mode : {0644U, 0660U, 0600U, 0440U}) {
    auto evidence = healthy();
    evidence.entries[served_pair]->mode = mode;
    CHECK_THAT(one_trouble(verify(evidence)),
               ContainsSubstring("failed permissions: /etc/chrony/nts/server.key is 0") &&
                   ContainsSubstring("must be 0640 root:_chrony"));
  }
  for (const auto* path : {pki_key, pki_folder, served_folder, served_certificate}) {
    auto evidence = healthy();
    evidence.entries[path]->mode = 0777;
    CHECK_THAT(one_trouble(verify(evidence)), ContainsSubstring(path));
    evidence = healthy();
    evidence.entries[path]->owner = "pi";
    CHECK_THAT(one_trouble(verify(evidence)), ContainsSubstring("pi:"));
    evidence.entries[path].reset();
    CHECK_THAT(troubles(verify(evidence)), ContainsSubstring("is missing"));
  }
}

TEST_CASE("a certificate that is of no use is told with its cure", "[provision][checks]") {
  auto evidence = healthy();
  evidence.now += seconds{11LL * 366 * 86400};
  CHECK_THAT(troubles(verify(evidence)),
             ContainsSubstring("failed certificate: the certificate has expired") &&
                 ContainsSubstring("ntsbox-provision renew"));
  evidence.now = now - seconds{365LL * 86400};
  CHECK_THAT(troubles(verify(evidence)), ContainsSubstring("is the clock right"));
  evidence = healthy();
  evidence.now = certs::inspect(identity().certificate)->not_after - seconds{30LL * 86400};
  CHECK_THAT(
      troubles(verify(evidence)),
      ContainsSubstring("warning certificate: the certificate expires in 30 d 0 h, on 2036-11-24"));
  evidence = healthy();
  const auto other = certs::issue_pin({{"box.local"}, {}}, certs::KeyKind::p256, {now, now, false});
  const std::string key{other->key};
  evidence.pair = key + identity().certificate;
  CHECK_THAT(one_trouble(verify(evidence)),
             ContainsSubstring("failed key: /etc/chrony/nts/server.key: the key is not the "
                               "certificate's: NTS cannot work"));
  evidence.pair = key;
  CHECK_THAT(troubles(verify(evidence)), ContainsSubstring("the certificate cannot be read"));
  evidence.pair = key + other->certificate;
  CHECK_THAT(troubles(verify(evidence)),
             ContainsSubstring("another certificate than /etc/ntsbox/pki/server.crt") &&
                 ContainsSubstring("another certificate than /etc/chrony/nts/server.crt"));
  evidence.pair.reset();
  CHECK_THAT(one_trouble(verify(evidence)), ContainsSubstring("no key for it"));
  evidence = healthy();
  evidence.entries[served_certificate]->content = "junk";
  CHECK_THAT(one_trouble(verify(evidence)), ContainsSubstring("server.crt"));
  evidence = healthy();
  evidence.entries[pki_certificate]->content += "\n";
  CHECK_THAT(one_trouble(verify(evidence)), ContainsSubstring("another certificate"));
  evidence.entries[pki_certificate]->content = "junk";
  CHECK_THAT(one_trouble(verify(evidence)),
             ContainsSubstring("failed certificate: /etc/ntsbox/pki/server.crt: "));
}

TEST_CASE("a master key that is spoilt or another's is told before anything is made of it",
          "[provision][checks]") {
  auto evidence = healthy();
  evidence.master_key = identity().key;
  CHECK(troubles(verify(evidence)) == "");
  evidence.master_key = "junk";
  CHECK_THAT(one_trouble(verify(evidence)),
             ContainsSubstring("failed key: /etc/ntsbox/pki/server.key: ") &&
                 ContainsSubstring("cp /etc/chrony/nts/server.crt"));
  const auto other = certs::issue_pin({{"box.local"}, {}}, certs::KeyKind::p256, {now, now, false});
  evidence.master_key = other->key;
  CHECK_THAT(one_trouble(verify(evidence)), ContainsSubstring("the key is not the certificate's"));
}

TEST_CASE("a configuration that chronyd refuses is told in chronyd's words",
          "[provision][checks]") {
  auto evidence = healthy();
  evidence.chronyd_check =
      Answer{1,
             "2026-11-25T03:26:12Z Fatal error : Invalid directive at line 1 in "
             "file /etc/chrony/conf.d/x.conf\nallow\n"};
  CHECK_THAT(one_trouble(verify(evidence)),
             ContainsSubstring("Invalid directive at line 1 in file"));
  evidence.chronyd_check = Answer{127, ""};
  CHECK_THAT(one_trouble(verify(evidence)), ContainsSubstring("apt-get install chrony"));
}

TEST_CASE("a box that nobody else may ask is told", "[provision][checks]") {
  auto evidence = healthy();
  replace(evidence.chronyd_check->output, "allow 192.168.1.0/24\n", "");
  CHECK_THAT(one_trouble(verify(evidence)), ContainsSubstring("warning access"));
  evidence.chronyd_check->output += "allow\n";
  CHECK(troubles(verify(evidence)) == "");
}

TEST_CASE("paths that AppArmor would refuse are told, also where it is off",
          "[provision][checks]") {
  auto evidence = healthy();
  for (const auto* line :
       {"ntsserverkey /etc/ssl/private/box.key", "ntsservercert /etc/pki/box.crt",
        "refclock SOCK /run/ntsbox/chrony.sock refid GPS", "ntstrustedcerts 1 /root/ca.crt"}) {
    CAPTURE(line);
    evidence.chronyd_check = Answer{0, std::string{configuration} + line + "\n"};
    evidence.apparmor = false;
    CHECK_THAT(one_trouble(verify(evidence)), ContainsSubstring("warning apparmor"));
    evidence.apparmor = true;
    CHECK_THAT(one_trouble(verify(evidence)), ContainsSubstring("failed apparmor"));
  }
  evidence = healthy();
  evidence.denials =
      "audit: type=1400 apparmor=\"DENIED\" operation=\"open\" name=\"/srv/x\" comm=\"chronyd\"\n";
  CHECK_THAT(one_trouble(verify(evidence)), ContainsSubstring("/srv/x"));
}
