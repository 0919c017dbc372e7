#include "hub/repository_answers.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"

namespace adze::hub {
namespace {

bool is_hexadecimal(std::string_view text, size_t digits) {
  return text.size() == digits &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

HubFile file_from(const Json& entry, const std::string& source) {
  HubFile file;
  file.path = json_value(entry, "path", std::string(), source);
  if (!is_safe_path(file.path))
    fail(ErrorCode::bad_input, "{}: the file name '{}' leaves its folder", source, file.path);
  file.bytes = json_value(entry, "size", uint64_t{0}, source);
  file.git_id = json_value(entry, "oid", std::string(), source);
  if (const auto lfs = entry.find("lfs"); lfs != entry.end() && lfs->is_object()) {
    file.sha256 = json_value(*lfs, "oid", std::string(), source);
    if (file.sha256.starts_with("sha256:")) file.sha256.erase(0, 7);
    file.bytes = json_value(*lfs, "size", file.bytes, source);
    if (!is_hexadecimal(file.sha256, 64)) {
      fail(ErrorCode::bad_input, "{}: '{}' has the sum '{}', which is no SHA-256", source, file.path, file.sha256);
    }
  } else if (!is_hexadecimal(file.git_id, 40)) {
    fail(ErrorCode::bad_input, "{}: '{}' has no sum to check it by", source, file.path);
  }
  return file;
}

}  // namespace

std::string commit_described(const Json& json, const std::string& source) {
  if (!json.is_object()) fail(ErrorCode::bad_input, "{}: does not describe a repository", source);
  auto commit = json_value(json, "sha", std::string(), source);
  if (!is_hexadecimal(commit, 40)) {
    fail(ErrorCode::bad_input, "{}: names the commit '{}', which is none", source, commit);
  }
  return commit;
}

std::vector<HubFile> files_listed(const Json& json, const std::string& source) {
  if (!json.is_array()) fail(ErrorCode::bad_input, "{}: is no list of files", source);
  std::vector<HubFile> files;
  for (const auto& entry : json) {
    if (!entry.is_object()) fail(ErrorCode::bad_input, "{}: is no list of files", source);
    if (json_value(entry, "type", std::string(), source) == "file") files.push_back(file_from(entry, source));
  }
  return files;
}

// <…>; rel="next"
std::string address_of_next_page(const HttpAnswer& answer) {
  const auto link = answer.header("link");
  const auto begin = link.find('<');
  const auto end = link.find('>');
  if (begin == link.npos || end == link.npos || end < begin || link.find("rel=\"next\"") == link.npos) return {};
  return link.substr(begin + 1, end - begin - 1);
}

int64_t asked_wait_seconds(const HttpAnswer& answer) {
  const auto asked = answer.header("retry-after");
  int64_t seconds = 0;
  const auto [end, error] = std::from_chars(asked.data(), asked.data() + asked.size(), seconds);
  return error == std::errc() ? seconds : 0;
}

}  // namespace adze::hub
