#pragma once
// The simulator at work: one thread, which waits for the next edge or sentence, a client or a
// command.

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "lab/core/command.h"
#include "lab/core/receiver.h"

namespace ntsbox::lab {

struct SimOptions {
  std::string pty;      // the link; "" = no sentences
  std::string pulses;   // the stream's socket; "" = none
  std::string control;  // "" = none
  std::string truth;    // "" = none; a file that is there is emptied
  nanoseconds offset{};
  double drift_ppm = 0;
  unsigned baud = 0;  // 0 = at once
  ReceiverOptions receiver;
  std::vector<Scheduled> schedule;
};

class SimLoop {
 public:
  /// Takes a line, without its end, for whoever watches the simulator.
  using Say = std::function<void(const std::string& line)>;

  /// Opens all that `options` names; SIGINT, SIGTERM and SIGHUP are blocked from here on and end
  /// run(). Fails, in words, leaving nothing behind.
  [[nodiscard]] static Result<SimLoop> make(SimOptions options, Say say);

  ~SimLoop();
  SimLoop(SimLoop&&) noexcept;
  SimLoop& operator=(SimLoop&&) noexcept;

  /// What was made: "pty /run/x/gps (/dev/pts/5) pulses /run/x/pulses.sock".
  [[nodiscard]] std::string made() const;

  /// Until a signal or "quit". Fails when the truth can no longer be written.
  Result<void> run();

 private:
  struct Body;
  explicit SimLoop(std::unique_ptr<Body> body);
  std::unique_ptr<Body> body_;
};

}  // namespace ntsbox::lab
