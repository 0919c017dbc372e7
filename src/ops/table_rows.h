// What the ops that look rows of a table up share.
#pragma once

#include <algorithm>

#include "codecs/codec.h"
#include "ops/schema_checks.h"

namespace adze::ops {

/// (table [rows, width], batch) -> [T, width] f32
inline std::vector<graph::ValueType> infer_rows_of_batch(const graph::NodeTypes& node) {
  require_input_count(node, 2, 2);
  const auto& table = require_weight(node, 0, 2, "table");
  const auto& batch = require_input(node, 1, graph::ValueKind::batch, "batch");
  return {graph::ValueType::tensor(&codecs::f32.info, {batch.dims[0], table.dims[1]})};
}

/// Each row of the output becomes row `index_of(row)` of the table, the first input, or zeros where there is none.
template <typename IndexOf>
void take_table_rows(const KernelCall& call, const Team& team, const IndexOf& index_of) {
  const TensorView& table = call.inputs[0].tensor;
  const TensorView& out = call.outputs[0].tensor;
  const auto& codec = codecs::codec_of(table.storage);
  const auto [begin, end] = team.share(static_cast<size_t>(out.rows));
  for (size_t row = begin; row < end; ++row) {
    const int64_t index = index_of(row);
    float* to = out.floats(static_cast<int64_t>(row));
    if (index >= 0 && index < table.rows) {
      codec.decode(table.data + index * table.row_bytes, to, table.row_length);
    } else {
      std::fill_n(to, out.row_length, 0.0f);
    }
  }
}

}  // namespace adze::ops
