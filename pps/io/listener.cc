#include "pps/io/listener.h"

#include "posix/clock.h"

namespace ntsbox::pps {

using driver::PulseRecord;

Listener::Listener(const driver::PulseSource& source, Say say)
    : name_(driver::name_of(source)),
      say_(std::move(say)),
      feed_(driver::open_pulse_feed(source)),
      heard_(read_clocks().monotonic) {}

void Listener::attend() {
  const auto take_it = [this](const PulseRecord& record) { take(record); };
  feed_->drain(take_it);
  feed_->tick(read_clocks().monotonic, take_it);
}

void Listener::take(const PulseRecord& record) {
  switch (record.kind) {
    case PulseRecord::Kind::pulse:
      stamps_.push_back(record.pulse.stamp);
      heard_ = read_clocks().monotonic;
      break;
    case PulseRecord::Kind::opened:
      open_ = true;
      if (!opened_) opened_ = read_clocks().system;
      if (!record.words.empty()) say_(name_ + ": " + record.words);
      break;
    case PulseRecord::Kind::lost:
      open_ = false;
      say_(record.words);
      break;
  }
}

}  // namespace ntsbox::pps
