// The table of formats. To add one: write its folder, add a line here and a page in docs/formats/.
#include <array>
#include <filesystem>
#include <string>

#include "base/error.h"
#include "formats/format.h"
#include "formats/gguf/read_gguf.h"
#include "formats/gguf/write_gguf.h"
#include "formats/safetensors/read_safetensors.h"
#include "formats/safetensors/write_safetensors.h"

namespace adze::formats {
namespace {

constexpr std::array kFormats = {
    Format{"gguf", "GGUF: one file or numbered parts, with config, tokenizer and quantized tensors", "*.gguf", is_gguf,
           read_gguf, write_gguf},
    Format{"safetensors", "safetensors: one file with a bare set of tensors", "*.safetensors", is_safetensors,
           read_safetensors, write_safetensors},
};

std::string names() {
  std::string list;
  for (const auto& format : kFormats) list += (list.empty() ? "" : ", ") + std::string(format.name);
  return list;
}

}  // namespace

std::span<const Format> all_formats() { return kFormats; }

const Format& format_named(std::string_view name) {
  for (const auto& format : kFormats) {
    if (format.name == name) return format;
  }
  fail(ErrorCode::unsupported, "unknown format \"{}\"; known are {}", name, names());
}

const Format& format_of(const std::string& path) {
  if (std::error_code ignored; !std::filesystem::exists(path, ignored)) {
    fail(ErrorCode::not_found, "{}: no such file or folder", path);
  }
  for (const auto& format : kFormats) {
    if (format.recognizes(path)) return format;
  }
  std::string readable;
  for (const auto& format : kFormats) readable += fmt::format("\n  {:12} {}", format.name, format.file_pattern);
  fail(ErrorCode::unsupported, "{}: not a model in a format that can be read:{}", path, readable);
}

model::Model read_model(const std::string& path, const ReadOptions& options) {
  return format_of(path).read(path, options);
}

}  // namespace adze::formats
