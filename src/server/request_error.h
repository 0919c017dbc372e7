// A request that is refused, and the HTTP status of any error.
#pragma once

#include <string>
#include <utility>

#include "base/error.h"

namespace adze::server {

/// An Error that knows its status and the field that is to blame.
class RequestError : public Error {
 public:
  RequestError(int status, const std::string& message, std::string field = {})
      : Error(ErrorCode::bad_input, message), status_(status), field_(std::move(field)) {}
  int status() const { return status_; }
  const std::string& field() const { return field_; }

 private:
  int status_;
  std::string field_;  // empty: none
};

/// Status 400: `field` has a value that makes no sense, or that Adze cannot honour.
template <typename... Args>
[[noreturn]] void refuse_field(std::string field, fmt::format_string<Args...> format, Args&&... args) {
  const std::string message = field + ": " + fmt::vformat(format, fmt::make_format_args(args...));
  throw RequestError(400, message, std::move(field));
}

/// What an error is to the one who asked; the members of every dialect's error document come from here.
struct Refusal {
  int status;
  std::string code;  // "bad_input"
  std::string message;
  std::string field;
};

Refusal refusal_of(const Error& error);

}  // namespace adze::server
