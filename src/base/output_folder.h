#pragma once

#include <string>

#include "base/temporary_folder.h"

namespace adze {

/// A folder of files that appears complete or not at all: files are written into a temporary folder beside `path`,
/// which commit() renames. Destroyed without commit(), it removes everything.
class OutputFolder {
 public:
  /// Error(bad_input) if `path` exists and is not an empty folder; Error(io) if nothing can be created there.
  explicit OutputFolder(const std::string& path);

  /// Where to write the file `name` until commit(). Use OutputFile, so that its bytes are synced.
  std::string path_of(const std::string& name) const;
  void commit();

 private:
  std::string path_;
  TemporaryFolder temporary_;  // of a committed one nothing is left
};

}  // namespace adze
