#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace adze::cli {

/// What may be lost: $ADZE_CACHE, else $XDG_CACHE_HOME/adze, else ~/.cache/adze.
std::string cache_folder();
/// Where fetched models are kept: `models` in the cache folder.
std::string model_cache_folder();

struct CachedModel {
  std::string path;
  int64_t bytes = 0;
};

/// What lies there, sorted by path; empty when there is no such folder.
std::vector<CachedModel> cached_models();

}  // namespace adze::cli
