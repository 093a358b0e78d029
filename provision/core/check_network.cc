// Who can reach what: the sockets that listen, and the handshake that proves that a server answers.

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "provision/core/checks.h"
#include "provision/core/facts.h"
#include "provision/core/texts.h"

namespace ntsbox::provision {
namespace {

using enum Severity;

constexpr int ntp = 123;
constexpr int nts_ke = 4460;
constexpr int chrony_commands = 323;
constexpr int gpsd = 2947;

struct Listener {
  int port = 0;
  bool loopback = false;
};

/// An address as /proc/net writes it: 32-bit words of the network's bytes, each printed as this
/// little-endian machine's number (Linux, net/ipv4/tcp_ipv4.c).
bool is_loopback(std::string_view hex) {
  constexpr std::string_view one = "00000000000000000000000001000000";  // ::1
  constexpr std::string_view mapped = "0000000000000000FFFF0000";       // ::ffff:
  if (hex.size() == 8) return hex.ends_with("7F");
  return hex == one || (hex.starts_with(mapped) && hex.ends_with("7F"));
}

/// The sockets of a table that take what anybody sends: of TCP those in LISTEN (0A), of UDP those
/// without a peer (07).
void add_listeners(std::vector<Listener>& list, std::string_view table, std::string_view state) {
  for (const auto line : lines_of(table)) {
    const auto words = words_of(line);
    if (words.size() < 4 || words[3] != state) continue;
    const auto colon = words[1].find(':');
    if (colon == std::string::npos) continue;
    const auto port = hexadecimal(std::string_view{words[1]}.substr(colon + 1));
    if (port)
      list.push_back(
          {static_cast<int>(*port), is_loopback(std::string_view{words[1]}.substr(0, colon))});
  }
}

struct Reach {
  bool listens = false;
  bool outside = false;  // beyond loopback
};

Reach reach_of(int port, const std::vector<Listener>& list) {
  Reach reach;
  for (const auto& listener : list) {
    if (listener.port != port) continue;
    reach.listens = true;
    reach.outside = reach.outside || !listener.loopback;
  }
  return reach;
}

/// Whether `port` is reached from the network must be as `wanted`; `what` says that it is not.
void check_reach(const std::vector<Listener>& list, int port, bool wanted, const char* what,
                 const char* cure, Findings& findings) {
  if (reach_of(port, list).outside != wanted) findings.push_back({"sockets", failed, what, cure});
}

constexpr int authenticated = 3;  // prove.sh
constexpr int impossible = 126;   // prove.sh, and a shell that may not run it
constexpr int not_found = 127;

struct Meaning {
  std::string_view words;  // of chronyd and GnuTLS
  std::string_view cure;
  std::string_view cure_here;  // on the server itself; empty: the same
};

constexpr std::string_view other_certificate =
    "it shows another certificate than the one that is trusted: fetch a new bundle from the "
    "server and compare its hash";
constexpr std::string_view hung_up =
    "it hung up: does it allow this machine's network (--allow), and do its key and certificate "
    "fit? (ntsbox-provision verify, on the box)";
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

void check_sockets(const Evidence& evidence, Findings& findings) {
  std::vector<Listener> udp, tcp;
  for (const auto* table : {&evidence.udp, &evidence.udp6}) add_listeners(udp, *table, "07");
  for (const auto* table : {&evidence.tcp, &evidence.tcp6}) add_listeners(tcp, *table, "0A");
  const auto before = findings.size();
  check_reach(udp, ntp, true, "nothing serves NTP (123/udp) to the network",
              "is chronyd running (systemctl status chrony), and is any network allowed (--allow)?",
              findings);
  check_reach(tcp, nts_ke, true, "nothing serves NTS-KE (4460/tcp) to the network",
              "has chronyd its key and certificate? (journalctl -u chrony)", findings);
  check_reach(
      udp, chrony_commands, false, "chronyd's command port (323/udp) is open to the network",
      "take bindcmdaddress and cmdallow out of what you added under /etc/chrony/conf.d", findings);
  check_reach(tcp, gpsd, false, "gpsd (2947/tcp) is open to the network",
              "gpsd must run without -G, and gpsd.socket listen on 127.0.0.1 alone", findings);
  if (!reach_of(gpsd, tcp).listens)
    findings.push_back(
        {"sockets", failed, "gpsd does not listen (2947/tcp)", "systemctl status gpsd"});
  if (findings.size() == before)
    findings.push_back(
        {"sockets", ok, "NTP and NTS-KE are served; commands and gpsd stay on this machine", ""});
}

void check_handshake(const Evidence& evidence, Findings& findings) {
  if (!evidence.proof) return;
  const auto& [outcome, what, cure] = *evidence.proof;
  switch (outcome) {
    case Proof::Outcome::proven:
      findings.push_back({"handshake", ok, what, ""});
      break;
    case Proof::Outcome::authenticated:
      findings.push_back({"handshake", warning, what,
                          "chronyd needs samples first: see the other findings, or wait"});
      break;
    case Proof::Outcome::impossible:
      findings.push_back({"handshake", warning, what, cure});
      break;
    case Proof::Outcome::failed:
      findings.push_back({"handshake", failed, what, cure});
      break;
  }
}

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
          "name; names in .local need libnss-mdns"};
}

}  // namespace ntsbox::provision
