// Heads taken apart, put together and numbered.
#include "ops/slice_heads/slice_heads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "codecs/codec.h"
#include "graph/graph.h"
#include "ops/join_heads/join_heads.h"
#include "ops/number_heads/number_heads.h"

namespace adze::ops {
namespace {

using testing::ElementsAre;

Argument rows_of(void* data, StorageType storage, int64_t rows, int64_t length) {
  Argument argument;
  argument.given = true;
  argument.tensor = {static_cast<std::byte*>(data), storage, rows, length, length * 4};
  return argument;
}

void run(const Op& op, const graph::Attributes& attributes, std::vector<Argument> inputs, Argument output) {
  graph::Node node;
  node.op = &op;
  node.attributes = attributes;
  const auto parameters = op.resolve(node);
  op.kernels.back().run({inputs, {&output, 1}, parameters.get(), nullptr}, Team(0, 1, nullptr));
}

// Two rows of two heads of three numbers.
TEST(Heads, ColumnsOfEachHeadBecomeRowsAndComeBack) {
  float x[] = {0, 1, 2, 10, 11, 12, 20, 21, 22, 30, 31, 32};
  float first[4], rest[8], again[12];
  const auto f32 = &codecs::f32.info;
  run(slice_heads, {{"heads", int64_t{2}}, {"begin", int64_t{0}}, {"count", int64_t{1}}}, {rows_of(x, f32, 2, 6)},
      rows_of(first, f32, 4, 1));
  EXPECT_THAT(first, ElementsAre(0, 10, 20, 30));
  run(slice_heads, {{"heads", int64_t{2}}, {"begin", int64_t{1}}, {"count", int64_t{2}}}, {rows_of(x, f32, 2, 6)},
      rows_of(rest, f32, 4, 2));
  EXPECT_THAT(rest, ElementsAre(1, 2, 11, 12, 21, 22, 31, 32));
  run(join_heads, {{"heads", int64_t{2}}}, {rows_of(first, f32, 4, 1), rows_of(rest, f32, 4, 2)},
      rows_of(again, f32, 2, 6));
  EXPECT_THAT(again, testing::ElementsAreArray(x));
}

TEST(Heads, EveryRowHasTheNumbersOfAll) {
  int32_t numbers[6];
  run(number_heads, {{"heads", int64_t{3}}}, {Argument{}}, rows_of(numbers, &codecs::i32.info, 2, 3));
  EXPECT_THAT(numbers, ElementsAre(0, 1, 2, 0, 1, 2));
}

TEST(Heads, ShapesFollowAndAreChecked) {
  graph::Graph graph;
  const auto tokens = graph::Dim::symbol(graph.add_symbol("T", 1, 64));
  const auto x = graph.add_input("x", graph::ValueType::tensor(&codecs::f32.info, {tokens, 12}));
  const auto part = graph.add_node(slice_heads, "part", {x},
                                   {{"heads", int64_t{3}}, {"begin", int64_t{1}}, {"count", int64_t{2}}})[0];
  EXPECT_EQ(graph.value(part).type.dims[0], tokens * 3);
  EXPECT_EQ(graph.value(part).type.dims[1], graph::Dim(2));
  const auto joined = graph.add_node(join_heads, "joined", {part, part}, {{"heads", int64_t{3}}})[0];
  EXPECT_EQ(graph.value(joined).type.dims[0], tokens);
  EXPECT_EQ(graph.value(joined).type.dims[1], graph::Dim(12));
  EXPECT_THROW(graph.add_node(join_heads, "bad", {part}, {{"heads", int64_t{2}}}), Error);
  EXPECT_THROW(
      graph.add_node(slice_heads, "bad", {x}, {{"heads", int64_t{3}}, {"begin", int64_t{3}}, {"count", int64_t{2}}}),
      Error);
  EXPECT_THROW(
      graph.add_node(slice_heads, "bad", {x}, {{"heads", int64_t{5}}, {"begin", int64_t{0}}, {"count", int64_t{2}}}),
      Error);
}

}  // namespace
}  // namespace adze::ops
