#pragma once
// How any call says that the world failed. A normal "no" is a value of its own; a bug of ours is an
// assert.

#include <string>
#include <system_error>
#include <tl/expected.hpp>
#include <utility>

namespace ntsbox {

/// What went wrong, in words that name the file or the peer and, where there is one, the cure.
struct Error {
  std::string message;
};

template <class T>
using Result = tl::expected<T, Error>;

/// A failure in words: "FILE: cannot be read: No such file or directory".
[[nodiscard]] inline tl::unexpected<Error> fail(std::string message) {
  return tl::unexpected<Error>(Error{std::move(message)});
}

/// A failure of a system call: the system's own words for `code` (an errno) follow `doing`.
[[nodiscard]] inline tl::unexpected<Error> fail(int code, const std::string& doing) {
  return fail(doing + ": " + std::generic_category().message(code));
}

}  // namespace ntsbox
