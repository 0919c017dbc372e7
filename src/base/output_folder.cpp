#include "base/output_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/error.h"
#include "base/output_place.h"

namespace adze {
namespace fs = std::filesystem;

namespace {

std::string without_final_slashes(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

/// `path`, if a folder of this name can be written.
const std::string& writable(const std::string& path) {
  std::error_code ignored;
  const bool is_free = !fs::exists(path, ignored) || (fs::is_directory(path, ignored) && fs::is_empty(path, ignored));
  if (!is_free) fail(ErrorCode::bad_input, "{}: already exists; choose another folder or remove it", path);
  return path;
}

}  // namespace

OutputFolder::OutputFolder(const std::string& path)
    : path_(behind_links(without_final_slashes(path))), temporary_(writable(path_)) {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  ::chmod(temporary_.path().c_str(), 0777 & ~mask);
}

std::string OutputFolder::path_of(const std::string& name) const { return temporary_.path() + "/" + name; }

void OutputFolder::commit() {
  if (::rename(temporary_.path().c_str(), path_.c_str()) != 0) {
    fail(ErrorCode::io, "{}: cannot rename the finished folder: {}", path_, std::strerror(errno));
  }
}

}  // namespace adze
