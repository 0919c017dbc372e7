#include "base/temporary_folder.h"

#include <stdlib.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/error.h"

namespace adze {

std::string folder_for_temporaries() {
  std::error_code ignored;
  const auto folder = std::filesystem::temp_directory_path(ignored);
  return folder.empty() ? "/tmp" : folder.string();
}

TemporaryFolder::TemporaryFolder(const std::string& prefix) : path_(prefix + ".XXXXXX") {
  if (::mkdtemp(path_.data())) return;
  fail(ErrorCode::io, "{}: cannot create a folder here: {}", prefix, std::strerror(errno));
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace adze
