#pragma once
// The pulses of one source, kept as they come.

#include <poll.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "driver/io/pulse_feed.h"

namespace ntsbox::pps {

class Listener {
 public:
  using Say = std::function<void(const std::string&)>;

  /// Opens it by and by, and again whenever it went away; `say` hears why it cannot, and must
  /// outlive it.
  Listener(const driver::PulseSource& source, Say say);

  void watch(std::vector<pollfd>& polled) const { polled.push_back({feed_->fd(), POLLIN, 0}); }

  /// Takes what is there, and opens what is not. Never blocks; once a second and oftener.
  void attend();

  [[nodiscard]] std::string name() const { return name_; }

  [[nodiscard]] const std::vector<SystemTime>& stamps() const { return stamps_; }

  [[nodiscard]] bool is_open() const { return open_; }

  /// When it was opened first.
  [[nodiscard]] std::optional<SystemTime> opened() const { return opened_; }

  /// When a pulse last came, or before the first one when listening began.
  [[nodiscard]] MonotonicTime heard() const { return heard_; }

 private:
  void take(const driver::PulseRecord& record);

  std::string name_;
  Say say_;
  std::unique_ptr<driver::PulseFeed> feed_;
  bool open_ = false;
  std::optional<SystemTime> opened_;
  MonotonicTime heard_;
  std::vector<SystemTime> stamps_;
};

}  // namespace ntsbox::pps
