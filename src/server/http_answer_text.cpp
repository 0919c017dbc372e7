#include "server/http_answer_text.h"

#include <fmt/format.h>

#include <algorithm>

namespace adze::server {
namespace {

struct Phrase {
  int status;
  std::string_view text;
};

constexpr Phrase kPhrases[] = {
    {100, "Continue"},
    {200, "OK"},
    {204, "No Content"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {413, "Content Too Large"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {499, "Client Closed Request"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
    {507, "Insufficient Storage"},
};

std::string safe_value(std::string value) {
  std::ranges::replace_if(value, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return value;
}

}  // namespace

std::string_view reason_phrase(int status) {
  const auto* found = std::ranges::find(kPhrases, status, &Phrase::status);
  return found == std::end(kPhrases) ? "Unknown" : found->text;
}

std::string answer_head(const AnswerHead& head) {
  std::string text = fmt::format("HTTP/1.1 {} {}\r\n", head.status, reason_phrase(head.status));
  if (!head.content_type.empty()) text += fmt::format("Content-Type: {}\r\n", head.content_type);
  if (head.body_end == BodyEnd::chunked) text += "Transfer-Encoding: chunked\r\n";
  if (head.body_end == BodyEnd::length && head.status != 204)
    text += fmt::format("Content-Length: {}\r\n", head.body_bytes);
  text += head.keeps_connection ? "Connection: keep-alive\r\n" : "Connection: close\r\n";
  for (const auto& header : head.headers) text += fmt::format("{}: {}\r\n", header.name, safe_value(header.value));
  return text + "\r\n";
}

std::string chunk_of(std::string_view piece) { return fmt::format("{:x}\r\n{}\r\n", piece.size(), piece); }

}  // namespace adze::server
