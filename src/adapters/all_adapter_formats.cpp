// The table of adapter formats. To add one: a reader and a writer, a test with hostile files, and a line here.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>

#include "adapters/adapter_format.h"
#include "adapters/gguf_adapter.h"
#include "adapters/mlx_adapter.h"
#include "adapters/peft_adapter.h"
#include "base/error.h"

namespace adze::adapters {
namespace {

// In the order in which they are asked: both kinds of folders have an adapter_config.json.
constexpr std::array kFormats = {
    AdapterFormat{.name = "peft",
                  .summary = "PEFT: LoRA and DoRA, whole modules and biases; safetensors or PyTorch",
                  .path_pattern = "a folder with adapter_config.json and adapter_model.*",
                  .recognizes = is_peft_adapter,
                  .read = read_peft_adapter,
                  .write = write_peft_adapter},
    AdapterFormat{.name = "mlx",
                  .summary = "mlx-lm: LoRA, DoRA or whole weights, one rank and one scale for all",
                  .path_pattern = "a folder with adapter_config.json and adapters.safetensors",
                  .recognizes = is_mlx_adapter,
                  .read = read_mlx_adapter,
                  .write = write_mlx_adapter},
    AdapterFormat{.name = "gguf",
                  .summary = "llama.cpp: LoRA, one alpha for all",
                  .path_pattern = "*.gguf",
                  .recognizes = is_gguf_adapter,
                  .read = read_gguf_adapter,
                  .write = write_gguf_adapter},
};

std::string names() {
  std::string list;
  for (const auto& format : kFormats) list += (list.empty() ? "" : ", ") + std::string(format.name);
  return list;
}

}  // namespace

std::span<const AdapterFormat> all_adapter_formats() { return kFormats; }

const AdapterFormat& adapter_format_named(std::string_view name) {
  const auto found = std::ranges::find(kFormats, name, &AdapterFormat::name);
  if (found == kFormats.end()) {
    fail(ErrorCode::unsupported, "unknown adapter format \"{}\"; known are {}", name, names());
  }
  return *found;
}

const AdapterFormat& adapter_format_of(const std::string& path) {
  if (std::error_code ignored; !std::filesystem::exists(path, ignored)) {
    fail(ErrorCode::not_found, "{}: no such file or folder", path);
  }
  const auto found = std::ranges::find_if(kFormats, [&](const auto& format) { return format.recognizes(path); });
  if (found != kFormats.end()) return *found;
  std::string readable;
  for (const auto& format : kFormats) readable += fmt::format("\n  {:6} {}", format.name, format.path_pattern);
  fail(ErrorCode::unsupported, "{}: not an adapter in a format that can be read:{}", path, readable);
}

const AdapterFormat& adapter_format_for(const std::string& path) {
  return adapter_format_named(path.ends_with(".gguf") ? "gguf" : "peft");
}

model::Adapter read_adapter(const std::string& path, const model::Model& base) {
  model::Adapter adapter = adapter_format_of(path).read(path, base);
  model::check_adapter(adapter, base);
  return adapter;
}

}  // namespace adze::adapters
