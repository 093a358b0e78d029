#include "status/core/judge.h"

#include <fmt/format.h>

#include <algorithm>

#include "status/core/words.h"

namespace ntsbox::status {
namespace {

// Graver ones come first. What is known to be bad is graver than what is not known.
int gravity(Grade grade) {
  switch (grade) {
    case Grade::well:
      return 0;
    case Grade::degraded:
      return 1;
    case Grade::unknown:
      return 2;
    case Grade::bad:
      break;
  }
  return 3;
}

/// What keeps the receiver's time away was found before.
std::string first_cure(const Remarks& remarks) {
  return remarks.empty() ? "bring the receiver back" : remarks.front().cure;
}

std::string agreement(const View& view) {
  const auto upstreams = std::count_if(
      view.sources.begin(), view.sources.end(),
      [](const chronyc::Source& source) { return is_upstream(source) && source.reach != 0; });
  if (upstreams == 0) return "no upstream was asked";
  return upstreams == 1 ? "the one upstream agrees"
                        : fmt::format("all {} upstreams agree", upstreams);
}

std::string good_news(const View& view) {
  return fmt::format("the time is the receiver's, within {}", at_most(view.bound));
}

}  // namespace

std::string_view name_of(Grade grade) {
  switch (grade) {
    case Grade::well:
      return "well";
    case Grade::degraded:
      return "degraded";
    case Grade::bad:
      return "bad";
    case Grade::unknown:
      break;
  }
  return "unknown";
}

Judgement judge(const View& view, nanoseconds limit) {
  Judgement judgement;
  auto& remarks = judgement.remarks;
  // The root of a trouble before what comes of it: the first of the gravest is the verdict.
  judge_receiver(view, remarks);
  judge_sources(view, remarks);
  judge_clock(view, limit, remarks);
  judge_keeping(view, remarks);
  std::stable_sort(remarks.begin(), remarks.end(), [](const Remark& a, const Remark& b) {
    return gravity(a.grade) > gravity(b.grade);
  });
  if (remarks.empty()) {
    judgement.verdict = good_news(view) + "; " + agreement(view);
    return judgement;
  }
  const auto& first = remarks.front();
  judgement.grade = first.grade;
  judgement.verdict = first.what;
  if (first.grade == Grade::degraded && view.following == Following::receiver)
    judgement.verdict = good_news(view) + ", but " + first.what;
  judgement.cure = first.cure;
  return judgement;
}

void judge_clock(const View& view, nanoseconds limit, Remarks& remarks) {
  if (!view.tracking) return;
  const auto bound = at_most(view.bound);
  const bool too_far = view.following != Following::nobody && view.bound > limit;
  Remark remark{too_far ? Grade::bad : Grade::degraded, "", "", first_cure(remarks)};
  switch (view.following) {
    case Following::nobody:
      remarks.push_back({Grade::bad, "synchronised",
                         "chronyd is not synchronised: it serves no time",
                         "it needs a good source first"});
      return;
    case Following::receiver:
      if (too_far)
        remarks.push_back({Grade::bad, "error",
                           fmt::format("the clock is off by up to {} and being corrected", bound),
                           "wait; sudo chronyc makestep corrects it at once"});
      return;
    case Following::holdover:
      remark.name = "holdover";
      remark.what = fmt::format("the clock has run free for {}, and is off by {} at most",
                                span_of(view.unsteered), bound);
      break;
    case Following::upstream:
      remark.name = "upstream-time";
      remark.what = fmt::format("the time is that of {}, within {}, not the receiver's",
                                view.followed, bound);
      break;
  }
  remarks.insert(remarks.begin(), std::move(remark));
}

}  // namespace ntsbox::status
