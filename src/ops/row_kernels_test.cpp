// The light ops: every fast kernel against its reference, on odd sizes, alone and in batches.
#include "ops/row_kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <thread>

#include "codecs/codec.h"
#include "ops/append_state/append_state.h"
#include "ops/rms_norm/rms_norm.h"
#include "ops/rotary/rotary.h"
#include "ops/swiglu/swiglu.h"

namespace adze::ops {
namespace {

struct Matrix {
  int64_t rows;
  int64_t length;
  std::vector<float> numbers;

  TensorView view() {
    return {reinterpret_cast<std::byte*>(numbers.data()), &codecs::f32.info, rows, length, length * 4};
  }
};

Matrix random_matrix(int64_t rows, int64_t length, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, 3);
  Matrix matrix{rows, length, std::vector<float>(static_cast<size_t>(rows * length))};
  for (float& number : matrix.numbers) number = normal(random);
  return matrix;
}

Matrix last_rows(const Matrix& matrix, int64_t rows) {
  return {rows, matrix.length, {matrix.numbers.end() - rows * matrix.length, matrix.numbers.end()}};
}

void run_team(const Kernel& kernel, const KernelCall& call, unsigned threads) {
  Barrier barrier(threads);
  std::vector<std::thread> team;
  for (unsigned thread = 0; thread < threads; ++thread) {
    team.emplace_back([&, thread] { kernel.run(call, Team(thread, threads, &barrier)); });
  }
  for (std::thread& member : team) member.join();
}

/// Runs a kernel whose inputs are matrices and whose output has the shape of the first.
std::vector<float> run(const Op& op, const Kernel& kernel, const graph::Attributes& attributes,
                       std::vector<Matrix> inputs, unsigned threads = 1) {
  graph::Node node;
  node.op = &op;
  node.attributes = attributes;
  const auto parameters = op.resolve ? op.resolve(node) : nullptr;
  Matrix out{inputs[0].rows, inputs[0].length, std::vector<float>(inputs[0].numbers.size())};
  std::vector<Argument> arguments(inputs.size());
  for (size_t i = 0; i < inputs.size(); ++i) arguments[i].tensor = inputs[i].view();
  Argument result;
  result.tensor = out.view();
  run_team(kernel, {arguments, {&result, 1}, parameters.get(), nullptr}, threads);
  return out.numbers;
}

std::vector<const Kernel*> fast_kernels(const Op& op) {
  std::vector<const Kernel*> list;
  for (const Kernel& kernel : op.kernels.first(op.kernels.size() - 1)) {
    if (isa_includes(active_isa(), kernel.isa)) list.push_back(&kernel);
  }
  EXPECT_FALSE(list.empty()) << op.name;
  return list;
}

void expect_close(const std::vector<float>& found, const std::vector<float>& expected, double relative) {
  for (size_t i = 0; i < expected.size(); ++i) {
    ASSERT_NEAR(found[i], expected[i], relative * std::fabs(expected[i]) + 1e-30) << "at " << i;
  }
}

// 70 sums of squares per lane at most, each rounded: far below 2e-6.
TEST(RowKernels, rms_norm_agrees_with_the_reference) {
  for (const int64_t length : {1, 15, 16, 63, 64, 576, 1000, 4097}) {
    const std::vector<Matrix> inputs{random_matrix(5, length, 1), random_matrix(1, length, 2)};
    const graph::Attributes attributes{{"epsilon", 1e-5}};
    const auto expected = run(rms_norm, rms_norm.kernels.back(), attributes, inputs);
    for (const Kernel* kernel : fast_kernels(rms_norm)) {
      const auto found = run(rms_norm, *kernel, attributes, inputs, 2);
      expect_close(found, expected, 2e-6);
      const auto alone = run(rms_norm, *kernel, attributes, {last_rows(inputs[0], 1), inputs[1]});
      EXPECT_EQ(0, std::memcmp(alone.data(), found.data() + 4 * length, alone.size() * sizeof(float)));
    }
  }
}

TEST(RowKernels, swiglu_agrees_with_the_reference) {
  for (const int64_t length : {1, 17, 1536}) {
    std::vector<Matrix> inputs{random_matrix(3, length, 3), random_matrix(3, length, 4)};
    inputs[0].numbers[0] = -60.0f;
    inputs[0].numbers.back() = 95.0f;
    const auto expected = run(swiglu, swiglu.kernels.back(), {}, inputs);
    for (const Kernel* kernel : fast_kernels(swiglu)) {
      const auto found = run(swiglu, *kernel, {}, inputs, 3);
      expect_close(found, expected, 1e-6);
      const auto alone = run(swiglu, *kernel, {}, {last_rows(inputs[0], 1), last_rows(inputs[1], 1)});
      EXPECT_EQ(0, std::memcmp(alone.data(), found.data() + 2 * length, alone.size() * sizeof(float)));
    }
    inputs[0].numbers[0] = std::numeric_limits<float>::quiet_NaN();
    for (const Kernel* kernel : fast_kernels(swiglu)) EXPECT_TRUE(std::isnan(run(swiglu, *kernel, {}, inputs)[0]));
  }
}

// A sum of two products, each rounded: errors are relative to the length of the pair.
TEST(RowKernels, rotary_agrees_with_the_reference) {
  for (const char* layout : {"interleaved", "halves"}) {
    for (const int64_t rotary_dims : {64, 48, 2}) {
      const std::vector<Matrix> inputs{random_matrix(7, 3 * 64, 5), random_matrix(7, rotary_dims, 6)};
      const graph::Attributes attributes{{"heads", int64_t{3}},
                                         {"head_dim", int64_t{64}},
                                         {"rotary_dims", rotary_dims},
                                         {"layout", std::string(layout)}};
      const auto expected = run(rotary, rotary.kernels.back(), attributes, inputs);
      for (const Kernel* kernel : fast_kernels(rotary)) {
        const auto found = run(rotary, *kernel, attributes, inputs, 2);
        for (size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(found[i], expected[i], 2e-5) << layout;
        const auto alone = run(rotary, *kernel, attributes, {last_rows(inputs[0], 1), last_rows(inputs[1], 1)});
        EXPECT_EQ(0, std::memcmp(alone.data(), found.data() + 6 * 3 * 64, alone.size() * sizeof(float)));
      }
    }
  }
}

// f16 rows of two sequences, also of numbers that f16 rounds, overflows and underflows.
TEST(RowKernels, append_state_stores_the_same_bytes) {
  constexpr int64_t kHeads = 3, kHeadDim = 20, kPageTokens = 8;
  Matrix rows = random_matrix(13, kHeads * kHeadDim, 7);
  rows.numbers[0] = 1e6f;
  rows.numbers[1] = 3e-8f;
  rows.numbers[2] = -65519.0f;
  const int32_t pages[] = {2, 0, 3, 1};
  const std::vector<SequenceView> sequences{{0, 10, 5, pages}, {10, 3, 6, pages + 2}};
  const BatchView batch{sequences, {}, {}};
  const auto stored = [&](const Kernel& kernel, unsigned threads) {
    std::vector<std::byte> bytes(4 * kHeads * kPageTokens * kHeadDim * 2);
    const StateView state{bytes.data(),
                          &codecs::f16.info,
                          kPageTokens,
                          kHeads,
                          kHeadDim,
                          kHeadDim * 2,
                          kHeads * kPageTokens * kHeadDim * 2};
    Argument inputs[3];
    inputs[0].state = &state;
    inputs[1].tensor = rows.view();
    inputs[2].batch = &batch;
    run_team(kernel, {inputs, {}, nullptr, nullptr}, threads);
    return bytes;
  };
  const auto expected = stored(append_state.kernels.back(), 1);
  for (const Kernel* kernel : fast_kernels(append_state)) EXPECT_EQ(stored(*kernel, 2), expected) << kernel->name;
}

}  // namespace
}  // namespace adze::ops
