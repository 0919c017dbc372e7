// How each method stores a quantized matrix: which arrays there are, what they are called and how codes lie in them.
// Readers and writers share these.
#pragma once

#include <string_view>

#include "formats/hf_quantized/code_arrays.h"

namespace adze::formats {

/// The parts of a module's name; empty: there is no such array.
struct MatrixForm {
  std::string_view codes_part;
  std::string_view zeros_part;
  std::string_view scales_part;
  std::string_view order_part;  // the group of every input
  std::string_view shape_part;  // [outputs, inputs]
  CodeLayout codes;
  CodeLayout zeros;
  ScaleLayout scales;
  bool always_has_zeros = false;  // also where all are half of the number of codes
  bool always_has_order = false;  // also where groups are consecutive
};

/// AutoGPTQ's and GPTQModel's.
MatrixForm gptq_form(int bits);
/// AutoAWQ's "gemm".
MatrixForm awq_form();
/// compressed-tensors: words of codes, and one byte to a code.
MatrixForm packed_form(const WordPacking& packing);
MatrixForm byte_form(const WordPacking& packing);

}  // namespace adze::formats
