#include "transforms/model_structure.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "codecs/codec.h"
#include "ops/op.h"

namespace adze::transforms {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::Field;
using testing::HasSubstr;
using testing::IsEmpty;

graph::Graph parse(const std::string& text) {
  std::vector<const CodecInfo*> storages;
  for (const auto* codec : codecs::all_codecs()) storages.push_back(&codec->info);
  return graph::from_text(text, ops::all_schemas(), storages);
}

// One layer of a model with a tied head. `residual` is the sum behind attention, `also` more nodes at the end.
std::string layer(const std::string& residual = "add(%x, %written)", const std::string& also = "",
                  const std::string& before_sum = "") {
  return std::string(R"(graph "g" {
  symbol T in 1..512
  input %tokens: i32[T]
  input %batch: batch[T, 4]
  input %begin_keys: effect
  input %begin: effect
  weight %embedding: ?[50, 16]
  weight %norm1: ?[16]
  weight %q: ?[16, 16]
  weight %k: ?[8, 16]
  weight %v: ?[8, 16]
  weight %v_bias: ?[8]
  weight %o: ?[16, 16]
  weight %norm2: ?[16]
  weight %gate: ?[24, 16]
  weight %up: ?[24, 16]
  weight %down: ?[16, 24]
  weight %down_bias: ?[16]
  weight %norm3: ?[16]
  state %keys: state ?[2, 4]
  state %values: state ?[2, 4]
  %x: f32[T, 16] = gather_rows(%embedding, %tokens)
  %n1: f32[T, 16] = rms_norm(%x, %norm1) {epsilon=1e-05}
  %queries: f32[T, 16] = linear(%n1, %q)
  %rows_of_keys: f32[T, 8] = linear(%n1, %k)
  %stored_keys: effect = append_state(%keys, %rows_of_keys, %batch, %begin_keys)
  %history_keys: f32[?, 2, 4] = read_state(%keys, %batch, %stored_keys)
  %made: f32[T, 8] = linear(%n1, %v, %v_bias)
  %stored: effect = append_state(%values, %made, %batch, %begin)
  %history: f32[?, 2, 4] = read_state(%values, %batch, %stored)
  %attended: f32[T, 16] = attention(%queries, %history_keys, %history, %batch) {head_dim=4, key_heads=2, query_heads=4}
  %written: f32[T, 16] = linear(%attended, %o)
)") + before_sum +
         "  %sum1: f32[T, 16] = " + residual + R"(
  %n2: f32[T, 16] = rms_norm(%sum1, %norm2) {epsilon=1e-05}
  %gates: f32[T, 24] = linear(%n2, %gate)
  %ups: f32[T, 24] = linear(%n2, %up)
  %gated: f32[T, 24] = swiglu(%gates, %ups)
  %downs: f32[T, 16] = linear(%gated, %down, %down_bias)
  %sum2: f32[T, 16] = add(%sum1, %downs)
  %rows: f32[4, 16] = select_rows(%sum2, %batch)
  %n3: f32[4, 16] = rms_norm(%rows, %norm3) {epsilon=1e-05}
  %logits: f32[4, 50] = linear(%n3, %embedding)
)" + also +
         "  return %logits\n}\n";
}

TEST(ModelStructure, FindsEveryPlaceWhereFactorsMove) {
  const auto found = find_structure(parse(layer()));
  ASSERT_EQ(found.norms.size(), 3u);
  EXPECT_EQ(found.norms[0].norm, "norm1");
  EXPECT_THAT(found.norms[0].readers, ElementsAre("q", "k", "v"));
  EXPECT_THAT(found.norms[1].readers, ElementsAre("gate", "up"));
  EXPECT_THAT(found.norms[2].readers, ElementsAre("embedding"));
  ASSERT_EQ(found.values.size(), 1u);
  EXPECT_EQ(found.values[0].values.weight, "v");
  EXPECT_EQ(found.values[0].values.bias, "v_bias");
  EXPECT_EQ(found.values[0].output, "o");
  EXPECT_EQ(found.values[0].query_heads, 4);
  EXPECT_EQ(found.values[0].key_heads, 2);
  ASSERT_EQ(found.gated.size(), 1u);
  EXPECT_EQ(found.gated[0].up.weight, "up");
  EXPECT_EQ(found.gated[0].down, "down");
  EXPECT_EQ(found.uses.at("embedding"), 2);
  EXPECT_EQ(found.uses.at("q"), 1);
  EXPECT_THAT(found.norm_refusals, IsEmpty());
  EXPECT_THAT(found.value_refusals, IsEmpty());
  EXPECT_THAT(found.gate_refusals, IsEmpty());
}

TEST(ModelStructure, FollowsTheResidualStream) {
  const auto found = find_structure(parse(layer()));
  EXPECT_THAT(found.stream_refusals, IsEmpty());
  EXPECT_EQ(found.residual.features, 16);
  EXPECT_THAT(found.residual.embeddings, ElementsAre("embedding"));
  EXPECT_THAT(found.residual.writers,
              ElementsAre(Field(&LinearWeights::weight, "o"),
                          AllOf(Field(&LinearWeights::weight, "down"), Field(&LinearWeights::bias, "down_bias"))));
  EXPECT_EQ(found.residual.readers.size(), 3u);
}

TEST(ModelStructure, ANormBehindTheProductKeepsTheStreamWhereItIs) {
  const auto found = find_structure(
      parse(layer("add(%x, %normed)", "", "  %normed: f32[T, 16] = rms_norm(%written, %norm1) {epsilon=1e-05}\n")));
  EXPECT_THAT(found.stream_refusals, ElementsAre(HasSubstr("sum1: what is added is not that of one product alone")));
}

TEST(ModelStructure, AnotherReaderOfTheStreamIsNamed) {
  const auto found = find_structure(parse(layer("add(%x, %written)", "  %other: f32[T, 16] = swiglu(%sum2, %sum2)\n")));
  EXPECT_THAT(found.stream_refusals, testing::Contains(HasSubstr("other: swiglu")));
}

TEST(ModelStructure, AnotherReaderOfANormIsNamed) {
  const auto found = find_structure(parse(layer("add(%n1, %written)")));
  EXPECT_THAT(found.norm_refusals, ElementsAre("n1: sum1 reads it too"));
  EXPECT_THAT(found.norms, testing::SizeIs(2));
}

TEST(ModelStructure, ValuesThatSomebodyElseReadsStay) {
  const auto found = find_structure(parse(layer("add(%x, %written)", "  %other: f32[T, 8] = add(%made, %made)\n")));
  EXPECT_THAT(found.values, IsEmpty());
  EXPECT_THAT(found.value_refusals, ElementsAre(HasSubstr("attended: its values are not those of one product alone")));
}

TEST(ModelStructure, AGatedProductThatSomebodyElseReadsStays) {
  const auto found = find_structure(parse(layer("add(%x, %written)", "  %other: f32[T, 24] = add(%ups, %gates)\n")));
  EXPECT_THAT(found.gated, IsEmpty());
  EXPECT_THAT(found.gate_refusals, ElementsAre(HasSubstr("gated: ")));
}

}  // namespace
}  // namespace adze::transforms
