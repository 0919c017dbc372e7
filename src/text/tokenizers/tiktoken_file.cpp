#include "text/tokenizers/tiktoken_file.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/base64.h"
#include "base/error.h"
#include "text/tokenizers/ranked_tokens.h"
#include "text/tokenizers/special_token_names.h"

namespace adze::text {
namespace {

struct RankedLine {
  std::string bytes;
  size_t rank = 0;
};

std::optional<RankedLine> parse_line(std::string_view line) {
  const size_t space = line.find(' ');
  if (space == std::string_view::npos) return std::nullopt;
  auto bytes = decode_base64(line.substr(0, space));
  const std::string_view number = line.substr(space + 1);
  RankedLine parsed;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), parsed.rank);
  if (!bytes || bytes->empty() || error != std::errc() || end != number.data() + number.size()) return std::nullopt;
  parsed.bytes = *std::move(bytes);
  return parsed;
}

// Takes a line off the front of `text`.
std::string_view take_line(std::string_view& text) {
  const size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

size_t lines_in(std::string_view text) {
  size_t lines = 0;
  while (!text.empty()) lines += !take_line(text).empty();
  return lines;
}

// Ranks may leave gaps for control tokens, but no number in the file decides how much memory is taken.
constexpr size_t kSpareRanks = 4096;

std::vector<std::string> read_ranks(std::string_view text, const std::string& source) {
  const size_t lines = lines_in(text);
  if (lines == 0) fail(ErrorCode::bad_input, "{}: has no tokens", source);
  std::vector<std::string> by_rank(lines + kSpareRanks);
  size_t end = 0;
  for (size_t number = 1; !text.empty(); ++number) {
    const auto line = take_line(text);
    if (line.empty()) continue;
    auto parsed = parse_line(line);
    if (!parsed) fail(ErrorCode::bad_input, "{}: line {} is not base64, a space and a rank", source, number);
    if (parsed->rank >= by_rank.size() || !by_rank[parsed->rank].empty()) {
      fail(ErrorCode::bad_input, "{}: line {}: the rank {} is there twice, or far beyond the {} tokens", source, number,
           parsed->rank, lines);
    }
    by_rank[parsed->rank] = std::move(parsed->bytes);
    end = std::max(end, parsed->rank + 1);
  }
  by_rank.resize(end);
  return by_rank;
}

void add_control_token(const std::string& text, int32_t id, TokenizerSpec& spec) {
  const auto index = static_cast<size_t>(id);
  if (index >= spec.tokens.size()) {
    spec.tokens.resize(index + 1, {.text = {}, .score = 0, .type = TokenType::unused});
  }
  if (spec.tokens[index].type != TokenType::unused) {
    fail(ErrorCode::bad_input, "{}: the id {} of {} is taken; the file is of another encoding", spec.source, id, text);
  }
  spec.tokens[index] = {text, 0, TokenType::control};
  spec.added_tokens.push_back({.id = id, .text = text, .special = true});
}

}  // namespace

const TiktokenEncoding* find_tiktoken_encoding(std::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash != std::string_view::npos) path.remove_prefix(slash + 1);
  for (const auto& encoding : tiktoken_encodings()) {
    if (path.starts_with(encoding.name)) return &encoding;
  }
  return nullptr;
}

bool looks_like_tiktoken(std::string_view text) { return parse_line(take_line(text)).has_value(); }

TokenizerSpec read_tiktoken(std::string_view text, const TiktokenEncoding& encoding, const std::string& source) {
  TokenizerSpec spec;
  spec.source = source;
  set_ranked_tokens(read_ranks(text, source), 0, encoding.pattern, spec);
  for (const auto& [token, id] : encoding.control) add_control_token(token, id, spec);
  if (!encoding.control.empty()) spec.special.eos = encoding.control.front().second;
  find_special_tokens(spec);
  return spec;
}

}  // namespace adze::text
