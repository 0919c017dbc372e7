#include "ops/gather_rows/gather_rows.h"

#include <algorithm>

#include "codecs/codec.h"
#include "ops/schema_checks.h"

namespace adze::ops {
namespace {

std::vector<graph::ValueType> infer(const graph::NodeTypes& node) {
  require_input_count(node, 2, 2);
  const auto& table = require_weight(node, 0, 2, "table");
  const auto& ids = require_weight(node, 1, 1, "ids");
  return {graph::ValueType::tensor(&codecs::f32.info, {ids.dims[0], table.dims[1]})};
}

void gather_rows_reference(const KernelCall& call, const Team& team) {
  const TensorView& table = call.inputs[0].tensor;
  const TensorView& ids = call.inputs[1].tensor;
  const TensorView& out = call.outputs[0].tensor;
  const auto& codec = codecs::codec_of(table.storage);
  const auto [begin, end] = team.share(static_cast<size_t>(out.rows));
  for (auto row = static_cast<int64_t>(begin); row < static_cast<int64_t>(end); ++row) {
    const int64_t id = ids.ints(0)[row];
    if (id < 0 || id >= table.rows) {
      std::fill_n(out.floats(row), out.row_length, 0.0f);
    } else {
      codec.decode(table.data + id * table.row_bytes, out.floats(row), table.row_length);
    }
  }
}

constexpr Kernel kKernels[] = {{"reference", Isa::scalar, nullptr, nullptr, nullptr, gather_rows_reference}};

}  // namespace

const Op gather_rows{{"gather_rows", "embedding look-up", infer}, nullptr, kKernels, -1, 1};

}  // namespace adze::ops
