// lint: foreign names: Ollama's store
#include "formats/ollama/ollama_store.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>

#include "base/error.h"

namespace adze::formats {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kScheme = "ollama://";
constexpr std::string_view kHost = "registry.ollama.ai";
constexpr std::string_view kSpace = "library";
constexpr std::string_view kTag = "latest";
constexpr std::string_view kLayerKind = "application/vnd.ollama.image.";
constexpr size_t kMaxPartBytes = 255;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

// A folder or file of the store; '.' cannot begin it, so it stays where it is. A host may have a port.
bool is_part(std::string_view text, bool is_host = false) {
  const auto is_plain = [&](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.' || (is_host && c == ':');
  };
  return !text.empty() && text.size() <= kMaxPartBytes && text.front() != '.' && std::ranges::all_of(text, is_plain);
}

std::vector<std::string_view> divided(std::string_view text) {
  std::vector<std::string_view> parts;
  for (size_t begin = 0; begin <= text.size();) {
    const size_t end = std::min(text.find('/', begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

// The real path of something in the store. A link that leads out of it is refused.
std::string inside_store(const fs::path& path, const std::string& store) {
  std::error_code error;
  const auto real = fs::canonical(path, error);
  if (error) fail(ErrorCode::not_found, "{}: is not in the store: {}", path.string(), error.message());
  const auto root = fs::canonical(store, error);
  const auto [end, unused] = std::mismatch(root.begin(), root.end(), real.begin(), real.end());
  if (!error && end == root.end()) return real.string();
  fail(ErrorCode::bad_input, "{}: is a link out of the store {}, which is not followed", path.string(), store);
}

std::string blob_path(const std::string& digest, const std::string& source, const std::string& store) {
  constexpr std::string_view kAlgorithm = "sha256:";
  const auto sum = digest.starts_with(kAlgorithm) ? digest.substr(kAlgorithm.size()) : std::string();
  if (sum.size() != 64 || sum.find_first_not_of("0123456789abcdef") != sum.npos) {
    fail(ErrorCode::bad_input, "{}: '{}' is no SHA-256 of a blob", source, digest.substr(0, 100));
  }
  return inside_store(fs::path(store) / "blobs" / ("sha256-" + sum), store);
}

}  // namespace

std::string ollama_store_folder() {
  if (const auto chosen = environment("OLLAMA_MODELS"); !chosen.empty()) return chosen;
  return environment("HOME") + "/.ollama/models";
}

std::string ollama_manifest_path(std::string_view name, const std::string& store) {
  const std::string text(name);
  if (name.starts_with(kScheme)) name.remove_prefix(kScheme.size());
  auto parts = divided(name);
  std::string_view tag = kTag;
  if (const size_t colon = parts.back().find(':'); colon != std::string_view::npos) {
    tag = parts.back().substr(colon + 1);
    parts.back() = parts.back().substr(0, colon);
  }
  if (parts.size() == 1) parts.insert(parts.begin(), kSpace);
  if (parts.size() == 2) parts.insert(parts.begin(), kHost);
  const bool is_name =
      parts.size() == 3 && is_part(parts[0], true) && is_part(parts[1]) && is_part(parts[2]) && is_part(tag);
  if (!is_name) {
    fail(ErrorCode::bad_input, "'{}': models of Ollama are called ollama://name:tag or ollama://space/name:tag", text);
  }
  const auto path = fs::path(store) / "manifests" / parts[0] / parts[1] / parts[2] / tag;
  std::error_code ignored;
  if (!fs::exists(path, ignored)) {
    fail(ErrorCode::not_found, "{}: is not in Ollama's store {}; get it with `ollama pull {}`", text, store, name);
  }
  return inside_store(path, store);
}

bool is_ollama_manifest(const Json& json) {
  if (!json.is_object()) return false;
  const auto layers = json.find("layers");
  if (layers == json.end() || !layers->is_array()) return false;
  return std::ranges::any_of(*layers, [](const Json& layer) {
    const auto type = layer.is_object() ? layer.find("mediaType") : layer.end();
    return layer.is_object() && type != layer.end() && type->is_string() &&
           type->get_ref<const std::string&>().starts_with(kLayerKind);
  });
}

std::vector<OllamaLayer> ollama_layers(const Json& manifest, const std::string& path, const std::string& store) {
  std::vector<OllamaLayer> layers;
  for (const Json& layer : manifest.at("layers")) {
    if (!layer.is_object()) fail(ErrorCode::bad_input, "{}: a layer is no object", path);
    const auto type = json_value(layer, "mediaType", std::string(), path);
    if (!type.starts_with(kLayerKind)) continue;
    layers.push_back(
        {type.substr(kLayerKind.size()), blob_path(json_value(layer, "digest", std::string(), path), path, store)});
  }
  return layers;
}

std::string store_of_manifest(const std::string& path) {
  std::error_code error;
  auto folder = fs::absolute(path, error).lexically_normal().parent_path();
  while (folder.has_relative_path()) {
    if (folder.filename() == "manifests") return folder.parent_path().string();
    folder = folder.parent_path();
  }
  fail(ErrorCode::bad_input,
       "{}: a manifest of Ollama, but not in a store (models/manifests/…), so its blobs are unknown", path);
}

}  // namespace adze::formats
