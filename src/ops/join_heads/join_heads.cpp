#include "ops/join_heads/join_heads.h"

#include <cstring>

#include "base/error.h"
#include "ops/schema_checks.h"

namespace adze::ops {
namespace {

JoinHeadsParameters read_parameters(const graph::Node& node) {
  const JoinHeadsParameters p{graph::int_attribute(node, "heads")};
  if (p.heads < 1) fail(ErrorCode::bad_input, "heads is {}, must be positive", p.heads);
  return p;
}

// Rows of tokens; those of heads are `heads` times as many.
graph::Dim tokens_of(const graph::ValueType& x, int64_t heads) {
  const graph::Dim& rows = x.dims[0];
  if (!rows.is_known()) return rows;
  bool divides = rows.constant_part() % heads == 0;
  graph::Dim tokens(rows.constant_part() / heads);
  for (const auto& [symbol, factor] : rows.terms()) {
    divides = divides && factor % heads == 0;
    tokens = tokens + graph::Dim::symbol(symbol, factor / heads);
  }
  if (!divides) fail(ErrorCode::bad_input, "rows are not {} for each token", heads);
  return tokens;
}

std::vector<graph::ValueType> infer(const graph::NodeTypes& node) {
  require_input_count(node, 1, 2);
  const auto p = read_parameters(node.node);
  const auto& a = require_f32(node, 0, 2, "a");
  graph::Dim width = a.dims[1];
  if (has_input(node, 1)) {
    const auto& b = require_f32(node, 1, 2, "b");
    require_equal_dims(b.dims[0], a.dims[0], "rows of a and b");
    width = width + b.dims[1];
  }
  return {graph::ValueType::tensor(a.storage, {tokens_of(a, p.heads), width * p.heads})};
}

std::shared_ptr<const void> resolve(const graph::Node& node) {
  return std::make_shared<JoinHeadsParameters>(read_parameters(node));
}

void join_heads_reference(const KernelCall& call, const Team& team) {
  const int64_t heads = static_cast<const JoinHeadsParameters*>(call.parameters)->heads;
  const TensorView& out = call.outputs[0].tensor;
  const int64_t width = out.row_length / heads;
  const auto [begin, end] = team.share(static_cast<size_t>(out.rows * heads));
  for (auto item = static_cast<int64_t>(begin); item < static_cast<int64_t>(end); ++item) {
    float* to = out.floats(item / heads) + item % heads * width;
    for (const Argument& input : call.inputs) {
      if (!input.given) continue;
      const auto count = static_cast<size_t>(input.tensor.row_length);
      std::memcpy(to, input.tensor.floats(item), count * sizeof(float));
      to += count;
    }
  }
}

constexpr Kernel kKernels[] = {{"reference", Isa::scalar, nullptr, nullptr, nullptr, join_heads_reference}};

}  // namespace

const Op join_heads{{"join_heads", "rows of heads, side by side", infer}, resolve, kKernels, -1, 1};

}  // namespace adze::ops
