// The bytes of an answer: status line, headers, chunks.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "server/http_message.h"

namespace adze::server {

/// How the end of the body is told.
enum class BodyEnd { length, chunked, closed };

struct AnswerHead {
  int status = 200;
  std::string_view content_type;  // empty: no body
  BodyEnd body_end = BodyEnd::length;
  size_t body_bytes = 0;
  bool keeps_connection = true;
  std::span<const HttpHeader> headers;
};

/// Everything up to the body. Control characters in values become spaces, so that a value cannot make headers.
std::string answer_head(const AnswerHead& head);
/// REQUIRES: not empty, which would be the end.
std::string chunk_of(std::string_view piece);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

/// "Not Found".
std::string_view reason_phrase(int status);

}  // namespace adze::server
