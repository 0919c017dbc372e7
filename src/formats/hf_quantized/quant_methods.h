// Hugging Face folders whose weights are quantized: "quantization_config.quant_method" selects the reader.
// quant_methods.cpp is the table.
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "formats/format.h"
#include "formats/hf_quantized/folder_quantization.h"
#include "formats/hf_quantized/write_quantized.h"

namespace adze::formats {

struct QuantMethod {
  std::string_view name;  // "gptq", as transformers spells it; also that of the format

  /// Makes packed tensors "X.weight" of the arrays of each quantized module X; the others stay as they are. Names are
  /// Hugging Face's.
  std::vector<model::Tensor> (*arrange)(std::vector<model::Tensor> tensors, const FolderQuantization& quantization);

  const QuantWriter* writer = nullptr;  // null for a method that can only be read
};

std::span<const QuantMethod> all_quant_methods();

bool is_folder_quantized_by(std::string_view method, const std::string& path);
model::Model read_folder_quantized_by(std::string_view method, const std::string& path, const ReadOptions& options);

/// REQUIRES: a method with a writer.
void write_folder_quantized_by(std::string_view method, const model::Model& model, const std::string& path,
                               const WriteOptions& options);

/// A name as an argument of a template, for the table of formats.
template <size_t kSize>
struct MethodName {
  char text[kSize];
  constexpr MethodName(const char (&name)[kSize]) { std::copy_n(name, kSize, text); }
  constexpr std::string_view view() const { return {text, kSize - 1}; }
};

template <MethodName kName>
bool is_quantized_by(const std::string& path) {
  return is_folder_quantized_by(kName.view(), path);
}

template <MethodName kName>
model::Model read_quantized_by(const std::string& path, const ReadOptions& options) {
  return read_folder_quantized_by(kName.view(), path, options);
}

template <MethodName kName>
void write_quantized_by(const model::Model& model, const std::string& path, const WriteOptions& options) {
  write_folder_quantized_by(kName.view(), model, path, options);
}

}  // namespace adze::formats
