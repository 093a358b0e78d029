// Who can reach what: the sockets that listen, and the handshake of the box with itself.

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "provision/core/checks.h"
#include "provision/core/facts.h"

namespace ntsbox::provision {
namespace {

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

void must_be_outside(const std::vector<Listener>& list, int port, const char* what,
                     const char* cure, Findings& findings) {
  if (reach_of(port, list).outside) return;
  findings.push_back(
      {"sockets", Severity::failed, fmt::format("nothing serves {} to the network", what), cure});
}

void must_be_inside(const std::vector<Listener>& list, int port, const char* what, const char* cure,
                    Findings& findings) {
  if (!reach_of(port, list).outside) return;
  findings.push_back(
      {"sockets", Severity::failed, fmt::format("{} is open to the network", what), cure});
}

}  // namespace

void check_sockets(const Evidence& evidence, Findings& findings) {
  std::vector<Listener> udp, tcp;
  for (const auto* table : {&evidence.udp, &evidence.udp6}) add_listeners(udp, *table, "07");
  for (const auto* table : {&evidence.tcp, &evidence.tcp6}) add_listeners(tcp, *table, "0A");
  const auto before = findings.size();
  must_be_outside(
      udp, ntp, "NTP (123/udp)",
      "is chronyd running (systemctl status chrony), and is any network allowed (--allow)?",
      findings);
  must_be_outside(tcp, nts_ke, "NTS-KE (4460/tcp)",
                  "has chronyd its key and certificate? (journalctl -u chrony)", findings);
  must_be_inside(udp, chrony_commands, "chronyd's command port (323/udp)",
                 "take bindcmdaddress and cmdallow out of what you added under /etc/chrony/conf.d",
                 findings);
  must_be_inside(tcp, gpsd, "gpsd (2947/tcp)",
                 "gpsd must run without -G, and gpsd.socket listen on 127.0.0.1 alone", findings);
  if (!reach_of(gpsd, tcp).listens)
    findings.push_back(
        {"sockets", Severity::failed, "gpsd does not listen (2947/tcp)", "systemctl status gpsd"});
  if (findings.size() == before)
    findings.push_back({"sockets", Severity::ok,
                        "NTP and NTS-KE are served; commands and gpsd stay on this machine", ""});
}

void check_handshake(const Evidence& evidence, Findings& findings) {
  if (!evidence.proof) return;
  const auto& [outcome, what, cure] = *evidence.proof;
  switch (outcome) {
    case Proof::Outcome::proven:
      findings.push_back({"handshake", Severity::ok, what, ""});
      break;
    case Proof::Outcome::authenticated:
      findings.push_back({"handshake", Severity::warning, what,
                          "chronyd needs samples first: see the other findings, or wait"});
      break;
    case Proof::Outcome::impossible:
      findings.push_back({"handshake", Severity::warning, what, cure});
      break;
    case Proof::Outcome::failed:
      findings.push_back({"handshake", Severity::failed, what, cure});
      break;
  }
}

}  // namespace ntsbox::provision
