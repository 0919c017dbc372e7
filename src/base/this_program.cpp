#include "base/this_program.h"

#include <filesystem>

namespace adze {

std::string_view program_version() { return ADZE_VERSION; }

std::string program_path() {
  std::error_code failed;
  const auto path = std::filesystem::read_symlink("/proc/self/exe", failed);
  return failed ? std::string() : path.string();
}

}  // namespace adze
