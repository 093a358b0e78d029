#include "provision/core/bundle.h"

#include <algorithm>
#include <functional>
#include <random>

#include "certs/issue.h"
#include "provision/io/archive.h"
#include "tests/support/catch.h"
#include "tests/support/seeds.h"

using namespace ntsbox;
using namespace ntsbox::provision;
using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;

namespace {

constexpr UtcSecond now{seconds{1'795'341'600}};  // 2026-11-22T10:00:00Z

certs::Issued issued(const std::string& host, UtcSecond when = now) {
  auto made =
      certs::issue_pin({{host, "box"}, {"192.0.2.7"}}, certs::KeyKind::p256, {when, when, false});
  REQUIRE(made);
  return std::move(*made);
}

/// One certificate serves all tests: making them costs.
const certs::Issued& box_local() {
  static const auto made = issued("box.local");
  return made;
}

Bundle good_bundle() {
  auto bundle = make_bundle("box.local", {box_local().certificate}, false, now);
  REQUIRE(bundle);
  return std::move(*bundle);
}

Member& member(std::vector<Member>& members, const std::string& name) {
  const auto found = std::find_if(members.begin(), members.end(), [&](const Member& one) {
    return one.path == "ntsbox-bundle/" + name || (name == "*.crt" && one.path.ends_with(".crt"));
  });
  REQUIRE(found != members.end());
  return *found;
}

/// The words with which a good bundle is refused once `spoil` has been at it.
std::string refusal(const std::function<void(std::vector<Member>&)>& spoil) {
  auto members = bundle_members(good_bundle());
  spoil(members);
  const auto parsed = parse_bundle(members, now);
  return parsed ? "" : parsed.error().message;
}

std::string refusal_with(const std::string& name, const std::string& text) {
  return refusal([&](auto& members) { member(members, name).content = text; });
}

}  // namespace

TEST_CASE("a bundle says the same on the other side", "[provision][bundle]") {
  const auto second = issued("box.local");
  for (const bool no_rtc : {false, true}) {
    const auto made =
        make_bundle("box.local", {box_local().certificate, second.certificate}, no_rtc, now);
    REQUIRE(made);
    for (const bool gzip : {false, true}) {
      const auto bytes = pack(bundle_members(*made), gzip);
      REQUIRE(bytes);
      const auto members = unpack(*bytes);
      REQUIRE(members);
      const auto read = parse_bundle(*members, now);
      INFO((read ? "" : read.error().message));
      REQUIRE(read);
      CHECK(read->server == "box.local");
      CHECK(read->no_rtc == no_rtc);
      REQUIRE(read->trusted.size() == 2);
      CHECK(read->trusted[0].pem == made->trusted[0].pem);
      CHECK(read->trusted[1].pem == made->trusted[1].pem);
    }
  }
}

TEST_CASE("the same bundle is the same bytes", "[provision][bundle]") {
  const auto members = bundle_members(good_bundle());
  CHECK(pack(members, true).value() == pack(members, true).value());
}

TEST_CASE("a bundle has what was promised, and nothing in it is there to compare it by",
          "[provision][bundle]") {
  auto members = bundle_members(good_bundle());
  CHECK(member(members, "ntsbox.sources").content ==
        "server box.local iburst nts certset 1 minpoll 4 maxpoll 6 xleave\n");
  CHECK(member(members, "ntsbox-trust.conf").content ==
        "ntstrustedcerts 1 /etc/chrony/nts/trusted/box.local\n");
  CHECK(member(members, "install.sh").content.starts_with("#!/bin/sh\n"));
  CHECK((member(members, "install.sh").mode & 0111) == 0111);
  const auto& readme = member(members, "README").content;
  CHECK(readme.find('@') == std::string::npos);
  CHECK_THAT(readme, ContainsSubstring("server box.local by NTS"));
  CHECK_THAT(readme, !ContainsSubstring(good_bundle().trusted.front().summary.fingerprint));
  CHECK(member(members, "fingerprints").content == in_words(good_bundle()));
}

TEST_CASE("a certificate's words say whether it is a CA's, and whom it can vouch for",
          "[provision][bundle]") {
  CHECK_THAT(in_words(good_bundle()),
             StartsWith("server certificate\n  names        box.local, box, 192.0.2.7\n"));
  const auto ca =
      certs::issue_ca({{"box.local"}, {"192.0.2.7"}}, certs::KeyKind::p256, {now, now, false});
  REQUIRE(ca);
  const auto bundle = make_bundle("box.local", {ca->certificate}, false, now);
  REQUIRE(bundle);
  CHECK_THAT(in_words(*bundle),
             StartsWith("CA certificate: what it signs is trusted too\n"
                        "  signs for    box.local and every name below it, 192.0.2.7\n"));
  CHECK_THAT(in_json(*bundle),
             ContainsSubstring(R"("signs_for":["box.local and every name below it","192.0.2.7"])"));
}

TEST_CASE("the installer holds the certificates, and no placeholder", "[provision][bundle]") {
  auto members = bundle_members(good_bundle());
  const auto& script = member(members, "install.sh").content;
  CHECK_THAT(script, ContainsSubstring("<< 'PEM'\n" + box_local().certificate + "PEM\n"));
  CHECK_THAT(script, ContainsSubstring("box='box.local'\n"));
  CHECK(script.find('@') == std::string::npos);
}

TEST_CASE("a client without a clock is told not to look at dates", "[provision][bundle]") {
  const auto bundle = make_bundle("box.local", {box_local().certificate}, true, now);
  REQUIRE(bundle);
  auto members = bundle_members(*bundle);
  CHECK_THAT(member(members, "ntsbox-trust.conf").content,
             ContainsSubstring("\nnocerttimecheck 1\n"));
}

TEST_CASE("options come with the versions of chrony that know them", "[provision][bundle]") {
  CHECK(source_line("box.local", 3, {4, 1, 0}) ==
        "server box.local iburst nts certset 3 minpoll 4 maxpoll 6 xleave\n");
  CHECK(source_line("192.0.2.7", 1, {4, 2, 0}) ==
        "server 192.0.2.7 iburst nts certset 1 minpoll 4 maxpoll 6 xleave extfield F323\n");
}

TEST_CASE("nothing is bundled that cannot be trusted", "[provision][bundle]") {
  const auto words = [](const std::string& server, const std::vector<std::string>& pems,
                        UtcSecond when = now) {
    const auto made = make_bundle(server, pems, false, when);
    return made ? "" : made.error().message;
  };
  const auto& [certificate, key] = box_local();
  CHECK_THAT(words("other.local", {certificate}), ContainsSubstring("is for other.local"));
  CHECK_THAT(words("box.local", {certificate}, now + seconds{11LL * 366 * 86400}),
             ContainsSubstring("expired"));
  CHECK(words("box.local", {}) != "");
  CHECK(words("box.local", {"junk"}) != "");
  CHECK_THAT(words("box.local", {certificate + std::string{key}}),
             ContainsSubstring("private key"));
  std::vector<std::string> many(5);
  for (auto& one : many) one = issued("box.local").certificate;
  CHECK_THAT(words("box.local", many), ContainsSubstring("more than 4"));
  // The same one twice is one.
  CHECK(words("192.0.2.7", {certificate, certificate}) == "");
}

TEST_CASE("a bundle with anything else in it is refused", "[provision][bundle]") {
  CHECK(refusal([](auto&) {}) == "");
  for (const auto* path :
       {"/etc/passwd", "../x", "ntsbox-bundle/../x", "ntsbox-bundle/trusted/../../x.crt", "x", "",
        "ntsbox-bundle/", "ntsbox-bundle/trusted/.x.crt", "ntsbox-bundle/server.key",
        "ntsbox-bundle/trusted/a/b.crt", "ntsbox-bundle/trusted/.crt",
        "ntsbox-bundle/trusted/a.key", "ntsbox-bundle/trusted/a\n.crt", "./ntsbox-bundle/README",
        "ntsbox-bundle//README", "ntsbox-bundle/trusted/a b.crt"}) {
    CAPTURE(path);
    CHECK(refusal([path](auto& members) { members.push_back({path, ""}); }) != "");
  }
  CHECK(refusal([](auto& members) { members.push_back({"ntsbox-bundle", ""}); }) != "");
  CHECK(refusal([](auto& members) {
          members.push_back({"ntsbox-bundle/more", "", Member::Kind::folder, 0755});
        }) != "");
  CHECK_THAT(refusal([](auto& members) { members.push_back(member(members, "README")); }),
             ContainsSubstring("twice"));
}

namespace {

std::string without_newlines(std::string text) {
  std::erase(text, '\n');
  return text;
}

/// The same certificate under another label.
std::string labelled(const std::string& label, std::string pem) {
  for (std::size_t at = 0; (at = pem.find("CERTIFICATE", at)) != std::string::npos;
       at += label.size())
    pem.replace(at, 11, label);
  return pem;
}

/// The body alone: what stands between the two lines.
std::string body(const std::string& pem) {
  const auto begin = pem.find('\n') + 1;
  return pem.substr(begin, pem.rfind("-----END") - begin);
}

/// What readers of PEM may read, or pass over.
std::vector<std::string> pem_pieces(const std::string& genuine, const std::string& foreign) {
  const std::string begin = "-----BEGIN CERTIFICATE-----\n";
  const std::string end = "-----END CERTIFICATE-----\n";
  return {genuine,
          foreign,
          without_newlines(foreign) + "\n",
          without_newlines(genuine) + "\n",
          begin + without_newlines(body(genuine)) + "\n" + end,
          begin + foreign + body(genuine) + end,
          begin + body(genuine) + foreign + end,
          begin + "Proc-Type: 4,CLEAR\n\n" + body(genuine) + end,
          begin + "!" + body(genuine) + end,
          "# a comment\n",
          "subject=CN = box.local\n",
          "!\n",
          "\n",
          "\xef\xbb\xbf",
          std::string(1, '\0'),
          labelled("X509 CERTIFICATE", foreign),
          labelled("TRUSTED CERTIFICATE", foreign),
          labelled("PKCS7", foreign),
          begin + end,
          begin,
          end};
}

}  // namespace

TEST_CASE("of a file of a certificate nothing is read but that one, exactly as it was written",
          "[provision][bundle]") {
  const auto& genuine = box_local().certificate;
  const auto pieces = pem_pieces(genuine, issued("box.local").certificate);
  std::vector<std::string> texts{""};
  for (const auto& first : pieces) {
    texts.push_back(first);
    for (const auto& second : pieces) texts.push_back(first + second);
  }
  std::mt19937 random{5};
  const auto any = [&] { return pieces[random() % pieces.size()]; };
  for (int i = seeds(5'000); i > 0; --i) texts.push_back(any() + any() + any());
  int accepted = 0;
  for (const auto& text : texts) {
    auto members = bundle_members(good_bundle());
    member(members, "*.crt").content = text;
    const auto parsed = parse_bundle(members, now);
    // A single foreign certificate is one, too: the hash of the bundle was compared before.
    const bool one = text == pieces[0] || text == pieces[1];
    CAPTURE(text);
    REQUIRE(parsed.has_value() == one);
    if (!parsed) continue;
    ++accepted;
    CHECK(parsed->trusted.size() == 1);
    CHECK(parsed->trusted.front().pem == text);
  }
  CHECK(accepted == 2);
}

TEST_CASE("bytes behind a certificate's DER are not passed over", "[provision][bundle]") {
  // Base64 goes on where nothing was padded.
  auto text = box_local().certificate;
  while (text.find('=') != std::string::npos) text = issued("box.local").certificate;
  REQUIRE(refusal_with("*.crt", text) == "");
  text.insert(text.rfind("\n-----END"), "AAAA");
  CHECK(refusal_with("*.crt", text) != "");
}

TEST_CASE("a bundle that lacks something is refused", "[provision][bundle]") {
  for (const auto* name : {"ntsbox.sources", "ntsbox-trust.conf", "*.crt"}) {
    CAPTURE(name);
    CHECK(refusal([name](auto& members) {
            const auto path = member(members, name).path;
            std::erase_if(members, [&path](const Member& one) { return one.path == path; });
          }) != "");
  }
  CHECK(!parse_bundle({}, now));
}

TEST_CASE("a bundle with a private key in it is refused wherever the key is",
          "[provision][bundle]") {
  for (const auto* name :
       {"README", "install.sh", "fingerprints", "ntsbox.sources", "ntsbox-trust.conf", "*.crt"}) {
    CAPTURE(name);
    CHECK_THAT(refusal([name](auto& members) { member(members, name).content += box_local().key; }),
               ContainsSubstring("private key"));
  }
}

TEST_CASE("no directive comes in through a bundle", "[provision][bundle]") {
  const std::string good = "server box.local iburst nts certset 1\n";
  CHECK(refusal_with("ntsbox.sources", good) == "");
  CHECK(refusal_with("ntsbox.sources", "server box.local iburst nts certset 1") == "");
  using namespace std::string_literals;
  for (const auto& text : {good + "server evil.example nts\n",
                           good + "mailonchange a@b 0\n",
                           "pool box.local nts\n"s,
                           "server box.local iburst\n"s,
                           "server box.local nts trust\n"s,
                           "server box.local nts port 99\n"s,
                           "server box.local nts certset\n"s,
                           "server box.local nts certset -1\n"s,
                           "server box.local nts minpoll 99999999999999999999\n"s,
                           "server ../../etc nts\n"s,
                           "server .. nts\n"s,
                           "server box;reboot nts\n"s,
                           "server $(reboot) nts\n"s,
                           "server -x nts\n"s,
                           "server box.local\vnts nts\n"s,
                           "server box.local\0x nts\n"s,
                           "server b\xc3\xb6x.local nts\n"s,
                           ""s,
                           "server nts nts nts\rallow all\n"s,
                           "server\n"s,
                           "# server box.local nts\n"s}) {
    CAPTURE(text);
    CHECK(refusal_with("ntsbox.sources", text) != "");
  }
  for (const auto* text : {"user root\n", "ntstrustedcerts 1 /x\nallow\n", "nocerttimecheck 9\n",
                           "include /etc/shadow\n"}) {
    CAPTURE(text);
    CHECK(refusal_with("ntsbox-trust.conf", text) != "");
  }
}

TEST_CASE("only a name of the certificate is asked", "[provision][bundle]") {
  CHECK(refusal_with("ntsbox.sources", "server 192.0.2.7 nts\n") == "");
  CHECK_THAT(refusal_with("ntsbox.sources", "server evil.example nts\n"),
             ContainsSubstring("is for evil.example"));
}

TEST_CASE("an archive that is none, is cut or is a bomb is refused", "[provision][bundle]") {
  CHECK(!unpack("junk that is no archive at all"));
  const auto bytes = pack(bundle_members(good_bundle()), true).value();
  // The end is zeros, which nobody misses.
  for (std::size_t size = 1; size < bytes.size() - 64; size += 7) {
    const auto cut = unpack(std::string_view{bytes}.substr(0, size));
    CHECK((!cut || !parse_bundle(*cut, now)));
  }
  CHECK(!unpack(pack({{"ntsbox-bundle/README", std::string((1U << 20) + 1, 'x')}}, true).value()));
  std::vector<Member> many(65);
  for (std::size_t i = 0; i < many.size(); ++i)
    many[i] = {"ntsbox-bundle/trusted/" + std::to_string(i) + ".crt", ""};
  CHECK(!unpack(pack(many, false).value()));
}

TEST_CASE("a bundle in which anything was changed is refused, or says what a box may say",
          "[provision][bundle]") {
  const auto bytes = pack(bundle_members(good_bundle()), false).value();
  std::mt19937 random{7};
  const auto below = [&random](std::size_t bound) { return random() % bound; };
  const int many = seeds(10'000);
  int refused = 0;
  for (int i = 0; i < many; ++i) {
    auto spoilt = bytes;
    for (auto edits = 1 + below(3); edits > 0 && spoilt.size() > 2048; --edits) {
      // Half of the edits hit a header, since most bytes are text for people.
      const auto at =
          below(2) == 0 ? below(spoilt.size()) : below(spoilt.size() / 512) * 512 + below(160);
      const auto size = below(600);
      switch (below(4)) {
        case 0:
          spoilt[at] = static_cast<char>(below(256));
          break;
        case 1:
          spoilt[at] = static_cast<char>(spoilt[at] ^ (1 << below(8)));
          break;
        case 2:
          spoilt.erase(at, size);
          break;
        default:
          spoilt.insert(at, spoilt.substr(below(spoilt.size()), size));
      }
    }
    const auto members = unpack(spoilt);
    const auto parsed = members ? parse_bundle(*members, now) : tl::unexpected(Error{});
    if (!parsed) {
      ++refused;
      continue;
    }
    REQUIRE(parsed->trusted.size() == 1);
    REQUIRE(certs::covers(parsed->trusted.front().summary, parsed->server));
  }
  CHECK(refused > many / 2);
}
