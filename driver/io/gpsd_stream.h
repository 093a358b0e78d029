#pragma once
// The connection to gpsd: opened, kept and opened again, for a poll(2) loop. libgps stands behind
// gpsd_stream.cc alone.

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include "base/time.h"
#include "driver/core/lines.h"
#include "driver/core/settings.h"

struct gps_data_t;

namespace ntsbox::driver {

struct GpsdRecord {
  enum class Kind {
    line,    // a line as gpsd sent it
    opened,  // gpsd sends lines: the first one follows
    lost,    // it no longer does, or did not from the beginning
  };
  Kind kind = Kind::line;
  std::string_view line;  // lives for the call
  std::string words;      // opened: a line for the log; lost: what happened and what to do
};

struct GpsdCloser {
  void operator()(gps_data_t* gps) const;
};

/// What libgps holds, open.
using GpsdConnection = std::unique_ptr<gps_data_t, GpsdCloser>;

class GpsdStream {
 public:
  using Take = std::function<void(const GpsdRecord&)>;

  // How long gpsd may send nothing, though it was asked half-way, before the connection is given
  // up. Not shorter: a gpsd that opens a device answers nobody meanwhile, which took gpsd 3.22 six
  // seconds.
  static constexpr nanoseconds silence = 10s;
  // How long an attempt to connect may take. The kernel's own patience is minutes (tcp(7),
  // tcp_syn_retries).
  static constexpr nanoseconds longest_attempt = 10s;
  // Between attempts: doubled after each, give or take a fifth, until gpsd sends a line.
  static constexpr nanoseconds shortest_pause = 500ms;
  static constexpr nanoseconds longest_pause = 8s;

  explicit GpsdStream(GpsdSettings settings);
  /// At once, even while an attempt to connect hangs.
  ~GpsdStream();
  GpsdStream(const GpsdStream&) = delete;
  GpsdStream& operator=(const GpsdStream&) = delete;

  /// What to poll for POLLIN now: another one after each call of drain and tick, -1 between
  /// attempts.
  [[nodiscard]] int fd() const;

  /// Takes what is there, without blocking and at most 64 KiB. A loss is reported once, and failed
  /// attempts after it are not; so is one before gpsd ever sent a line.
  void drain(const Take& take, MonotonicTime now);

  /// What time alone brings about: attempts to connect, and the end of patience. To be called
  /// about once a second, after drain. Never blocks.
  void tick(MonotonicTime now, const Take& take);

  /// The words of the last failure; "" while gpsd sends lines.
  [[nodiscard]] const std::string& trouble() const { return trouble_; }

 private:
  struct Attempt;

  void begin_attempt(MonotonicTime now, const Take& take);
  void take_over(MonotonicTime now, const Take& take);
  void receive(MonotonicTime now, const Take& take);
  void take_line(std::string_view line, MonotonicTime now, const Take& take);
  [[nodiscard]] bool overlong_too_often(MonotonicTime now);
  void ask_for_an_answer();
  void lose(const std::string& what, MonotonicTime now, const Take& take);

  GpsdSettings settings_;
  std::string name_;
  std::shared_ptr<Attempt> attempt_;  // under way, in a thread that shares it
  GpsdConnection connection_;
  LineFramer framer_;
  MonotonicTime since_{};  // the beginning of the attempt, or the last line
  bool asked_ = false;     // for an answer, since then
  bool has_sent_ = false;  // a line, on this connection
  bool loss_reported_ = false;
  std::string trouble_;
  std::uint64_t overlong_seen_ = 0;
  std::array<std::optional<MonotonicTime>, 3> overlong_at_;  // the latest ones, in turn
  MonotonicTime next_attempt_ = MonotonicTime::min();
  nanoseconds pause_ = shortest_pause;
  std::minstd_rand random_;
};

}  // namespace ntsbox::driver
