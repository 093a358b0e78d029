#include "provision/core/proof.h"

#include <fmt/format.h>

#include <string>

#include "provision/core/facts.h"
#include "provision/core/texts.h"

namespace ntsbox::provision {
namespace {

constexpr int authenticated = 3;  // prove.sh
constexpr int impossible = 126;   // prove.sh, and a shell that may not run it
constexpr int not_found = 127;

struct Meaning {
  std::string_view words;  // of chronyd and GnuTLS
  std::string_view cure;
  std::string_view cure_here;  // on the box itself; empty: the same
};

constexpr std::string_view other_certificate =
    "it shows another certificate than the one that is trusted: fetch a new bundle from the box "
    "and compare its "
    "fingerprint";
constexpr std::string_view hung_up =
    "it hung up: does it allow this machine's network (--allow), and do its key and certificate "
    "fit? "
    "(ntsbox-provision verify, on the box)";
constexpr std::string_view not_reloaded =
    "chronyd serves another certificate than the one that is handed out: systemctl restart chrony";
constexpr std::string_view hung_up_here =
    "do key and certificate fit, and may chronyd read them? (journalctl -u chrony)";
constexpr std::string_view not_serving =
    "chronyd does not serve NTS: is it running, with a key and a certificate? (journalctl -u "
    "chrony)";

// chronyd 4.3 and 4.6 with the GnuTLS of Debian 12 and 13 say the same. The first that fits is
// taken.
constexpr Meaning meanings[] = {
    {"does not match the expected",
     "its certificate is not for this name: ask it by a name that the certificate has (--server)",
     "the certificate lacks this name: ntsbox-provision renew"},
    {"uses expired certificate",
     "make a new certificate on the box (ntsbox-provision renew), and is this machine's date "
     "right?",
     ""},
    {"not yet valid",
     "is this machine's date right? One without a clock needs a bundle made with --client-no-rtc",
     ""},
    {"issuer is not a CA", other_certificate, not_reloaded},
    {"issuer is unknown", other_certificate, not_reloaded},
    {"violates the signer's constraints", "the certification authority may not vouch for this name",
     ""},
    {"certificate is NOT trusted", other_certificate, not_reloaded},
    {"terminated", hung_up, hung_up_here},
    {"pull function", hung_up, hung_up_here},
    {"Could not set credentials", "chronyd cannot read the certificates", ""},
    {"Connection refused",
     "nothing answers on 4460/tcp: is chronyd running there, with a certificate? (ntsbox-provision "
     "verify, on the box)",
     not_serving},
    {"Could not connect", "is the box on and reachable, and 4460/tcp open on the way?",
     not_serving},
    {"Fatal error", "this chronyd cannot do it", ""},
};

/// chronyd's line without its date: "2026-11-25T03:31:13Z TLS handshake with ...".
std::string_view undated(std::string_view line) {
  const auto blank = line.find(' ');
  if (blank == std::string_view::npos || line.find('T') > blank) return line;
  line.remove_prefix(blank + 1);
  while (line.ends_with(' ')) line.remove_suffix(1);
  return line;
}

}  // namespace

std::vector<std::string> proof_command(const ProofRequest& request) {
  std::vector<std::string> command{"unshare",
                                   "--mount",
                                   "--propagation",
                                   "private",
                                   "sh",
                                   "-c",
                                   std::string{prove_sh},
                                   "prove",
                                   request.server,
                                   std::to_string(request.seconds)};
  if (request.here) command.emplace_back("here");
  if (request.any_date) command.emplace_back("any-date");
  return command;
}

Proof check_proof(const ProofRequest& request, int status, std::string_view output) {
  const auto& server = request.server;
  if (status == 0)
    return {Proof::Outcome::proven, fmt::format("{} answers with authenticated time", server), ""};
  if (status == authenticated)
    return {
        Proof::Outcome::authenticated,
        fmt::format("{} authenticates itself, but gives no good time", server),
        "it has no fix yet, or 123/udp is closed on the way (ntsbox-provision doctor, on the box)"};
  if (status == impossible || status == not_found)
    return {Proof::Outcome::impossible, "the handshake could not be tried",
            "needs root, chronyd, and mount namespaces (not in every container)"};
  for (const auto line : lines_of(output))
    for (const auto& [words, cure, cure_here] : meanings)
      if (line.find(words) != std::string_view::npos)
        return {Proof::Outcome::failed, std::string{undated(line)},
                std::string{request.here && !cure_here.empty() ? cure_here : cure}};
  return {
      Proof::Outcome::failed, fmt::format("{} did not answer within {} s", server, request.seconds),
      request.here ? std::string{not_serving}
                   : "is the box on and reachable, and are 4460/tcp and 123/udp open on the way?"};
}

Proof unknown_name(const std::string& server) {
  return {Proof::Outcome::failed, fmt::format("the name {} has no address here", server),
          "ask it by another name or address that its certificate has (--server), or see to the "
          "name; names in .local "
          "need libnss-mdns"};
}

}  // namespace ntsbox::provision
