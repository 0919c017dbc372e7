#include "ops/slice_heads/slice_heads.h"

#include <cstring>

#include "base/error.h"
#include "ops/schema_checks.h"

namespace adze::ops {
namespace {

SliceHeadsParameters read_parameters(const graph::Node& node) {
  return {graph::int_attribute(node, "heads"), graph::int_attribute(node, "begin"),
          graph::int_attribute(node, "count")};
}

std::vector<graph::ValueType> infer(const graph::NodeTypes& node) {
  require_input_count(node, 1, 1);
  const auto& x = require_f32(node, 0, 2, "x");
  const auto p = read_parameters(node.node);
  const int64_t width = x.dims[1].is_constant() ? x.dims[1].constant() : 0;
  const bool fits =
      p.heads > 0 && p.begin >= 0 && p.count > 0 && width % p.heads == 0 && p.begin <= width / p.heads - p.count;
  if (!fits) {
    fail(ErrorCode::bad_input, "columns from {}, {} of them, are not all there in {} heads of {} columns", p.begin,
         p.count, p.heads, width);
  }
  return {graph::ValueType::tensor(x.storage, {x.dims[0] * p.heads, graph::Dim(p.count)})};
}

std::shared_ptr<const void> resolve(const graph::Node& node) {
  return std::make_shared<SliceHeadsParameters>(read_parameters(node));
}

void slice_heads_reference(const KernelCall& call, const Team& team) {
  const auto& p = *static_cast<const SliceHeadsParameters*>(call.parameters);
  const TensorView& x = call.inputs[0].tensor;
  const int64_t width = x.row_length / p.heads;
  const auto [begin, end] = team.share(static_cast<size_t>(x.rows * p.heads));
  for (auto item = static_cast<int64_t>(begin); item < static_cast<int64_t>(end); ++item) {
    std::memcpy(call.outputs[0].tensor.floats(item), x.floats(item / p.heads) + item % p.heads * width + p.begin,
                static_cast<size_t>(p.count) * sizeof(float));
  }
}

constexpr Kernel kKernels[] = {{"reference", Isa::scalar, nullptr, nullptr, nullptr, slice_heads_reference}};

}  // namespace

const Op slice_heads{{"slice_heads", "some columns of each head, as rows", infer}, resolve, kKernels, -1, 1};

}  // namespace adze::ops
