#include "provision/io/clock.h"

#include <chrono>

namespace ntsbox::provision {

UtcSecond machine_time() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return UtcSecond{std::chrono::floor<seconds>(now)};
}

}  // namespace ntsbox::provision
