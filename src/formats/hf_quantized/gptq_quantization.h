// What a folder of GPTQ says about its weights.
#pragma once

#include <cstdint>

#include "formats/hf_quantized/folder_quantization.h"

namespace adze::formats {

struct GptqQuantization {
  int bits = 4;             // 2, 3, 4 or 8
  int64_t group = 128;      // -1: all inputs
  int zero_shift = 1;       // of checkpoint format "gptq", which stores zero points minus one; 0 for "gptq_v2"
  bool may_differ = false;  // single modules may have other bits and groups, which their shapes tell

  /// Error(bad_input) for keys of wrong types, Error(unsupported) for bits and checkpoint formats that are not known.
  static GptqQuantization read(const FolderQuantization& folder);
};

}  // namespace adze::formats
