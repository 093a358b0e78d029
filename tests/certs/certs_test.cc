// The profile, field by field; what is refused; and that no bytes of a stranger's do harm.

#include <algorithm>
#include <random>

#include "certs/inspect.h"
#include "certs/issue.h"
#include "certs/sealed.h"
#include "tests/support/catch.h"
#include "tests/support/seeds.h"

using namespace ntsbox;
using namespace ntsbox::certs;
using Catch::Matchers::ContainsSubstring;

namespace {

constexpr UtcSecond release{seconds{1'793'491'200}};  // 2026-11-01
constexpr Moment today{release + std::chrono::days{30}, release, false};
const Names box{{"box.example", "box.local"}, {"192.0.2.7", "2001:db8::7"}};

constexpr char unlimited_ca[] = R"(-----BEGIN CERTIFICATE-----
MIIBMDCB46ADAgECAhRW22kVfD2laGZqb9FPaLOlnf9c9jAFBgMrZXAwDTELMAkG
A1UEAwwCQ0EwIBcNMjYxMjAxMDA0NDQxWhgPMjEyNjExMDcwMDQ0NDFaMA0xCzAJ
BgNVBAMMAkNBMCowBQYDK2VwAyEA1lYRbojtKVTymPdXXWE8G6kCT3Ljn3pr4R7t
vqNFjNmjUzBRMB0GA1UdDgQWBBTU8cm24xVPORF9ki6M0O66Icmc8jAfBgNVHSME
GDAWgBTU8cm24xVPORF9ki6M0O66Icmc8jAPBgNVHRMBAf8EBTADAQH/MAUGAytl
cANBAKvgQ/lxnozhAESDXkpCNL5yCgjf/W9nRJK0qBCW2aeBZi85HcXP2ReOdpKS
Z/6KqSVXnqdJrMkP0Sm0EyyvxgA=
-----END CERTIFICATE-----
)";
constexpr char unlimited_ca_key[] = R"(-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIBopifYhdHJiA1b2DVNJchgYjFgh1ABdJkiEdVdwsvhu
-----END PRIVATE KEY-----
)";
constexpr char wide_ca[] = R"(-----BEGIN CERTIFICATE-----
MIIBVjCCAQigAwIBAgIUDRXamKjN4VutUqopHd78SKLQVTQwBQYDK2VwMA0xCzAJ
BgNVBAMMAkNBMCAXDTI2MTIwMTAwNDQ0MVoYDzIxMjYxMTA3MDA0NDQxWjANMQsw
CQYDVQQDDAJDQTAqMAUGAytlcAMhAFQlrBDI271cWFGKtCds7looDGsV0esGx0rl
9xE1EQhMo3gwdjAdBgNVHQ4EFgQU2Wf9A94E+ZikUJlDuWhPhAS+d2AwHwYDVR0j
BBgwFoAU2Wf9A94E+ZikUJlDuWhPhAS+d2AwDwYDVR0TAQH/BAUwAwEB/zAjBgNV
HR4EHDAaoBgwCoIILmV4YW1wbGUwCocIwAACAP///wAwBQYDK2VwA0EAjMznbwws
4stPQYpM8vqBipbWpXgB9AB+JQms4asPT49qJn+ELmB/97bHCbeAWGrVLZjnslH1
wHoH9KICqQ39AQ==
-----END CERTIFICATE-----
)";

// In hexadecimal digits.
constexpr char enveloped[] =
    "3081e806092a864886f70d010703a081da3081d7020103318183a38180020100a01b06092a864886f70d0105"
    "0c300e04087258e19102d6d6c202020800302c060b2a864886f70d0109100309301d06096086480165030401"
    "2a04107b064917180a9e19cc3a44f929d04ce10430eb5231ba055d1f3d092f39e2d36acca1d667cdffbaf0f9"
    "ea7436eb797f9e421307ecd873afc41107312b146fa30f2937304c06092a864886f70d010701301d06096086"
    "4801650304012a0410d91c0718666e36ed131cf0107e1d9bd38020e614a783ee94e63f706eb42bd6c1d3b8c0"
    "5a3f445fef8c4f489993f51668c944";
constexpr char former[] =
    "6e7473626f782d7365616c65642d310af27d18284ec8fe7a6851bf95af2553271066b2ac9d9f61d6cdb86c2d"
    "f44639449a03aa7af2b440a30b0ab408f75bb78a8f644ccbf4740b8c7295ffa3da00565383c3";

std::string from_hex(std::string_view digits) {
  std::string bytes;
  for (std::size_t at = 0; at < digits.size(); at += 2)
    bytes += static_cast<char>(std::stoi(std::string{digits.substr(at, 2)}, nullptr, 16));
  return bytes;
}

Issued pin(KeyKind kind = KeyKind::p256, const Names& names = box) {
  auto issued = issue_pin(names, kind, today);
  REQUIRE(issued);
  return std::move(*issued);
}

Summary summary_of(std::string_view pem) {
  auto summary = inspect(pem);
  REQUIRE(summary);
  return *summary;
}

}  // namespace

TEST_CASE("a pin is a box's certificate and no CA's", "[certs]") {
  const auto kind = GENERATE(KeyKind::p256, KeyKind::ed25519);
  const auto issued = pin(kind);
  const auto summary = summary_of(issued.certificate);
  CHECK(summary.hosts == box.hosts);
  CHECK(summary.addresses == box.addresses);
  CHECK_FALSE(summary.is_ca);
  CHECK(summary.self_signed);
  CHECK(summary.key == (kind == KeyKind::p256 ? "P-256" : "Ed25519"));
  CHECK(summary.not_before == release - std::chrono::days{1});
  CHECK(summary.not_after == today.now + std::chrono::days{3652});
  CHECK(summary.fingerprint.size() == 95);
  CHECK(summary.key_fingerprint.size() == 95);
  CHECK(check_pair(issued.certificate, issued.key));
  CHECK(issued.key.starts_with("-----BEGIN PRIVATE KEY-----"));
}

TEST_CASE("no two certificates share a serial number or a key", "[certs]") {
  const auto one = pin();
  const auto other = pin();
  CHECK(summary_of(one.certificate).serial != summary_of(other.certificate).serial);
  CHECK(summary_of(one.certificate).serial.size() > 24);  // 128 bits, less leading zeros
  CHECK_FALSE(check_pair(one.certificate, other.key));
}

TEST_CASE("where time_t has 32 bits nothing lasts beyond 2037", "[certs]") {
  auto narrow = today;
  narrow.narrow_time = true;
  narrow.now += std::chrono::years{5};
  const auto issued = issue_pin(box, KeyKind::p256, narrow);
  REQUIRE(issued);
  CHECK(format_iso_utc(summary_of(issued->certificate).not_after) == "2037-12-31T23:59:59Z");
}

TEST_CASE("dates beyond 2049 are written and read", "[certs]") {
  auto later = today;
  later.now = UtcSecond{seconds{2'500'000'000}};  // 2049: it ends in 2059
  const auto issued = issue_pin(box, KeyKind::p256, later);
  REQUIRE(issued);
  CHECK(summary_of(issued->certificate).not_after == later.now + std::chrono::days{3652});
}

TEST_CASE("nothing is issued while the clock is earlier than the release", "[certs]") {
  const Moment early{release - 1s, release, false};
  const auto refused = issue_pin(box, KeyKind::p256, early);
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, ContainsSubstring("before this program was released"));
  CHECK_FALSE(issue_ca(box, KeyKind::p256, early));
}

TEST_CASE("bad names make no certificate", "[certs]") {
  const auto* name = GENERATE("", ".", "a..b", "-a", "a-", "a b", "a\nb", "a,DNS:evil", "*.example",
                              "1.2.3.4", "a.1", "0x7f", "box.example.", "ä.example", "a_b");
  CHECK_FALSE(issue_pin({{name}, {}}, KeyKind::p256, today));
  CHECK_FALSE(issue_pin({{std::string(64, 'a')}, {}}, KeyKind::p256, today));
  CHECK_FALSE(issue_pin({{}, {}}, KeyKind::p256, today));
}

TEST_CASE("addresses are of one machine, and canonical", "[certs]") {
  const auto* bad = GENERATE("0.0.0.0", "::", "224.0.0.1", "255.255.255.255", "fe80::1", "ff02::1",
                             "::ffff:1.2.3.4", "fe80::1%eth0", "1.2.3", "1.2.3.4/24", "1.2.3.4 ");
  CHECK_FALSE(ip_address(bad));
  CHECK(ip_address("2001:DB8:0:0::7").value_or("") == "2001:db8::7");
  CHECK(ip_address("::1").value_or("") == "::1");
  CHECK(host_name("Box.Example").value_or("") == "box.example");
}

TEST_CASE("a client finds a name in whatever form it writes it", "[certs]") {
  const auto summary = summary_of(pin().certificate);
  CHECK(covers(summary, "BOX.example"));
  CHECK(covers(summary, "2001:DB8::0:7"));
  CHECK_FALSE(covers(summary, "other.example"));
  CHECK_FALSE(covers(summary, "192.0.2.8"));
  CHECK_FALSE(covers(summary, "box.example\n"));
}

TEST_CASE("an authority signs for its box alone", "[certs]") {
  const auto kind = GENERATE(KeyKind::p256, KeyKind::ed25519);
  const auto ca = issue_ca(box, kind, today);
  REQUIRE(ca);
  const auto authority = summary_of(ca->certificate);
  CHECK(authority.is_ca);

  const auto request = make_request(box, kind);
  REQUIRE(request);
  const auto leaf = sign_request(request->request, ca->certificate, ca->key, today);
  REQUIRE(leaf);
  const auto summary = summary_of(*leaf);
  CHECK(summary.hosts == box.hosts);
  CHECK(summary.addresses == box.addresses);
  CHECK_FALSE(summary.self_signed);
  CHECK(summary.not_after == today.now + std::chrono::days{397});
  CHECK(check_pair(*leaf, request->key));
  CHECK(check_chain(*leaf, ca->certificate, today.now));
  CHECK_FALSE(check_chain(*leaf, ca->certificate, today.now + std::chrono::days{398}));
  CHECK_FALSE(check_chain(*leaf, pin().certificate, today.now));
}

TEST_CASE("an authority refuses names that are not its box's", "[certs]") {
  const Names one{{"box.example"}, {"192.0.2.7"}};
  const auto ca = issue_ca(one, KeyKind::p256, today);
  REQUIRE(ca);
  const auto asked = GENERATE(Names{{"evil.example"}, {}}, Names{{"sub.box.example"}, {}},
                              Names{{"box.example", "a.b.box.example"}, {"192.0.2.7"}},
                              Names{{"box.example"}, {"192.0.2.8"}},
                              Names{{"box.example"}, {"2001:db8::7"}}, Names{{}, {"10.0.0.1"}});
  const auto request = make_request(asked, KeyKind::p256);
  REQUIRE(request);
  const auto refused = sign_request(request->request, ca->certificate, ca->key, today);
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message,
             ContainsSubstring("it signs for box.example, 192.0.2.7 alone"));
}

TEST_CASE("an authority signs for some of its server's names", "[certs]") {
  const auto ca = issue_ca(box, KeyKind::p256, today);
  const auto request = make_request({{"box.local"}, {}}, KeyKind::p256);
  REQUIRE((ca && request));
  CHECK(sign_request(request->request, ca->certificate, ca->key, today));
}

TEST_CASE("a CA's scope is what it was made for", "[certs]") {
  for (const auto& names : {box, Names{{"box.example"}, {}}, Names{{}, {"192.0.2.7"}},
                            Names{{"box.example"}, {"2001:db8::7"}}}) {
    const auto ca = issue_ca(names, KeyKind::p256, today);
    REQUIRE(ca);
    const auto scope = summary_of(ca->certificate).scope;
    CHECK(scope.hosts == names.hosts);
    CHECK(scope.addresses == names.addresses);
    CHECK_FALSE((scope.any_host || scope.any_address));
  }
}

TEST_CASE("a CA with other constraints, or none, may sign for any name, and ca sign signs nothing",
          "[certs]") {
  // Made by openssl req -x509 -newkey ed25519 -days 36500 -addext basicConstraints=critical,CA:TRUE
  // and, the second, -addext
  // nameConstraints=permitted;DNS:.example,permitted;IP:192.0.2.0/255.255.255.0
  for (const auto* pem : {unlimited_ca, wide_ca}) {
    const auto scope = summary_of(pem).scope;
    CHECK((scope.any_host && scope.any_address));
    CHECK((scope.hosts.empty() && scope.addresses.empty()));
  }
  const auto request = make_request(box, KeyKind::p256);
  REQUIRE(request);
  const auto refused = sign_request(request->request, unlimited_ca, unlimited_ca_key, today);
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, ContainsSubstring("was not made for one server"));
}

TEST_CASE("an authority without hosts, or without addresses, permits none of that kind",
          "[certs]") {
  const auto hosts_only = issue_ca({{"box.example"}, {}}, KeyKind::p256, today);
  const auto addresses_only = issue_ca({{}, {"192.0.2.7"}}, KeyKind::p256, today);
  REQUIRE((hosts_only && addresses_only));
  const auto by_address = make_request({{"box.example"}, {"192.0.2.7"}}, KeyKind::p256);
  const auto by_host = make_request({{"box.example"}, {"192.0.2.7"}}, KeyKind::p256);
  REQUIRE((by_address && by_host));
  CHECK_FALSE(sign_request(by_address->request, hosts_only->certificate, hosts_only->key, today));
  CHECK_FALSE(
      sign_request(by_host->request, addresses_only->certificate, addresses_only->key, today));
}

TEST_CASE("an authority signs with its own key, a request by its own", "[certs]") {
  const auto ca = issue_ca(box, KeyKind::p256, today);
  const auto request = make_request(box, KeyKind::p256);
  REQUIRE((ca && request));
  CHECK_FALSE(sign_request(request->request, ca->certificate, request->key, today));
  const auto no_ca = pin();
  CHECK_FALSE(sign_request(request->request, no_ca.certificate, no_ca.key, today));
  CHECK_FALSE(sign_request("", ca->certificate, ca->key, today));
  // One letter of the signature.
  auto forged = request->request;
  const auto place = forged.rfind("-----END") - 8;
  forged[place] = forged[place] == 'A' ? 'B' : 'A';
  CHECK_FALSE(sign_request(forged, ca->certificate, ca->key, today));
}

TEST_CASE("a request and what is made of it show the same key", "[certs]") {
  const auto ca = issue_ca(box, KeyKind::p256, today);
  const auto request = make_request(box, KeyKind::p256);
  REQUIRE((ca && request));
  const auto leaf = sign_request(request->request, ca->certificate, ca->key, today);
  REQUIRE(leaf);
  CHECK(*request_fingerprint(request->request) == summary_of(*leaf).key_fingerprint);
  CHECK_FALSE(request_fingerprint(*leaf));
}

TEST_CASE("a file of certificates holds nothing else, and no key above all", "[certs]") {
  const auto one = pin();
  const auto two = pin(KeyKind::ed25519);
  const auto both = split_chain(one.certificate + "\n" + two.certificate);
  REQUIRE(both);
  CHECK(*both == std::vector{one.certificate, two.certificate});
  const std::string key{one.key};
  for (const auto& bad :
       {std::string{}, std::string{"\n"}, std::string{"junk"}, one.certificate + key, key,
        one.certificate + "junk", "junk\n" + one.certificate,
        one.certificate.substr(0, one.certificate.size() / 2), std::string(70'000, ' ')})
    CHECK_FALSE(split_chain(bad));
  CHECK_THAT(split_chain(one.certificate + key).error().message, ContainsSubstring("private key"));
}

TEST_CASE("mutated certificates, keys and requests are refused or read, never more", "[certs]") {
  std::mt19937 random{11};
  const auto issued = pin();
  const auto ca = issue_ca(box, KeyKind::p256, today);
  const auto request = make_request(box, KeyKind::p256);
  REQUIRE((ca && request));
  const auto mutate = [&random](std::string text) {
    const auto changes = 1 + random() % 4;
    for (std::size_t i = 0; i < changes && !text.empty(); ++i) {
      const auto place = random() % text.size();
      switch (random() % 4) {
        case 0:
          text[place] = static_cast<char>(random() % 256);
          break;
        case 1:
          text.erase(place, random() % 40);
          break;
        case 2:
          text.insert(place, text.substr(random() % text.size(), random() % 40));
          break;
        default:
          text[place] = "ABCDabcd0123+/=\n"[random() % 16];
      }
    }
    return text;
  };
  int read = 0;
  for (int i = 0; i < seeds(10'000); ++i) {
    if (inspect(mutate(issued.certificate))) ++read;
    if (i % 10 == 0) {
      (void)check_pair(issued.certificate, mutate(issued.key));
      (void)sign_request(mutate(request->request), ca->certificate, ca->key, today);
    }
  }
  CHECK(read > 0);
}

TEST_CASE("what is sealed is opened by its passphrase alone, and only whole", "[certs]") {
  const std::string plain = "the keys of the server";
  const auto sealed = seal(plain, "correct horse");
  REQUIRE(sealed);
  CHECK(sealed->find(plain) == std::string::npos);
  const auto opened = unseal(*sealed, "correct horse");
  REQUIRE(opened);
  CHECK(*opened == plain);
  CHECK_FALSE(unseal(*sealed, "correct horsf"));
  CHECK_FALSE(unseal(sealed->substr(0, sealed->size() - 1), "correct horse"));
  CHECK_FALSE(unseal(*sealed + "\n", "correct horse"));
  CHECK_FALSE(unseal("", "correct horse"));
  CHECK_FALSE(seal(plain, ""));
  // The salt, the wrapped key, the content and its tag.
  for (const auto place :
       {std::size_t{50}, std::size_t{130}, sealed->size() - 20, sealed->size() - 1}) {
    auto changed = *sealed;
    changed[place] = static_cast<char>(changed[place] ^ 1);
    CHECK_FALSE(unseal(changed, "correct horse"));
  }
}

TEST_CASE("a message that is not authenticated is not opened", "[certs]") {
  // Made by openssl cms -encrypt -aes-256-cbc -pwri_password 'correct horse' -outform DER -binary
  CHECK_THAT(unseal(from_hex(enveloped), "correct horse").error().message,
             ContainsSubstring("is nothing that was sealed here"));
}

TEST_CASE("a message whose tag was cut is not opened", "[certs]") {
  auto sealed = *seal("the keys of the server", "correct horse");
  REQUIRE(sealed.size() == 247);
  // One byte of the tag is left, and the three lengths around it are less by 15.
  sealed.resize(sealed.size() - 15);
  sealed[sealed.size() - 2] = '\x01';
  for (const std::size_t place : {2U, 18U, 21U})
    sealed[place] = static_cast<char>(sealed[place] - 15);
  const auto refused = unseal(sealed, "correct horse");
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, ContainsSubstring("is nothing that was sealed here"));
}

TEST_CASE("a message that asks for more iterations than anybody waits for is not opened",
          "[certs]") {
  auto sealed = *seal("plain", "correct horse");
  const auto count = sealed.find("\x02\x03\x0f\x42\x40");  // 1 000 000
  REQUIRE(count != std::string::npos);
  sealed[count + 2] = '\x7f';  // more than eight times as many
  const auto refused = unseal(sealed, "correct horse");
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, ContainsSubstring("is nothing that was sealed here"));
}

TEST_CASE("what was sealed before CMS is opened", "[certs]") {
  const auto sealed = from_hex(former);
  const auto opened = unseal(sealed, "correct horse");
  REQUIRE(opened);
  CHECK(*opened == "the keys of the server");
  CHECK_FALSE(unseal(sealed, "correct horsf"));
  for (const std::size_t place : {std::size_t{20}, std::size_t{50}, sealed.size() - 1}) {
    auto changed = sealed;
    changed[place] = static_cast<char>(changed[place] ^ 1);
    CHECK_FALSE(unseal(changed, "correct horse"));
  }
  CHECK_FALSE(unseal(sealed.substr(0, 40), "correct horse"));
}

TEST_CASE("a digest is SHA-256's", "[certs]") {
  // FIPS 180-4's own example.
  CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}
