// Which files somebody read, for records of what a result was made from.
#pragma once

#include <string>
#include <vector>

namespace adze {

/// Remembers the path of every MappedFile that this thread opens while the object lives. The innermost one counts.
class OpenedFiles {
 public:
  OpenedFiles();
  ~OpenedFiles();
  OpenedFiles(const OpenedFiles&) = delete;
  OpenedFiles& operator=(const OpenedFiles&) = delete;

  /// In the order of first use, each once.
  const std::vector<std::string>& paths() const { return paths_; }

  /// Called by MappedFile::open().
  static void note(const std::string& path);

 private:
  std::vector<std::string> paths_;
  OpenedFiles* outer_;
};

}  // namespace adze
