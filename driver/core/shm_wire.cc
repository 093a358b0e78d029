#include "driver/core/shm_wire.h"

#include <atomic>
#include <cstddef>

namespace ntsbox::driver {
namespace {

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

}  // namespace

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

}  // namespace ntsbox::driver
