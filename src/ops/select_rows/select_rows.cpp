#include "ops/select_rows/select_rows.h"

#include <cstring>

#include "ops/schema_checks.h"

namespace adze::ops {
namespace {

std::vector<graph::ValueType> infer(const graph::NodeTypes& node) {
  require_input_count(node, 2, 2);
  const auto& x = require_f32(node, 0, 2, "x");
  const auto& batch = require_input(node, 1, graph::ValueKind::batch, "batch");
  return {graph::ValueType::tensor(x.storage, {batch.dims[1], x.dims[1]})};
}

void select_rows_reference(const KernelCall& call, const Team& team) {
  const TensorView& x = call.inputs[0].tensor;
  const auto wanted = call.inputs[1].batch->logit_rows;
  const auto [begin, end] = team.share(wanted.size());
  for (size_t i = begin; i < end; ++i) {
    std::memcpy(call.outputs[0].tensor.floats(static_cast<int64_t>(i)), x.floats(wanted[i]),
                static_cast<size_t>(x.row_bytes));
  }
}

constexpr Kernel kKernels[] = {{"reference", Isa::scalar, nullptr, nullptr, nullptr, select_rows_reference}};

}  // namespace

const Op select_rows{{"select_rows", "keep the rows whose logits are wanted", infer}, nullptr, kKernels, -1, 1};

}  // namespace adze::ops
