#include "base/output_place.h"

#include <filesystem>

#include "base/error.h"

namespace adze {

namespace fs = std::filesystem;

namespace {

constexpr int kMaxLinks = 40;

void require_file_or_nothing(const std::string& path) {
  std::error_code ignored;
  const fs::file_status status = fs::status(path, ignored);
  if (fs::is_directory(status)) fail(ErrorCode::bad_input, "{}: is a folder; name a file in it", path);
  if (!fs::exists(status) || fs::is_regular_file(status) || status.type() == fs::file_type::none) return;
  fail(ErrorCode::bad_input, "{}: is a device or a pipe, not a file; name a file to write", path);
}

}  // namespace

std::string behind_links(const std::string& path) {
  fs::path place = path;
  std::error_code ignored;
  for (int links = 0; fs::is_symlink(place, ignored); ++links) {
    if (links == kMaxLinks) fail(ErrorCode::bad_input, "{}: is a link that leads round in circles", path);
    if (place.string().starts_with("/proc/")) {
      fail(ErrorCode::bad_input, "{}: is an open file of a process; name a file to write", path);
    }
    place = place.parent_path() / fs::read_symlink(place, ignored);
  }
  return place.string();
}

std::string output_place(const std::string& path) {
  require_file_or_nothing(path);
  return behind_links(path);
}

}  // namespace adze
