#include "formats/hf_quantized/matrix_form.h"

namespace adze::formats {

MatrixForm gptq_form(int bits) {
  const auto& packing = stream_packing(bits);
  return {.codes_part = ".qweight",
          .zeros_part = ".qzeros",
          .scales_part = ".scales",
          .order_part = ".g_idx",
          .shape_part = "",
          .codes = {&packing, true, false},
          .zeros = {&packing, true, true},
          .scales = ScaleLayout::by_group,
          .always_has_zeros = true,
          .always_has_order = true};
}

MatrixForm awq_form() {
  return {.codes_part = ".qweight",
          .zeros_part = ".qzeros",
          .scales_part = ".scales",
          .order_part = "",
          .shape_part = "",
          .codes = {&awq_packing, true, true},
          .zeros = {&awq_packing, true, true},
          .scales = ScaleLayout::by_group,
          .always_has_zeros = true};
}

MatrixForm packed_form(const WordPacking& packing) {
  return {.codes_part = ".weight_packed",
          .zeros_part = ".weight_zero_point",
          .scales_part = ".weight_scale",
          .order_part = ".weight_g_idx",
          .shape_part = ".weight_shape",
          .codes = {&packing, false, true},
          .zeros = {&packing, false, false},
          .scales = ScaleLayout::by_output};
}

MatrixForm byte_form(const WordPacking& packing) {
  return {.codes_part = ".weight",
          .zeros_part = ".weight_zero_point",
          .scales_part = ".weight_scale",
          .order_part = "",
          .shape_part = "",
          .codes = {&packing, false, true},
          .zeros = {&packing, false, true},
          .scales = ScaleLayout::by_output};
}

}  // namespace adze::formats
