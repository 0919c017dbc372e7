#include "ops/op_cost.h"

#include <gtest/gtest.h>

#include "codecs/codec.h"
#include "ops/add/add.h"
#include "ops/attention/attention.h"
#include "ops/gather_rows/gather_rows.h"
#include "ops/linear/linear.h"
#include "tensor/shape.h"

namespace adze::ops {
namespace {

Argument tensor(const codecs::Codec& codec, int64_t rows, int64_t row_length) {
  Argument argument;
  argument.tensor = {nullptr, &codec.info, rows, row_length, row_bytes(codec.info, row_length)};
  argument.given = true;
  return argument;
}

TEST(OpCost, AProductReadsItsWeightOnce) {
  const std::vector<Argument> inputs = {tensor(codecs::f32, 3, 64), tensor(codecs::q4_0, 10, 64), Argument{}};
  const std::vector<Argument> outputs = {tensor(codecs::f32, 3, 10)};
  LinearParameters parameters{Activation::q8_32};
  const Cost cost = cost_of(linear, {inputs, outputs, &parameters, nullptr});
  EXPECT_EQ(cost.multiply_adds, 3 * 10 * 64);
  EXPECT_EQ(cost.bytes, 3 * 64 * 4 + 10 * 2 * 18 + 3 * 10 * 4);
  EXPECT_TRUE(multiplies_int8(linear, {inputs, outputs, &parameters, nullptr}));
  parameters.activation = Activation::q8_32x2;
  EXPECT_EQ(cost_of(linear, {inputs, outputs, &parameters, nullptr}).multiply_adds, 2 * 3 * 10 * 64);
  parameters.activation = Activation::f32;
  EXPECT_EQ(cost_of(linear, {inputs, outputs, &parameters, nullptr}).multiply_adds, 3 * 10 * 64);
  EXPECT_FALSE(multiplies_int8(linear, {inputs, outputs, &parameters, nullptr}));
}

TEST(OpCost, AttentionSeesTheHistoryOfEachSequence) {
  StateView state;
  state.heads = 2;
  state.head_dim = 8;
  state.token_bytes = 16;
  const SequenceView sequences[] = {{0, 3, 5, nullptr}, {3, 1, 9, nullptr}};
  const BatchView batch{sequences, {}, {}};
  Argument history, batch_argument;
  history.state = &state;
  batch_argument.batch = &batch;
  const std::vector<Argument> inputs = {tensor(codecs::f32, 4, 32), history, history, batch_argument};
  const std::vector<Argument> outputs = {tensor(codecs::f32, 4, 32)};
  AttentionParameters parameters{4, 2, 8, 8, 1.0f, 0.0f, 0};
  const Cost cost = cost_of(attention, {inputs, outputs, &parameters, nullptr});
  EXPECT_EQ(cost.multiply_adds, 2 * (6 + 7 + 8 + 10) * 4 * 8);
  EXPECT_EQ(cost.bytes, 2 * 4 * 32 * 4 + 2 * (8 + 10) * 2 * 16);
  parameters.window = 4;
  const Cost short_sight = cost_of(attention, {inputs, outputs, &parameters, nullptr});
  EXPECT_EQ(short_sight.multiply_adds, 2 * (3 * 4 + 4) * 4 * 8);
  EXPECT_EQ(short_sight.bytes, 2 * 4 * 32 * 4 + 2 * (6 + 4) * 2 * 16);
}

TEST(OpCost, ALookUpReadsWhatItReturns) {
  const std::vector<Argument> inputs = {tensor(codecs::q8_0, 1000, 32), tensor(codecs::i32, 1, 2)};
  const std::vector<Argument> outputs = {tensor(codecs::f32, 2, 32)};
  EXPECT_EQ(cost_of(gather_rows, {inputs, outputs, nullptr, nullptr}).bytes, 2 * (34 + 32 * 4));
}

TEST(OpCost, OtherOpsMoveWhatTheySee) {
  const std::vector<Argument> inputs = {tensor(codecs::f32, 2, 8), tensor(codecs::f32, 2, 8)};
  const std::vector<Argument> outputs = {tensor(codecs::f32, 2, 8)};
  const Cost cost = cost_of(add, {inputs, outputs, nullptr, nullptr});
  EXPECT_EQ(cost.multiply_adds, 16);
  EXPECT_EQ(cost.bytes, 3 * 64);
}

}  // namespace
}  // namespace adze::ops
