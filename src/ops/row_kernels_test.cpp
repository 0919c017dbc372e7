// The light ops: every fast kernel against its reference, on odd sizes, alone and in batches.
#include "ops/row_kernels.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <thread>

#include "codecs/codec.h"
#include "ops/add/add.h"
#include "ops/append_state/append_state.h"
#include "ops/clamped_swiglu/clamped_swiglu.h"
#include "ops/gelu/gelu.h"
#include "ops/layer_norm/layer_norm.h"
#include "ops/rms_norm/rms_norm.h"
#include "ops/rotary/rotary.h"
#include "ops/scale/scale.h"
#include "ops/soft_cap/soft_cap.h"
#include "ops/swiglu/swiglu.h"
#include "ops/turned_rows.h"

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
  for (size_t i = 0; i < inputs.size(); ++i) {
    arguments[i].tensor = inputs[i].view();
    arguments[i].given = true;
  }
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

// Heads by themselves, with a weight for all of them or one for each: as if each were a row.
TEST(RowKernels, norms_of_groups_are_norms_of_rows) {
  const graph::Attributes whole{{"epsilon", 1e-5}};
  const graph::Attributes grouped{{"epsilon", 1e-5}, {"groups", int64_t{3}}};
  const Matrix x = random_matrix(2, 3 * 24, 1);
  const Matrix own = random_matrix(3, 24, 2);
  for (const Op* op : {&rms_norm, &layer_norm}) {
    for (const Kernel& kernel : op->kernels) {
      if (!isa_includes(active_isa(), kernel.isa)) continue;
      const auto found = run(*op, kernel, grouped, {x, own}, 2);
      const auto shared = run(*op, kernel, grouped, {x, last_rows(own, 1)}, 2);
      for (int64_t head = 0; head < 6; ++head) {
        const auto* from = x.numbers.data() + head * 24;
        const auto* weight = own.numbers.data() + head % 3 * 24;
        const auto alone = run(*op, kernel, whole, {{1, 24, {from, from + 24}}, {1, 24, {weight, weight + 24}}});
        EXPECT_EQ(0, std::memcmp(alone.data(), found.data() + head * 24, 24 * sizeof(float))) << op->name;
        const auto last = run(*op, kernel, whole, {{1, 24, {from, from + 24}}, last_rows(own, 1)});
        EXPECT_EQ(0, std::memcmp(last.data(), shared.data() + head * 24, 24 * sizeof(float))) << op->name;
      }
    }
  }
}

// (1, 2, 6): mean 3, variance 14 / 3.
TEST(RowKernels, layer_norm_computes_the_definition) {
  const float deviation = std::sqrt(14.0f / 3);
  for (const Kernel& kernel : layer_norm.kernels) {
    if (!isa_includes(active_isa(), kernel.isa)) continue;
    const auto found =
        run(layer_norm, kernel, {{"epsilon", 0.0}}, {{1, 3, {1, 2, 6}}, {1, 3, {1, 2, 3}}, {1, 3, {0, 5, 7}}});
    expect_close(found, {-2 / deviation, -2 / deviation + 5, 9 / deviation + 7}, 1e-6);
  }
}

// Numbers around a mean of 50 lose six bits of what remains of them; sums are rounded as in rms_norm.
TEST(RowKernels, layer_norm_agrees_with_the_reference) {
  for (const int64_t length : {1, 15, 16, 63, 64, 576, 1000, 4097}) {
    std::vector<Matrix> inputs{random_matrix(5, length, 1), random_matrix(1, length, 2), random_matrix(1, length, 3)};
    for (float& number : inputs[0].numbers) number += 50;
    const graph::Attributes attributes{{"epsilon", 1e-5}};
    const auto expected = run(layer_norm, layer_norm.kernels.back(), attributes, inputs);
    for (const Kernel* kernel : fast_kernels(layer_norm)) {
      const auto found = run(layer_norm, *kernel, attributes, inputs, 2);
      for (size_t i = 0; i < expected.size(); ++i) ASSERT_NEAR(found[i], expected[i], length == 1 ? 0.2 : 1e-4);
      const auto alone = run(layer_norm, *kernel, attributes, {last_rows(inputs[0], 1), inputs[1], inputs[2]});
      EXPECT_EQ(0, std::memcmp(alone.data(), found.data() + 4 * length, alone.size() * sizeof(float)));
    }
  }
}

// P(X <= x) is exact to 2e-7, so x times it to that times |x|.
TEST(RowKernels, gelu_agrees_with_the_reference) {
  for (const char* approximation : {"none", "tanh"}) {
    const graph::Attributes attributes{{"approximation", std::string(approximation)}};
    for (const int64_t length : {1, 17, 1536}) {
      std::vector<Matrix> inputs{random_matrix(3, length, 3), random_matrix(3, length, 4)};
      inputs[0].numbers[0] = -60.0f;
      inputs[0].numbers.back() = 95.0f;
      const auto gated = run(geglu, geglu.kernels.back(), attributes, inputs);
      const auto plain = run(gelu, gelu.kernels.back(), attributes, {inputs[0]});
      for (const Kernel* kernel : fast_kernels(geglu)) {
        const auto found = run(geglu, *kernel, attributes, inputs, 3);
        const auto alone = run(gelu, *kernel, attributes, {inputs[0]}, 2);
        for (size_t i = 0; i < gated.size(); ++i) {
          const double bound = 4e-7 * std::fabs(inputs[0].numbers[i]);
          ASSERT_NEAR(alone[i], plain[i], bound) << inputs[0].numbers[i];
          ASSERT_NEAR(found[i], gated[i], bound * (1 + std::fabs(inputs[1].numbers[i])));
        }
      }
    }
  }
}

TEST(RowKernels, gelu_computes_the_definition) {
  const std::vector<Matrix> x{{1, 3, {1, -1, 0}}};
  const auto exact = run(gelu, gelu.kernels.back(), {}, x);
  expect_close(exact, {0.841344746f, -0.158655254f, 0}, 1e-6);
  const auto tanh = run(gelu, gelu.kernels.back(), {{"approximation", std::string("tanh")}}, x);
  expect_close(tanh, {0.841191991f, -0.158808009f, 0}, 1e-6);
}

TEST(RowKernels, scale_and_soft_cap_agree_with_the_reference) {
  for (const int64_t length : {1, 17, 1000}) {
    const std::vector<Matrix> inputs{random_matrix(3, length, 8)};
    const graph::Attributes factor{{"factor", 0.375}};
    const auto scaled = run(scale, scale.kernels.back(), factor, inputs);
    for (const Kernel* kernel : fast_kernels(scale)) EXPECT_EQ(run(scale, *kernel, factor, inputs, 3), scaled);
    const graph::Attributes cap{{"cap", 2.5}};
    const auto capped = run(soft_cap, soft_cap.kernels.back(), cap, inputs);
    for (const Kernel* kernel : fast_kernels(soft_cap)) {
      const auto found = run(soft_cap, *kernel, cap, inputs, 3);
      for (size_t i = 0; i < capped.size(); ++i) ASSERT_NEAR(found[i], capped[i], 2.5 * 4e-7);
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

TEST(RowKernels, clamped_swiglu_agrees_with_the_reference) {
  const graph::Attributes attributes{{"limit", 4.0}, {"slope", 1.702}};
  for (const int64_t length : {1, 17, 1536}) {
    std::vector<Matrix> inputs{random_matrix(3, length, 3), random_matrix(3, length, 4)};
    inputs[0].numbers[0] = -60.0f;
    inputs[1].numbers[0] = -95.0f;
    inputs[0].numbers.back() = 95.0f;
    const auto expected = run(clamped_swiglu, clamped_swiglu.kernels.back(), attributes, inputs);
    for (const Kernel* kernel : fast_kernels(clamped_swiglu)) {
      const auto found = run(clamped_swiglu, *kernel, attributes, inputs, 3);
      expect_close(found, expected, 1e-6);
      const auto alone = run(clamped_swiglu, *kernel, attributes, {last_rows(inputs[0], 1), last_rows(inputs[1], 1)});
      EXPECT_EQ(0, std::memcmp(alone.data(), found.data() + 2 * length, alone.size() * sizeof(float)));
    }
    for (const size_t input : {0, 1}) {
      std::vector<Matrix> spoiled = inputs;
      spoiled[input].numbers[0] = std::numeric_limits<float>::quiet_NaN();
      for (const Kernel& kernel : clamped_swiglu.kernels) {
        if (!isa_includes(active_isa(), kernel.isa)) continue;
        EXPECT_TRUE(std::isnan(run(clamped_swiglu, kernel, attributes, spoiled)[0])) << kernel.name;
      }
    }
  }
}

// gate 10 and up 10 count as 7: 7 / (1 + e^(-1.702 * 7)) * 8; gate -1, up -9: -1 / (1 + e^1.702) * -6.
TEST(RowKernels, clamped_swiglu_computes_the_definition) {
  for (const Kernel& kernel : clamped_swiglu.kernels) {
    if (!isa_includes(active_isa(), kernel.isa)) continue;
    const auto found =
        run(clamped_swiglu, kernel, {{"limit", 7.0}, {"slope", 1.702}}, {{1, 2, {10, -1}}, {1, 2, {10, -9}}});
    expect_close(found, {55.9996255f, 0.925225404f}, 1e-6);
  }
}

// The same bits, also where vectors end.
TEST(RowKernels, add_agrees_with_the_reference) {
  for (const int64_t length : {1, 17, 64, 1000}) {
    const std::vector<Matrix> inputs{random_matrix(3, length, 8), random_matrix(3, length, 9)};
    const auto expected = run(add, add.kernels.back(), {}, inputs);
    for (const Kernel* kernel : fast_kernels(add)) EXPECT_EQ(run(add, *kernel, {}, inputs, 3), expected);
  }
}

// A sum of two products, each rounded: errors are relative to the length of the pair.
TEST(RowKernels, rotary_agrees_with_the_reference) {
  for (const char* layout : {"interleaved", "halves"}) {
    for (const int64_t rotary_dims : {64, 48, 38, 2}) {
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

// Rows of two sequences on shuffled pages; also numbers that f16 rounds, overflows and underflows.
class AppendCase {
 public:
  AppendCase(const codecs::Codec& codec, int64_t head_dim, StateLayout layout)
      : codec_(codec), head_dim_(head_dim), rows_(random_matrix(150, kHeads * head_dim, 7)) {
    rows_.numbers[0] = 1e6f;
    rows_.numbers[1] = 3e-8f;
    rows_.numbers[2] = -65519.0f;
    state_.storage = &codec.info;
    state_.page_tokens = kPageTokens;
    state_.heads = kHeads;
    state_.head_dim = head_dim;
    state_.token_bytes = head_dim / codec.info.block_elements * codec.info.block_bytes;
    state_.page_bytes = kHeads * kPageTokens * state_.token_bytes;
    state_.layout = layout;
  }

  const std::vector<std::byte>& run(const Kernel& kernel, unsigned threads) {
    memory_.assign(static_cast<size_t>(4 * state_.page_bytes), std::byte{});
    state_.pages = memory_.data();
    const BatchView batch{sequences_, {}, {}};
    Argument inputs[3];
    inputs[0].state = &state_;
    inputs[1].tensor = rows_.view();
    inputs[2].batch = &batch;
    run_team(kernel, {inputs, {}, nullptr, nullptr}, threads);
    return memory_;
  }

  std::vector<std::byte> stored(const SequenceView& sequence, int64_t token, int64_t head) const {
    const int64_t number = sequence.past + token;
    std::vector<std::byte> row(static_cast<size_t>(state_.token_bytes));
    load_state_row(state_, {sequence.pages[number / kPageTokens], head, number % kPageTokens}, row.data());
    return row;
  }
  std::vector<std::byte> encoded(const SequenceView& sequence, int64_t token, int64_t head) const {
    std::vector<std::byte> row(static_cast<size_t>(state_.token_bytes));
    const int64_t first = ((sequence.first_row + token) * kHeads + head) * head_dim_;
    codec_.encode(rows_.numbers.data() + first, nullptr, row.data(), head_dim_);
    return row;
  }

  static constexpr int64_t kHeads = 3;
  static constexpr int64_t kPageTokens = 64;
  const std::vector<SequenceView>& sequences() const { return sequences_; }

 private:
  const codecs::Codec& codec_;
  const int64_t head_dim_;
  Matrix rows_;
  std::vector<std::byte> memory_;
  StateView state_;
  const int32_t pages_[4] = {2, 0, 3, 1};
  const std::vector<SequenceView> sequences_{{0, 110, 50, pages_}, {110, 40, 7, pages_ + 3}};
};

TEST(RowKernels, append_state_stores_what_the_codec_encodes) {
  struct Variant {
    const codecs::Codec& codec;
    int64_t head_dim;
  };
  for (const auto& [codec, head_dim] :
       {Variant{codecs::f32, 20}, {codecs::f16, 20}, {codecs::f16, 128}, {codecs::q8_0, 64}, {codecs::q4_0, 96}}) {
    for (const StateLayout layout : {StateLayout::rows, StateLayout::turned}) {
      AppendCase test(codec, head_dim, layout);
      const auto expected = test.run(append_state.kernels.back(), 1);
      for (const SequenceView& sequence : test.sequences()) {
        for (int64_t item = 0; item < sequence.tokens * AppendCase::kHeads; ++item) {
          const int64_t token = item / AppendCase::kHeads, head = item % AppendCase::kHeads;
          ASSERT_EQ(test.stored(sequence, token, head), test.encoded(sequence, token, head)) << codec.info.name;
        }
      }
      for (const Kernel& kernel : append_state.kernels) {
        if (!isa_includes(active_isa(), kernel.isa)) continue;
        const KernelRequest request{{}, nullptr, {&codec.info}, {{AppendCase::kHeads, head_dim}}, kernel.isa, 2};
        if (kernel.refuse && kernel.refuse(request)) continue;
        EXPECT_EQ(test.run(kernel, 2), expected) << kernel.name << ' ' << codec.info.name;
      }
    }
  }
}

}  // namespace
}  // namespace adze::ops
