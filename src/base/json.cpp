#include "base/json.h"

#include "base/file.h"

namespace adze {
namespace {

// The parser keeps its own stack, but printing and destroying a value recurse.
constexpr int kMaxDepth = 200;

}  // namespace

Json parse_json(std::string_view text, const std::string& source) {
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

Json read_json_file(const std::string& path) { return parse_json(read_text_file(path), path); }

}  // namespace adze
