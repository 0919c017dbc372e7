// The table of lowerings to OpenVINO's IR. To add one: a function in lower_<what>.cpp and a line here.
#include "formats/openvino_lowering/ir_lowerings.h"

#include <array>

namespace adze::formats {
namespace {

constexpr std::array kLowerings = {
    IrLoweringEntry{"add", ir_add},
    IrLoweringEntry{"append_state", ir_append_state},
    IrLoweringEntry{"attention", ir_attention},
    IrLoweringEntry{"clamped_swiglu", ir_clamped_swiglu},
    IrLoweringEntry{"combine_experts", ir_combine_experts},
    IrLoweringEntry{"expert_linear", ir_expert_linear},
    IrLoweringEntry{"gate_rows", ir_gate_rows},
    IrLoweringEntry{"gather_positions", ir_gather_positions},
    IrLoweringEntry{"gather_rows", ir_gather_rows},
    IrLoweringEntry{"geglu", ir_geglu},
    IrLoweringEntry{"gelu", ir_gelu},
    IrLoweringEntry{"join_heads", ir_join_heads},
    IrLoweringEntry{"layer_norm", ir_layer_norm},
    IrLoweringEntry{"linear", ir_linear},
    IrLoweringEntry{"number_heads", ir_number_heads},
    IrLoweringEntry{"read_state", ir_read_state},
    IrLoweringEntry{"rms_norm", ir_rms_norm},
    IrLoweringEntry{"rotary", ir_rotary},
    IrLoweringEntry{"rotary_angles", ir_rotary_angles},
    IrLoweringEntry{"route_experts", ir_route_experts},
    IrLoweringEntry{"scale", ir_scale},
    IrLoweringEntry{"select_rows", ir_select_rows},
    IrLoweringEntry{"slice_columns", ir_slice_columns},
    IrLoweringEntry{"slice_heads", ir_slice_heads},
    IrLoweringEntry{"soft_cap", ir_soft_cap},
    IrLoweringEntry{"swiglu", ir_swiglu},
};

}  // namespace

std::span<const IrLoweringEntry> ir_lowerings() { return kLowerings; }

}  // namespace adze::formats
