// A model of a hub onto this machine.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "hub/hub_cache.h"

namespace adze::hub {

struct PulledFile {
  std::string path;  // in the repository
  uint64_t bytes = 0;
  bool was_there = false;  // in the cache, complete
};

struct PullReport {
  std::string repository;
  std::string commit;
  std::string model_path;  // what to give to other verbs: a file, or a folder of several
  std::string folder;      // of the snapshot
  std::vector<PulledFile> files;
  uint64_t fetched_bytes = 0;
  double seconds = 0;
};

/// Files appear in the cache one by one, each complete and with the right sum. Throws Error as list_repository() and
/// download() do; not_found when no file is called so.
PullReport pull(const HubName& name, const HubCache& cache, const HubOptions& options,
                Progress& progress = no_progress());

/// The same, but nothing is fetched: which files that would be, and which are there.
PullReport plan_pull(const HubName& name, const HubCache& cache, const HubOptions& options,
                     Progress& progress = no_progress());

/// The files of the repository that `name` means. Error(not_found).
std::vector<HubFile> files_meant(const HubRepository& repository, const HubName& name);

}  // namespace adze::hub
