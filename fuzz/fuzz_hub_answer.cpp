// Any text as an answer of a hub, headers and a body behind an empty line: an Error, or a commit and files that have
// safe paths and real sums, of which names mean some.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "hub/http_client.h"
#include "hub/hub_name.h"
#include "hub/repository_answers.h"

namespace {

using namespace adze;

// Lines up to an empty one go to the answer; what is left is the body.
std::string_view take_headers(std::string_view text, hub::HttpAnswer& answer) {
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    const auto line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line == "\r") break;
    hub::take_header_line(answer, line);
  }
  return text;
}

void use_files(const Json& json) {
  std::vector<std::string> paths;
  for (const auto& file : hub::files_listed(json, "answer")) {
    if (!hub::is_safe_path(file.path) || file.blob_name().size() < 40) std::abort();
    paths.push_back(file.path);
  }
  hub::gguf_models_among(paths);
  for (const auto& path : paths) hub::matching_paths(paths, path);
  hub::paths_of_model(paths, "owner/repo");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  hub::HttpAnswer answer;
  const auto body = take_headers(text, answer);
  if (hub::address_of_next_page(answer).size() > size || hub::asked_wait_seconds(answer) == 1) return 0;
  try {
    const Json json = parse_json(body, "answer");
    if (json.is_object()) {
      if (hub::commit_described(json, "answer").size() != 40) std::abort();
    } else {
      use_files(json);
    }
  } catch (const Error&) {
  }
  try {
    if (const auto name = hub::parse_hub_name(std::string(body))) hub::parse_hub_name(name->text());
  } catch (const Error&) {
  }
  return 0;
}
