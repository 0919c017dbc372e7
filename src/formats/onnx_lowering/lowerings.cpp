// The table of lowerings to ONNX. To add one: a function in lower_<what>.cpp and a line here.
#include "formats/onnx_lowering/lowerings.h"

#include <array>

namespace adze::formats {
namespace {

constexpr std::array kLowerings = {
    OnnxLoweringEntry{"add", lower_add, lower_add_contrib},
    OnnxLoweringEntry{"append_state", lower_append_state},
    OnnxLoweringEntry{"attention", lower_attention, lower_attention_contrib},
    OnnxLoweringEntry{"clamped_swiglu", lower_clamped_swiglu},
    OnnxLoweringEntry{"combine_experts", lower_combine_experts},
    OnnxLoweringEntry{"expert_linear", lower_expert_linear},
    OnnxLoweringEntry{"gate_rows", lower_gate_rows},
    OnnxLoweringEntry{"gather_positions", lower_gather_positions},
    OnnxLoweringEntry{"gather_rows", lower_gather_rows},
    OnnxLoweringEntry{"geglu", lower_geglu},
    OnnxLoweringEntry{"gelu", lower_gelu},
    OnnxLoweringEntry{"join_heads", lower_join_heads},
    OnnxLoweringEntry{"layer_norm", lower_layer_norm},
    OnnxLoweringEntry{"linear", lower_linear},
    OnnxLoweringEntry{"number_heads", lower_number_heads},
    OnnxLoweringEntry{"read_state", lower_read_state},
    OnnxLoweringEntry{"rms_norm", lower_rms_norm, lower_rms_norm_contrib},
    OnnxLoweringEntry{"rotary", lower_rotary, lower_rotary_contrib},
    OnnxLoweringEntry{"rotary_angles", lower_rotary_angles},
    OnnxLoweringEntry{"route_experts", lower_route_experts},
    OnnxLoweringEntry{"scale", lower_scale},
    OnnxLoweringEntry{"select_rows", lower_select_rows},
    OnnxLoweringEntry{"slice_columns", lower_slice_columns},
    OnnxLoweringEntry{"slice_heads", lower_slice_heads},
    OnnxLoweringEntry{"soft_cap", lower_soft_cap},
    OnnxLoweringEntry{"swiglu", lower_swiglu},
};

}  // namespace

std::span<const OnnxLoweringEntry> onnx_lowerings() { return kLowerings; }

}  // namespace adze::formats
