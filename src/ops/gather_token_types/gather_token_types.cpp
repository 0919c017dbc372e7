#include "ops/gather_token_types/gather_token_types.h"

#include <algorithm>

#include "codecs/codec.h"
#include "ops/schema_checks.h"

namespace adze::ops {
namespace {

std::vector<graph::ValueType> infer(const graph::NodeTypes& node) {
  require_input_count(node, 2, 2);
  const auto& table = require_weight(node, 0, 2, "table");
  const auto& batch = require_input(node, 1, graph::ValueKind::batch, "batch");
  return {graph::ValueType::tensor(&codecs::f32.info, {batch.dims[0], table.dims[1]})};
}

void gather_token_types_reference(const KernelCall& call, const Team& team) {
  const TensorView& table = call.inputs[0].tensor;
  const TensorView& out = call.outputs[0].tensor;
  const auto& codec = codecs::codec_of(table.storage);
  const auto types = call.inputs[1].batch->token_types;
  const auto [begin, end] = team.share(static_cast<size_t>(out.rows));
  for (size_t row = begin; row < end; ++row) {
    const int32_t type = types.empty() ? 0 : types[row];
    float* to = out.floats(static_cast<int64_t>(row));
    if (type >= 0 && type < table.rows) {
      codec.decode(table.data + type * table.row_bytes, to, table.row_length);
    } else {
      std::fill_n(to, out.row_length, 0.0f);
    }
  }
}

constexpr Kernel kKernels[] = {{"reference", Isa::scalar, nullptr, nullptr, nullptr, gather_token_types_reference}};

}  // namespace

const Op gather_token_types{{"gather_token_types", "look-up by token type", infer}, nullptr, kKernels, -1, 1};

}  // namespace adze::ops
