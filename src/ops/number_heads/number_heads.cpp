#include "ops/number_heads/number_heads.h"

#include <numeric>

#include "base/error.h"
#include "codecs/codec.h"
#include "ops/schema_checks.h"

namespace adze::ops {
namespace {

NumberHeadsParameters read_parameters(const graph::Node& node) {
  const NumberHeadsParameters p{graph::int_attribute(node, "heads")};
  if (p.heads < 1 || p.heads > INT32_MAX) fail(ErrorCode::bad_input, "heads is {}, must be positive", p.heads);
  return p;
}

std::vector<graph::ValueType> infer(const graph::NodeTypes& node) {
  require_input_count(node, 1, 1);
  const auto& batch = require_input(node, 0, graph::ValueKind::batch, "batch");
  return {graph::ValueType::tensor(&codecs::i32.info, {batch.dims[0], graph::Dim(read_parameters(node.node).heads)})};
}

std::shared_ptr<const void> resolve(const graph::Node& node) {
  return std::make_shared<NumberHeadsParameters>(read_parameters(node));
}

void number_heads_reference(const KernelCall& call, const Team& team) {
  const TensorView& out = call.outputs[0].tensor;
  const auto [begin, end] = team.share(static_cast<size_t>(out.rows));
  for (auto row = static_cast<int64_t>(begin); row < static_cast<int64_t>(end); ++row) {
    std::iota(out.ints(row), out.ints(row) + out.row_length, 0);
  }
}

constexpr Kernel kKernels[] = {{"reference", Isa::scalar, nullptr, nullptr, nullptr, number_heads_reference}};

}  // namespace

const Op number_heads{{"number_heads", "the number of each head, for every row", infer}, resolve, kKernels, -1, 1};

}  // namespace adze::ops
