// What a folder of AWQ says about its weights.
#pragma once

#include <cstdint>

#include "formats/hf_quantized/folder_quantization.h"

namespace adze::formats {

struct AwqQuantization {
  int64_t group = 128;    // -1: all inputs
  bool has_zeros = true;  // "zero_point"

  /// Error(bad_input) for keys of wrong types, Error(unsupported) for bits and arrangements that are not known.
  static AwqQuantization read(const FolderQuantization& folder);
};

}  // namespace adze::formats
