#pragma once
// How a call reports a failure of the outside world. A normal "no" is a value of its own; a
// programming error is an assert.

#include <string>
#include <system_error>
#include <tl/expected.hpp>
#include <utility>

namespace ntsbox {

/// What went wrong: the message names the file or the peer and, where there is one, a hint.
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

/// TRY(const auto value, expression) declares `value` as what the Result of `expression` holds, and
/// TRY(expression) drops it. When it holds an error, the function returns that error.
#define TRY(...) NTSBOX_TRY_CHOOSE(__VA_ARGS__, NTSBOX_TRY_VALUE, NTSBOX_TRY_DONE, )(__VA_ARGS__)
#define NTSBOX_TRY_CHOOSE(first, second, chosen, ...) chosen
#define NTSBOX_TRY_DONE(expression)                                                         \
  do {                                                                                      \
    if (auto tried = (expression); !tried) return tl::unexpected(std::move(tried).error()); \
  } while (false)
#define NTSBOX_TRY_VALUE(declaration, expression) \
  NTSBOX_TRY_NUMBERED(declaration, expression, __LINE__)
#define NTSBOX_TRY_NUMBERED(declaration, expression, line) \
  NTSBOX_TRY_NAMED(declaration, expression, line)
// NOLINTNEXTLINE(bugprone-macro-parentheses): a declaration takes none.
#define NTSBOX_TRY_NAMED(declaration, expression, line)                      \
  auto tried_##line = (expression);                                          \
  if (!tried_##line) return tl::unexpected(std::move(tried_##line).error()); \
  declaration = *std::move(tried_##line)
