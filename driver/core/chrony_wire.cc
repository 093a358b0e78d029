#include "driver/core/chrony_wire.h"

#include <fmt/format.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <system_error>

namespace ntsbox::driver {
namespace {

constexpr std::int32_t magic = 0x534f434b;  // "SOCK"

/// The offset in seconds, as a double that gives back the same nanoseconds when chronyd adds it to
/// tv.
double offset_in_seconds(nanoseconds offset, std::chrono::microseconds tv_fraction) {
  // chronyd cuts the sum of the fractions to whole nanoseconds, toward zero (chrony util.c,
  // UTI_AddDoubleToTimespec); a quarter of one keeps the rounding of the double off that edge.
  constexpr double guard = 0.25e-9;
  const auto sum = tv_fraction + offset % 1s;
  return static_cast<double>(offset.count()) * 1e-9 + (sum >= 0ns ? guard : -guard);
}

static_assert(sizeof(std::time_t) == 4 ||
              (sizeof(ShmTime) == 96 && offsetof(ShmTime, clock_nsec) == 52 &&
               offsetof(ShmTime, valid) == 48));
static_assert(sizeof(std::time_t) == 8 ||
              (sizeof(ShmTime) == 80 && offsetof(ShmTime, clock_nsec) == 40 &&
               offsetof(ShmTime, valid) == 36));

constexpr int counted_mode = 1;
constexpr int precision_log2 = -20;  // about a microsecond

void put(nanoseconds time, std::time_t& sec, int& usec, unsigned& nsec) {
  const auto second = std::chrono::floor<seconds>(time);
  const auto fraction = (time - second).count();
  sec = static_cast<std::time_t>(second.count());
  usec = static_cast<int>(fraction / 1000);
  nsec = static_cast<unsigned>(fraction);
}

std::string words(int code) {
  return std::generic_category().message(code);
}

std::string describe(const SockSink& sink, int code) {
  switch (code) {
    case ENOENT:
    case ECONNREFUSED:
      return fmt::format(
          "chronyd does not listen on {}: is it running, with \"refclock SOCK {} refid {}\" in "
          "chrony.conf?",
          sink.path, sink.path, contract::refid);
    case EACCES:
      return fmt::format(
          "no permission to write to {}: give it to the user that ntsboxd runs as, after each "
          "start of chronyd",
          sink.path);
    case EAGAIN:
      return fmt::format("chronyd does not read {} (its queue is full): is it stopped?", sink.path);
    default:
      return fmt::format("{}: {}", sink.path, words(code));
  }
}

std::string describe(const ShmSink& sink, int code) {
  switch (code) {
    case ENOENT:
      return fmt::format(
          "no shared memory for unit {} yet: is chronyd running, with \"refclock SHM {} refid {}\" "
          "in chrony.conf?",
          sink.unit, sink.unit, contract::refid);
    case EPERM:
      return fmt::format(
          "the shared memory of unit {} belongs to another user: remove it with ipcrm and restart "
          "chronyd",
          sink.unit);
    case EACCES:
      return fmt::format(
          "no permission for the shared memory of unit {}: \"refclock SHM {}:perm=0660\" or run as "
          "its owner",
          sink.unit, sink.unit);
    case EINVAL:
      return fmt::format("the shared memory of unit {} is no SHM refclock's: it is too small",
                         sink.unit);
    default:
      return fmt::format("shared memory of unit {}: {}", sink.unit, words(code));
  }
}

}  // namespace

SockDatagram encode(const Sample& sample, SockAbi abi) {
  const auto since_epoch = sample.stamp.time_since_epoch();
  const auto second = std::chrono::floor<seconds>(since_epoch);
  const std::int64_t tv_sec = second.count();
  const auto fraction = std::chrono::floor<std::chrono::microseconds>(since_epoch - second);
  const std::int64_t tv_usec = fraction.count();

  SockDatagram datagram;
  const auto put = [&datagram](auto value) {
    std::memcpy(datagram.bytes_.data() + datagram.size_, &value, sizeof value);
    datagram.size_ += sizeof value;
  };
  if (abi == SockAbi::time64) {
    put(tv_sec);
    put(tv_usec);
  } else {
    put(static_cast<std::int32_t>(tv_sec));
    put(static_cast<std::int32_t>(tv_usec));
  }
  put(offset_in_seconds(sample.sent_offset(), fraction));
  put(std::int32_t{0});  // pulse
  put(std::int32_t{0});  // leap
  put(std::int32_t{0});  // padding
  put(magic);
  return datagram;
}

void write_sample(ShmTime& segment, const Sample& sample) {
  // The reader copies the fields between two looks at count and drops what changed meanwhile.
  const std::atomic_ref<int> count{const_cast<int&>(segment.count)};
  const std::atomic_ref<int> valid{const_cast<int&>(segment.valid)};
  valid.store(0, std::memory_order_seq_cst);
  count.fetch_add(1, std::memory_order_seq_cst);
  std::atomic_thread_fence(std::memory_order_seq_cst);
  segment.mode = counted_mode;
  const auto stamp = sample.stamp.time_since_epoch();
  put(stamp + sample.sent_offset(), segment.clock_sec, segment.clock_usec, segment.clock_nsec);
  put(stamp, segment.receive_sec, segment.receive_usec, segment.receive_nsec);
  segment.leap = 0;
  segment.precision = precision_log2;
  std::atomic_thread_fence(std::memory_order_seq_cst);
  count.fetch_add(1, std::memory_order_seq_cst);
  valid.store(1, std::memory_order_seq_cst);
}

std::string describe_sink_failure(const ChronySink& sink, int code) {
  return std::visit(
      [code](const auto& chosen) { return "samples are dropped: " + describe(chosen, code); },
      sink);
}

}  // namespace ntsbox::driver
