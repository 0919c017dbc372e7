#include "ops/standard/infer_types.h"

#include <gtest/gtest.h>

#include <optional>

#include "codecs/codec.h"
#include "ops/standard/standard_op.h"

namespace adze::ops {
namespace {

using graph::Dim;
using graph::ValueType;

ValueType floats(std::vector<Dim> dims) { return ValueType::tensor(&codecs::f32.info, std::move(dims)); }
ValueType whole(std::vector<Dim> dims) { return ValueType::tensor(&codecs::i64.info, std::move(dims)); }

/// The rank of the first output, where it is known.
std::optional<size_t> rank_of(std::string_view op, const std::vector<ValueType>& inputs,
                              graph::Attributes attributes = {}) {
  graph::Node node;
  node.op = find_standard_op(op);
  node.attributes = std::move(attributes);
  node.outputs = {0};
  graph::NodeTypes types{node, {}};
  for (const ValueType& input : inputs) types.inputs.push_back(&input);
  const ValueType made = node.op->infer(types).at(0);
  return made.rank_known ? std::optional(made.dims.size()) : std::nullopt;
}

TEST(InferTypes, RanksFollowFromRanks) {
  const auto x = floats({2, 3, 4});
  EXPECT_EQ(rank_of("Gather", {x, whole({5, 6})}, {{"axis", int64_t{1}}}), 4u);
  EXPECT_EQ(rank_of("GatherND", {x, whole({7, 2})}), 2u);
  EXPECT_EQ(rank_of("Squeeze", {x, whole({2})}), 1u);
  EXPECT_EQ(rank_of("Unsqueeze", {x, whole({2})}), 5u);
  EXPECT_EQ(rank_of("Expand", {x, whole({5})}), 5u);
  EXPECT_EQ(rank_of("MatMul", {x, floats({9, 2, 4, 5})}), 4u);
  EXPECT_EQ(rank_of("LSTM", {x}), 4u);
  EXPECT_EQ(rank_of("Einsum", {x}, {{"equation", std::string("abc -> ca")}}), 2u);
}

TEST(InferTypes, ReductionsLoseTheirAxes) {
  const auto x = floats({2, 3, 4});
  const graph::Attributes lose{{"keepdims", int64_t{0}}};
  EXPECT_EQ(rank_of("ReduceSum", {x, whole({2})}), 3u);
  EXPECT_EQ(rank_of("ReduceSum", {x, whole({2})}, lose), 1u);
  EXPECT_EQ(rank_of("ReduceSum", {x}, lose), 0u);
  EXPECT_EQ(rank_of("ReduceSum", {x, whole({0})}, lose), std::nullopt);  // none, or all
  EXPECT_EQ(rank_of("ArgMax", {x}, lose), 2u);
}

TEST(InferTypes, RanksThatDependOnNumbersStayUnknown) {
  const auto x = floats({2, 3, 4});
  EXPECT_EQ(rank_of("Squeeze", {x}), std::nullopt);
  EXPECT_EQ(rank_of("Unsqueeze", {x, whole({Dim::unknown()})}), std::nullopt);
  EXPECT_EQ(rank_of("Expand", {x, whole({Dim::unknown()})}), std::nullopt);
  EXPECT_EQ(rank_of("GatherND", {x, whole({7, Dim::unknown()})}), std::nullopt);
  EXPECT_EQ(rank_of("Einsum", {x}, {{"equation", std::string("...c -> ...")}}), std::nullopt);
}

}  // namespace
}  // namespace adze::ops
