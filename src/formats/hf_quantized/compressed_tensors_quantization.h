// What a folder of compressed-tensors says about its weights.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "formats/hf_quantized/folder_quantization.h"
#include "text/tokenizers/regex.h"

namespace adze::formats {

enum class CompressedForm { packed, bytes };  // 32-bit words of codes, or one byte to a code

/// How the weights of some modules are quantized.
struct CompressedScheme {
  CompressedForm form = CompressedForm::packed;
  bool is_float = false;  // 8-bit floats; else integers
  int bits = 4;
  bool is_symmetric = true;
  int64_t group = -1;  // inputs that share a scale; -1: all
};

class CompressedTensorsQuantization {
 public:
  /// Error(bad_input) for keys of wrong types, Error(unsupported) for forms and strategies that are not known.
  static CompressedTensorsQuantization read(const FolderQuantization& folder);

  /// Of the group that names the module, else whose pattern fits it, else that is for all modules of a class; null
  /// where there is none.
  const CompressedScheme* find(std::string_view module) const;
  const std::string& where() const { return where_; }

 private:
  struct ConfigGroup {
    CompressedScheme scheme;
    std::vector<std::string> names;
    std::vector<text::Regex> patterns;
  };
  static ConfigGroup read_group(const Json& json, const std::string& format, const std::string& where);

  std::vector<ConfigGroup> groups_;
  std::string where_;
};

}  // namespace adze::formats
