#include "driver/core/sink_words.h"

#include <fmt/format.h>

#include <cerrno>
#include <system_error>

namespace ntsbox::driver {
namespace {

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

std::string describe_sink_failure(const ChronySink& sink, int code) {
  return std::visit(
      [code](const auto& chosen) { return "samples are dropped: " + describe(chosen, code); },
      sink);
}

}  // namespace ntsbox::driver
