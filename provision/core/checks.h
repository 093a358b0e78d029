#pragma once
// `doctor` and `verify`: the checks of diagnose/, and those of what only ntsbox-provision looks at.
// Each check is a function of the evidence; io/inspect gathers it.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.h"
#include "diagnose/checks.h"
#include "provision/core/entry.h"

namespace ntsbox::provision {

// The proof that a server answers to a certificate: a real handshake by a chronyd of its own, which
// leaves the clock alone.

struct ProofRequest {
  std::string server;
  bool here = false;      // the server is this machine itself: its name is made to mean 127.0.0.1
  bool any_date = false;  // no date is checked: this machine may have no clock yet
  int seconds = 10;       // to wait for a measurement
};

struct Proof {
  enum class Outcome {
    proven,         // an authenticated measurement came
    authenticated,  // the handshake is good, but no measurement of good time came
    failed,
    impossible,  // it could not be tried
  };
  Outcome outcome = Outcome::failed;
  std::string what;  // one line
  std::string cure;  // empty when proven

  friend bool operator==(const Proof&, const Proof&) = default;
};

/// To be run as root with the trusted certificates (PEM) on its standard input. Takes up to
/// `seconds` and 5 more.
[[nodiscard]] std::vector<std::string> proof_command(const ProofRequest& request);

/// What came of that command.
[[nodiscard]] Proof check_proof(const ProofRequest& request, int status, std::string_view output);

/// The name has no address here.
[[nodiscard]] Proof unknown_name(const std::string& server);

using diagnose::Finding;
using diagnose::Findings;
using diagnose::Severity;
using diagnose::worst;

/// A line or two a finding; the signs in colour when asked.
[[nodiscard]] std::string in_text(const Findings& findings, bool colour);
/// `{"verdict":"ok","findings":[{"name":...,"verdict":...,"what":...,"cure":...},...]}` and a
/// newline.
[[nodiscard]] std::string in_json(const Findings& findings);
/// The same as a member of another object: without the newline, and null without findings.
[[nodiscard]] std::string in_json_line(const Findings& findings);

/// A program's answer.
struct Answer {
  int status = 0;
  std::string output;
};

struct Evidence {
  bool live = true;  // the root is this machine; an image shows its files alone
  UtcSecond now{};

  // Files, those of verify.
  std::map<std::string, std::optional<Entry>> entries;  // by path; content too, but for keys
  std::optional<std::string> pair;                      // the key and certificate that chronyd has
  std::optional<std::string> master_key;                // and the key that they are made of
  std::optional<Answer> chronyd_check;                  // chronyd -p

  // What runs.
  std::optional<Proof> proof;         // of the server to itself
  std::optional<std::string> status;  // ntsboxd's status file
  std::string tcp, tcp6, udp, udp6;   // /proc/net
  std::optional<Answer> sources;      // chronyc -c -N sources
  std::optional<Answer> authdata;     // chronyc -c -N authdata
  std::optional<Answer> selectdata;   // chronyc -c -N selectdata
  std::optional<Answer> tracking;     // chronyc -c -N tracking
  std::map<std::string, std::string>
      units;  // name → what systemctl is-active prints; empty without systemd
  std::optional<std::string> gpsd_restarts;  // a line each since the boot; empty: not allowed
  bool apparmor = false;                     // it confines what runs here
  std::string denials;      // kernel messages of what it refused to our daemons since the boot
  bool unfinished = false;  // a run left its mark for the next boot
  std::optional<std::string> leap_seconds;  // /usr/share/zoneinfo/leap-seconds.list
};

/// Whether the server does its work: what a run of ntsbox-provision must end with.
[[nodiscard]] Findings verify(const Evidence& evidence);

/// The same, and what may be wrong with a server that does not.
[[nodiscard]] Findings doctor(const Evidence& evidence);

/// Whether the daemon's state changed within `lately`, so that it may still lock: worth another
/// look.
[[nodiscard]] bool may_settle(const Evidence& evidence, seconds lately);

// The parts.
void check_configuration(const Evidence& evidence, Findings& findings);
void check_permissions(const Evidence& evidence, Findings& findings);
void check_certificate(const Evidence& evidence, Findings& findings);
void check_access(const Evidence& evidence, Findings& findings);
void check_handshake(const Evidence& evidence, Findings& findings);
void check_sockets(const Evidence& evidence, Findings& findings);
void check_apparmor(const Evidence& evidence, Findings& findings);
void check_units(const Evidence& evidence, Findings& findings);
void check_unfinished(const Evidence& evidence, Findings& findings);
void check_gpsd_restarts(const Evidence& evidence, Findings& findings);

}  // namespace ntsbox::provision
