#include "formats/hf_quantized/folder_quantization.h"

#include <array>
#include <filesystem>

#include "base/error.h"
#include "formats/hf/config_json.h"

namespace adze::formats {
namespace {

namespace fs = std::filesystem;

/// A file of an older tool, which knows but one method.
struct OldFile {
  const char* name;
  const char* method;
};
constexpr std::array kOldFiles = {
    OldFile{"quantize_config.json", "gptq"},
    OldFile{"quant_config.json", "awq"},
};

FolderQuantization checked(Json settings, std::string where, const std::string& fallback) {
  if (!settings.is_object()) fail(ErrorCode::bad_input, "{}: not an object", where);
  auto method = json_value<std::string>(settings, "quant_method", fallback, where);
  if (method.empty()) fail(ErrorCode::bad_input, "{}: \"quant_method\" is missing", where);
  return {std::move(method), std::move(settings), std::move(where)};
}

}  // namespace

std::optional<FolderQuantization> folder_quantization(const std::string& path) {
  const Json config = read_json_file((fs::path(path) / "config.json").string());
  if (const auto* key = quantization_key_of(config)) {
    return checked(config[key], fmt::format("{}/config.json: \"{}\"", path, key), "");
  }
  for (const auto& file : kOldFiles) {
    const auto old = (fs::path(path) / file.name).string();
    if (std::error_code ignored; !fs::is_regular_file(old, ignored)) continue;
    return checked(read_json_file(old), old, file.method);
  }
  return std::nullopt;
}

}  // namespace adze::formats
