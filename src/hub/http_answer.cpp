#include <fmt/format.h>

#include <cctype>

#include "hub/http_client.h"

namespace adze::hub {
namespace {

constexpr size_t kMaxHeaders = 256;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.front()))) text.remove_prefix(1);
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.remove_suffix(1);
  return text;
}

// "HTTP/1.1 206 Partial Content": also of a proxy, and 100; the last one counts.
void take_status(HttpAnswer& answer, std::string_view line) {
  answer.headers.clear();
  answer.status = 0;
  const auto space = std::min(line.find(' '), line.size() - 1);
  for (const char c : line.substr(space + 1, 3)) {
    if (c >= '0' && c <= '9') answer.status = answer.status * 10 + (c - '0');
  }
}

}  // namespace

void take_header_line(HttpAnswer& answer, std::string_view line) {
  if (line.starts_with("HTTP/")) return take_status(answer, line);
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || answer.headers.size() >= kMaxHeaders) return;
  std::string name(line.substr(0, colon));
  for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  answer.headers[name] = trimmed(line.substr(colon + 1));
}

std::string HttpAnswer::header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string() : found->second;
}

std::string url_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const bool is_plain = byte < 0x80 && (std::isalnum(byte) || c == '-' || c == '.' || c == '_' || c == '~');
    encoded += is_plain ? std::string(1, c) : fmt::format("%{:02X}", byte);
  }
  return encoded;
}

}  // namespace adze::hub
