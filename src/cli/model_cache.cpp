#include "cli/model_cache.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "cli/model_overview.h"

namespace adze::cli {
namespace {

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

}  // namespace

std::string cache_folder() {
  if (const auto chosen = environment("ADZE_CACHE"); !chosen.empty()) return chosen;
  if (const auto shared = environment("XDG_CACHE_HOME"); !shared.empty()) return shared + "/adze";
  return environment("HOME") + "/.cache/adze";
}

std::string model_cache_folder() { return cache_folder() + "/models"; }

std::vector<CachedModel> cached_models() {
  std::vector<CachedModel> models;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator(model_cache_folder(), ignored)) {
    models.push_back({entry.path().string(), stored_bytes(entry.path().string())});
  }
  std::sort(models.begin(), models.end(), [](const auto& a, const auto& b) { return a.path < b.path; });
  return models;
}

}  // namespace adze::cli
