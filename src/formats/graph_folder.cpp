#include "formats/graph_folder.h"

#include <filesystem>

namespace adze::formats {

namespace fs = std::filesystem;

std::string graph_file(const std::string& path, std::string_view name) {
  std::error_code ignored;
  const fs::path folder(path), file = folder / name;
  const bool is_language_model =
      fs::exists(folder / "config.json", ignored) || fs::exists(folder / "genai_config.json", ignored);
  return !is_language_model && fs::is_regular_file(file, ignored) ? file.string() : path;
}

}  // namespace adze::formats
