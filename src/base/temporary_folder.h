#pragma once

#include <string>

namespace adze {

/// The system's folder for such things (TMPDIR).
std::string folder_for_temporaries();

/// A folder of its own name, which goes with everything in it when the object does.
class TemporaryFolder {
 public:
  /// Its name begins with `prefix`, which may have folders in front. Throws Error(io) if it cannot be created.
  explicit TemporaryFolder(const std::string& prefix);
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace adze
