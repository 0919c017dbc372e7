#include "server/request_error.h"

namespace adze::server {
namespace {

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::bad_input:
    case ErrorCode::unsupported:
      return 400;
    case ErrorCode::not_found:
      return 404;
    case ErrorCode::out_of_memory:  // of a limit: there may be room in a moment
    case ErrorCode::cancelled:      // the server is about to end
      return 503;
    case ErrorCode::io:
    case ErrorCode::internal:
      return 500;
  }
  return 500;
}

}  // namespace

Refusal refusal_of(const Error& error) {
  if (const auto* refused = dynamic_cast<const RequestError*>(&error)) {
    return {refused->status(), error_code_name(error.code()), error.what(), refused->field()};
  }
  return {status_of(error.code()), error_code_name(error.code()), error.what(), {}};
}

}  // namespace adze::server
