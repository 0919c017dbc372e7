// The one exception type of the library and the short closed list of what can go wrong.
#pragma once

#include <fmt/core.h>

#include <stdexcept>
#include <string>
#include <utility>

namespace adze {

enum class ErrorCode {
  bad_input,      // a file, argument or text is malformed
  unsupported,    // well-formed, but something Adze cannot do
  not_found,      // a file, tensor, key or name does not exist
  io,             // the operating system refused a read or write
  out_of_memory,  // a limit on memory would be broken
  cancelled,      // the caller asked to stop
  internal,       // a broken promise inside Adze: a bug
};

/// Lower-case name of a code, as used in JSON reports and HTTP errors.
const char* error_code_name(ErrorCode code);

/// Says what went wrong, where (file, tensor, byte offset, node) and what to do about it.
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

/// Throws Error with a formatted message: `fail(ErrorCode::bad_input, "{}: bad magic", path)`.
template <typename... Args>
[[noreturn]] void fail(ErrorCode code, fmt::format_string<Args...> format, Args&&... args) {
  throw Error(code, fmt::vformat(format, fmt::make_format_args(args...)));
}

/// Runs `action` and puts `where` in front of the message of any Error it throws.
template <typename Action>
auto with_context(const std::string& where, Action&& action) {
  try {
    return action();
  } catch (const Error& error) {
    throw Error(error.code(), where + ": " + error.what());
  }
}

}  // namespace adze
