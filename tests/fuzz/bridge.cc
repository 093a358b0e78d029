// Events in any order and of any size: one decision a pulse, and each sample names the second that
// its offset leads to.

#include "driver/core/bridge.h"

#include <algorithm>
#include <cstring>

#include "tests/fuzz/require.h"

using namespace ntsbox;
using namespace ntsbox::driver;

namespace {

/// Takes values off the front of the input; zero when it is used up.
class Input {
 public:
  Input(const unsigned char* data, std::size_t size) : data_(data), size_(size) {}

  [[nodiscard]] bool empty() const { return size_ == 0; }

  template <class T>
  T take() {
    T value{};
    const auto bytes = std::min(sizeof value, size_);
    std::memcpy(&value, data_, bytes);
    data_ += bytes;
    size_ -= bytes;
    return value;
  }

  /// Mostly some milliseconds or whole seconds, now and then anything.
  nanoseconds span() {
    switch (take<unsigned char>() % 4) {
      case 0:
        return take<signed char>() * 1ms;
      case 1:
        return take<signed char>() * 1s;
      case 2:
        return nanoseconds{take<std::int32_t>()};
      default:
        return std::max(nanoseconds{take<std::int64_t>()}, -nanoseconds::max());
    }
  }

 private:
  const unsigned char* data_;
  std::size_t size_;
};

/// A machine that goes on as it should unless the input says otherwise.
class Machine {
 public:
  explicit Machine(Input& input) : input_(input) {}

  Event next() {
    const auto kind = input_.take<unsigned char>();
    if (kind & 0x80) system_ = minus(system_, -input_.span());
    monotonic_ = minus(monotonic_, kind & 0x40 ? -input_.span() : -250ms);
    system_ = minus(system_, kind & 0x40 ? -input_.span() : -250ms);
    std::optional<RawTime> raw;
    if (kind & 0x20) raw = RawTime{monotonic_};
    return {{SystemTime{system_}, MonotonicTime{monotonic_}, raw}, what(kind)};
  }

 private:
  decltype(Event::what) what(unsigned char kind) {
    const bool odd = kind & 0x10;
    const auto away = odd ? input_.span() : 0ns;
    constexpr nanoseconds farthest = 9'000'000'000s;
    const auto near = std::clamp(minus(system_, -away), -farthest, farthest);
    const auto second = std::chrono::floor<seconds>(near);
    switch (kind % 8) {
      case 0:
        return Pulse{SystemTime{minus(second, -away)},
                     odd ? input_.take<std::uint32_t>() : ++sequence_};
      case 1:
        return GpsdReport{TimeReport{"", {UtcSecond{second}, 0ns}, SystemTime{system_}}};
      case 2:
        return GpsdReport{FixReport{"", odd ? 1 : 3, 0, UtcInstant{UtcSecond{second}, 0ns}}};
      case 3:
        return Tick{ClockStatus{odd, minus(0ns, away)}};
      case 4:
        return odd ? decltype(Event::what){PpsLost{}} : Tick{};
      case 5:
        return odd ? decltype(Event::what){GpsdLost{}} : GpsdReport{OtherReport{}};
      case 6:
        return GpsdReport{DeviceReport{odd, 0, "", odd}};
      default:
        return GpsdReport{FixReport{"other", 3, 0, std::nullopt}};
    }
  }

  Input& input_;
  nanoseconds system_ = 1'795'341'600s;
  nanoseconds monotonic_ = 1000s;
  std::uint64_t sequence_ = 0;
};

void check(const Sample& sample, const BridgeOptions& options) {
  fuzz::require(sample.offset == offset_of(sample.second, sample.stamp));
  fuzz::require(sample.second >= options.earliest_date);
}

}  // namespace

int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  Input input{data, size};
  Machine machine{input};
  BridgeOptions options;
  options.earliest_date = UtcSecond{1'793'491'200s};
  Bridge bridge{options};
  while (!input.empty()) {
    const auto event = machine.next();
    const auto step = bridge.step(event);
    fuzz::require(step.decision.has_value() == std::holds_alternative<Pulse>(event.what));
    if (!step.decision) continue;
    if (const auto* sample = std::get_if<Sample>(&*step.decision)) check(*sample, options);
  }
  const auto& counters = bridge.counters();
  auto sum = counters.samples;
  for (const auto refused : counters.refused) sum += refused;
  fuzz::require(sum == counters.pulses);
  return 0;
}
