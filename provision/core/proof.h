#pragma once
// The proof that a server answers to a certificate: a real handshake by a chronyd of its own, which
// leaves the clock alone, and what its words mean.

#include <string>
#include <string_view>
#include <vector>

namespace ntsbox::provision {

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

}  // namespace ntsbox::provision
