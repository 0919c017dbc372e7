#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace adze::cli {

/// Where fetched models are kept: $ADZE_CACHE/models, else $XDG_CACHE_HOME/adze/models, else ~/.cache/adze/models.
std::string model_cache_folder();

struct CachedModel {
  std::string path;
  int64_t bytes = 0;
};

/// What lies there, sorted by path; empty when there is no such folder.
std::vector<CachedModel> cached_models();

}  // namespace adze::cli
