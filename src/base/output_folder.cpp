#include "base/output_folder.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "base/error.h"

namespace adze {
namespace fs = std::filesystem;

namespace {

std::string without_final_slashes(std::string path) {
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  return path;
}

void refuse_full_folder(const std::string& path) {
  std::error_code ignored;
  if (!fs::exists(path, ignored)) return;
  if (fs::is_directory(path, ignored) && fs::is_empty(path, ignored)) return;
  fail(ErrorCode::bad_input, "{}: already exists; choose another folder or remove it", path);
}

}  // namespace

OutputFolder::OutputFolder(const std::string& path) : path_(without_final_slashes(path)) {
  refuse_full_folder(path_);
  temporary_path_ = path_ + ".XXXXXX";
  if (!::mkdtemp(temporary_path_.data())) {
    fail(ErrorCode::io, "{}: cannot create a folder here: {}", path_, std::strerror(errno));
  }
  const mode_t mask = ::umask(0);
  ::umask(mask);
  ::chmod(temporary_path_.c_str(), 0777 & ~mask);
}

OutputFolder::~OutputFolder() {
  std::error_code ignored;
  if (!committed_) fs::remove_all(temporary_path_, ignored);
}

std::string OutputFolder::path_of(const std::string& name) const { return temporary_path_ + "/" + name; }

void OutputFolder::commit() {
  if (::rename(temporary_path_.c_str(), path_.c_str()) != 0) {
    fail(ErrorCode::io, "{}: cannot rename the finished folder: {}", path_, std::strerror(errno));
  }
  committed_ = true;
}

}  // namespace adze
