#pragma once
// Is the time good? A function of what is seen.

#include <string>
#include <string_view>
#include <vector>

#include "status/core/view.h"

namespace ntsbox::status {

/// The number is the exit status, as monitoring plugins have it.
enum class Grade { well = 0, degraded = 1, bad = 2, unknown = 3 };

/// "well", "degraded", "bad", "unknown".
[[nodiscard]] std::string_view name_of(Grade grade);

/// Something that is not well.
struct Remark {
  Grade grade = Grade::degraded;
  std::string name;  // kebab-case; scripts hold on to it
  std::string what;  // one line
  std::string cure;  // one line

  friend bool operator==(const Remark&, const Remark&) = default;
};

using Remarks = std::vector<Remark>;

struct Judgement {
  Grade grade = Grade::well;
  std::string verdict;  // one line
  std::string cure;     // empty when all is well
  Remarks remarks;      // the gravest first; that of the verdict is the first
};

/// `limit`: how far off the time may be and still be good.
[[nodiscard]] Judgement judge(const View& view, nanoseconds limit);

// The parts, each with its remarks.
void judge_clock(const View& view, nanoseconds limit, Remarks& remarks);
void judge_receiver(const View& view, Remarks& remarks);  // down to ntsboxd's samples
void judge_sources(const View& view, Remarks& remarks);   // what chronyd makes of its sources
void judge_keeping(const View& view, Remarks& remarks);   // certificate, leap seconds

}  // namespace ntsbox::status
