#include "ops/gather_rows/gather_rows.h"

#include "ops/table_rows.h"

namespace adze::ops {
namespace {

std::vector<graph::ValueType> infer(const graph::NodeTypes& node) {
  require_input_count(node, 2, 2);
  const auto& table = require_weight(node, 0, 2, "table");
  const auto& ids = require_weight(node, 1, 1, "ids");
  return {graph::ValueType::tensor(&codecs::f32.info, {ids.dims[0], table.dims[1]})};
}

void gather_rows_reference(const KernelCall& call, const Team& team) {
  const int32_t* ids = call.inputs[1].tensor.ints(0);
  take_table_rows(call, team, [&](size_t row) { return ids[row]; });
}

constexpr Kernel kKernels[] = {{"reference", Isa::scalar, nullptr, nullptr, nullptr, gather_rows_reference}};

}  // namespace

const Op gather_rows{{"gather_rows", "embedding look-up", infer}, nullptr, kKernels, -1, 1};

}  // namespace adze::ops
