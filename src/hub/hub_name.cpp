#include "hub/hub_name.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

#include "base/error.h"

namespace adze::hub {
namespace {

constexpr std::string_view kScheme = "hf:";
constexpr size_t kMaxNameBytes = 1024;

bool is_name_part(std::string_view text) {
  const auto is_plain = [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.';
  };
  return !text.empty() && text.front() != '.' && text.find("..") == text.npos && std::ranges::all_of(text, is_plain);
}

[[noreturn]] void fail_name(const std::string& text) {
  fail(ErrorCode::bad_input,
       "'{}': a model of a hub is called hf:owner/repo, hf:owner/repo@revision or hf:owner/repo:file", text);
}

std::string lowered(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

std::string_view name_of(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// The name of a GGUF file without its number: parts of one model have the same.
std::string_view without_part(std::string_view path) {
  constexpr std::string_view kForm = "-00001-of-00003.gguf";
  if (path.size() <= kForm.size()) return path;
  const auto tail = path.substr(path.size() - kForm.size());
  for (size_t i = 0; i < kForm.size(); ++i) {
    const bool digit = kForm[i] >= '0' && kForm[i] <= '9';
    if (digit ? (tail[i] < '0' || tail[i] > '9') : tail[i] != kForm[i]) return path;
  }
  return path.substr(0, path.size() - kForm.size());
}

bool is_weights(std::string_view path) { return path.ends_with(".gguf") || path.ends_with(".safetensors"); }

// Beside the weights: everything that a reader of such folders may ask for.
bool is_side_file(std::string_view path) {
  constexpr std::array kOthers = {std::string_view("merges.txt"), std::string_view("vocab.txt"),
                                  std::string_view("README.md"), std::string_view("LICENSE")};
  if (path.find('/') != path.npos) return false;
  return path.ends_with(".json") || path.ends_with(".model") || path.ends_with(".jinja") ||
         std::ranges::find(kOthers, path) != kOthers.end();
}

std::vector<std::string> only(const std::vector<std::string>& paths, bool (*wanted)(std::string_view)) {
  std::vector<std::string> found;
  std::ranges::copy_if(paths, std::back_inserter(found), wanted);
  return found;
}

// Weights at the top of the repository; others are in folders for other programs.
bool is_safetensors_of_folder(std::string_view path) {
  return path.find('/') == path.npos && path.ends_with(".safetensors") && !path.starts_with("consolidated") &&
         !path.starts_with("adapter_");
}
bool is_pytorch_of_folder(std::string_view path) {
  return path.find('/') == path.npos && path.starts_with("pytorch_model") && path.ends_with(".bin");
}
// Projectors of images and importance matrices are no models of their own.
bool is_gguf_model(std::string_view path) {
  const auto name = lowered(name_of(path));
  return path.ends_with(".gguf") && name.find("mmproj") == name.npos && name.find("imatrix") == name.npos;
}

}  // namespace

std::string HubName::text() const {
  return fmt::format("{}{}{}{}", kScheme, repository, revision == "main" ? "" : "@" + revision,
                     file.empty() ? "" : ":" + file);
}

std::optional<HubName> parse_hub_name(const std::string& text) {
  if (!text.starts_with(kScheme)) return std::nullopt;
  std::string rest = text.substr(kScheme.size());
  HubName name;
  if (text.size() > kMaxNameBytes) fail_name(text.substr(0, 80) + "…");
  if (const auto colon = rest.find(':'); colon != rest.npos) {
    name.file = rest.substr(colon + 1);
    rest.resize(colon);
    if (name.file.empty() || !is_safe_path(name.file)) fail_name(text);
  }
  if (const auto at = rest.find('@'); at != rest.npos) {
    name.revision = rest.substr(at + 1);
    rest.resize(at);
    if (!is_safe_path(name.revision)) fail_name(text);
  }
  const auto slash = rest.find('/');
  if (slash == rest.npos || !is_name_part(rest.substr(0, slash)) || !is_name_part(rest.substr(slash + 1))) {
    fail_name(text);
  }
  name.repository = rest;
  return name;
}

bool is_safe_path(std::string_view path) {
  if (path.empty() || path.size() > kMaxNameBytes) return false;
  if (std::ranges::any_of(path,
                          [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F || c == '\\'; })) {
    return false;
  }
  for (size_t begin = 0; begin <= path.size();) {
    const auto end = std::min(path.find('/', begin), path.size());
    const auto part = path.substr(begin, end - begin);
    if (part.empty() || part == "." || part == "..") return false;
    begin = end + 1;
  }
  return true;
}

bool matches_pattern(std::string_view pattern, std::string_view text) {
  size_t p = 0, t = 0, star = pattern.npos, star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == text[t]) && pattern[p] != '*') {
      ++p, ++t;
    } else if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      star_text = t;
    } else if (star != pattern.npos) {
      p = star + 1;
      t = ++star_text;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

std::vector<std::string> matching_paths(const std::vector<std::string>& paths, const std::string& wanted) {
  std::set<std::string_view> models;  // without the numbers of their parts
  const auto take = [&](const auto& matches) {
    for (const auto& path : paths) {
      if (matches(path)) models.insert(without_part(path));
    }
    return !models.empty();
  };
  const auto word = lowered(wanted);
  [[maybe_unused]] const bool found =
      take([&](const std::string& path) { return path == wanted; }) || take([&](const std::string& path) {
        return matches_pattern(wanted, path) || matches_pattern(wanted, name_of(path));
      }) ||
      take([&](const std::string& path) { return is_weights(path) && lowered(name_of(path)).find(word) != word.npos; });
  std::vector<std::string> matching;
  std::ranges::copy_if(paths, std::back_inserter(matching),
                       [&](const std::string& path) { return models.contains(without_part(path)); });
  return matching;
}

size_t gguf_models_among(const std::vector<std::string>& paths) {
  std::set<std::string_view> models;
  for (const auto& path : paths) {
    if (path.ends_with(".gguf")) models.insert(without_part(path));
  }
  return models.size();
}

std::vector<std::string> paths_of_model(const std::vector<std::string>& paths, const std::string& repository) {
  for (const auto is_weight_of_folder : {is_safetensors_of_folder, is_pytorch_of_folder}) {
    auto weights = only(paths, is_weight_of_folder);
    if (weights.empty() || std::ranges::find(paths, "config.json") == paths.end()) continue;
    auto all = only(paths, is_side_file);
    all.insert(all.end(), weights.begin(), weights.end());
    return all;
  }
  auto gguf = only(paths, is_gguf_model);
  std::set<std::string_view> models;
  for (const auto& path : gguf) models.insert(without_part(path));
  if (models.size() == 1) return gguf;
  if (models.empty()) {
    fail(ErrorCode::not_found, "{}: has no safetensors with a config.json and no GGUF file; name a file: hf:{}:FILE",
         repository, repository);
  }
  std::string list;
  for (const auto& path : models) list += fmt::format("\n  {}", path);
  fail(ErrorCode::bad_input, "{}: has {} GGUF models; choose one, by its name or a word in it, as hf:{}:Q4_K_M:{}",
       repository, models.size(), repository, list);
}

}  // namespace adze::hub
