// Files of hubs on this machine, laid out as huggingface_hub does it, so that both find what the other one fetched:
//
//   models--owner--repo/blobs/<sum>                   the bytes, each once
//   models--owner--repo/snapshots/<commit>/<path>     links to them
//   models--owner--repo/refs/<revision>               the commit that a revision was when it was last asked for
//   .locks/models--owner--repo/<sum>.lock             held while a blob is fetched
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "hub/hub_files.h"

namespace adze::hub {

class HubCache {
 public:
  /// The cache in `folder`, which need not exist yet.
  explicit HubCache(std::string folder) : folder_(std::move(folder)) {}

  const std::string& folder() const { return folder_; }
  std::string blob_path(const std::string& repository, const HubFile& file) const;
  std::string snapshot_path(const std::string& repository, const std::string& commit) const;

  /// Makes `file`, whose blob is there, appear in the snapshot of its commit.
  void link(const HubRepository& repository, const HubFile& file) const;
  void set_revision(const HubRepository& repository, const std::string& revision) const;

  /// The commit that the revision was, or that it is by itself; empty if nothing of it was fetched.
  std::optional<std::string> commit_of(const HubName& name) const;

  /// Where the model that `name` means lies: a file, the first part of a split one, or a folder.
  /// Error(not_found) for what was not fetched, Error(bad_input) for a name that means several.
  std::string model_path(const HubName& name) const;

 private:
  std::string repository_path(const std::string& repository) const;

  std::string folder_;
};

/// One process at a time: waits for another one, and says so as progress. Error(cancelled | io).
class HubLock {
 public:
  HubLock(const HubCache& cache, const std::string& repository, const std::string& name, Progress& progress);
  ~HubLock();
  HubLock(const HubLock&) = delete;
  HubLock& operator=(const HubLock&) = delete;

 private:
  int descriptor_;
};

/// The file or folder that these files of one snapshot, which lie in `folder`, are as a model. As HubCache::model_path.
std::string path_of_model(const std::string& folder, const std::vector<std::string>& paths, const HubName& name);

}  // namespace adze::hub
