#include "base/json.h"

#include <algorithm>
#include <array>

#include "base/file.h"

namespace adze {
namespace {

// The parser keeps its own stack, but printing and destroying a value recurse.
constexpr int kMaxDepth = 200;

constexpr std::array<std::string_view, 3> kNoNumbers = {"-Infinity", "Infinity", "NaN"};

// Python writes numbers that JSON does not have; with null in their place.
std::string with_nulls_for_no_numbers(std::string_view text) {
  std::string out;
  bool in_string = false;
  for (size_t at = 0; at < text.size();) {
    const auto found = in_string ? kNoNumbers.end() : std::ranges::find_if(kNoNumbers, [&](std::string_view word) {
      return text.substr(at).starts_with(word);
    });
    if (found != kNoNumbers.end()) {
      out += "null";
      at += found->size();
      continue;
    }
    if (text[at] == '"') in_string = !in_string;
    const size_t length = in_string && text[at] == '\\' ? std::min<size_t>(2, text.size() - at) : 1;
    out += text.substr(at, length);
    at += length;
  }
  return out;
}

bool has_no_numbers(std::string_view text) {
  return std::ranges::any_of(kNoNumbers, [&](std::string_view word) { return text.find(word) != text.npos; });
}

Json parse_strictly(std::string_view text, const std::string& source) {
  const auto limit_depth = [&](int depth, Json::parse_event_t, Json&) {
    if (depth > kMaxDepth) fail(ErrorCode::bad_input, "{}: nested deeper than {} levels", source, kMaxDepth);
    return true;
  };
  try {
    return Json::parse(text.begin(), text.end(), limit_depth);
  } catch (const nlohmann::json::exception& error) {
    fail(ErrorCode::bad_input, "{}: not valid JSON: {}", source, error.what());
  }
}

}  // namespace

Json parse_json(std::string_view text, const std::string& source) {
  try {
    return parse_strictly(text, source);
  } catch (const Error&) {
    if (!has_no_numbers(text)) throw;
  }
  return parse_strictly(with_nulls_for_no_numbers(text), source);
}

Json read_json_file(const std::string& path) { return parse_json(read_text_file(path), path); }

}  // namespace adze
