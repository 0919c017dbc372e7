#include "ops/slice_columns/slice_columns.h"

#include <cstring>

#include "base/error.h"
#include "ops/schema_checks.h"

namespace adze::ops {
namespace {

SliceColumnsParameters read_parameters(const graph::Node& node) {
  return {graph::int_attribute(node, "begin"), graph::int_attribute(node, "count")};
}

std::vector<graph::ValueType> infer(const graph::NodeTypes& node) {
  require_input_count(node, 1, 1);
  const auto& x = require_f32(node, 0, 2, "x");
  const auto p = read_parameters(node.node);
  const bool fits =
      p.begin >= 0 && p.count > 0 && (!x.dims[1].is_constant() || p.begin <= x.dims[1].constant() - p.count);
  if (!fits) fail(ErrorCode::bad_input, "columns from {}, {} of them, are not all there", p.begin, p.count);
  return {graph::ValueType::tensor(x.storage, {x.dims[0], graph::Dim(p.count)})};
}

std::shared_ptr<const void> resolve(const graph::Node& node) {
  return std::make_shared<SliceColumnsParameters>(read_parameters(node));
}

void slice_columns_reference(const KernelCall& call, const Team& team) {
  const auto& p = *static_cast<const SliceColumnsParameters*>(call.parameters);
  const TensorView& x = call.inputs[0].tensor;
  const auto [begin, end] = team.share(static_cast<size_t>(x.rows));
  for (auto row = static_cast<int64_t>(begin); row < static_cast<int64_t>(end); ++row) {
    std::memcpy(call.outputs[0].tensor.floats(row), x.floats(row) + p.begin,
                static_cast<size_t>(p.count) * sizeof(float));
  }
}

constexpr Kernel kKernels[] = {{"reference", Isa::scalar, nullptr, nullptr, nullptr, slice_columns_reference}};

}  // namespace

const Op slice_columns{{"slice_columns", "some columns of a value", infer}, resolve, kKernels, -1, 1};

}  // namespace adze::ops
