#pragma once
// The running simulator: one thread, which waits for the next edge, sentence, client or command.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "sim/core/command.h"
#include "sim/core/receiver.h"

namespace ntsbox::sim {

struct SimOptions {
  std::string pty;      // the link; "" = no sentences
  std::string pulses;   // the stream's socket; "" = none
  std::string control;  // "" = none
  std::string truth;    // "" = none; an existing file is truncated
  nanoseconds offset{};
  double drift_ppm = 0;
  unsigned baud = 0;  // 0 = at once
  ReceiverOptions receiver;
  std::vector<Scheduled> schedule;
};

class SimLoop {
 public:
  /// Prints a line, which comes without its end, for the user.
  using Log = std::function<void(const std::string& line)>;

  /// Opens what `options` names. SIGINT, SIGTERM and SIGHUP are blocked from here on and end run().
  /// On failure it removes what it has made.
  [[nodiscard]] static Result<SimLoop> make(SimOptions options, Log log);

  ~SimLoop();
  SimLoop(SimLoop&&) noexcept;
  SimLoop& operator=(SimLoop&&) noexcept;

  /// What make() has opened: "pty /run/x/gps (/dev/pts/5) pulses /run/x/pulses.sock".
  [[nodiscard]] std::string made() const;

  /// Runs until a signal or the command "quit". Fails when the truth file can no longer be written.
  Result<void> run();

 private:
  struct Body;
  explicit SimLoop(std::unique_ptr<Body> body);
  std::unique_ptr<Body> body_;
};

}  // namespace ntsbox::sim
