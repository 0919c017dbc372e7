#include "ops/self_attention/self_attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <thread>

#include "codecs/codec.h"

namespace adze::ops {
namespace {

struct Variant {
  int64_t query_heads;
  int64_t key_heads;
  int64_t head_dim;
  int64_t buckets = 0;
  double soft_cap = 0;
};

/// Sequences one behind the other with random queries, keys and values.
class SelfAttentionCase {
 public:
  SelfAttentionCase(const Variant& variant, const std::vector<int64_t>& sizes) : variant_(variant) {
    node_.op = &self_attention;
    node_.attributes["query_heads"] = variant.query_heads;
    node_.attributes["key_heads"] = variant.key_heads;
    node_.attributes["head_dim"] = variant.head_dim;
    node_.attributes["soft_cap"] = variant.soft_cap;
    parameters_ = self_attention.resolve(node_);
    for (const int64_t size : sizes) {
      sequences.push_back({rows_, size, 0, nullptr});
      rows_ += size;
    }
    queries = random_numbers(rows_ * width());
    keys = random_numbers(rows_ * key_width());
    values = random_numbers(rows_ * key_width());
    bias = random_numbers(variant.buckets * variant.query_heads);
  }

  int64_t width() const { return variant_.query_heads * variant_.head_dim; }
  int64_t key_width() const { return variant_.key_heads * variant_.head_dim; }

  KernelRequest request(const Kernel& kernel, unsigned threads) const {
    const StorageType f32 = &codecs::f32.info;
    KernelRequest request{node_, parameters_.get(), {f32, f32, f32, nullptr}, {{rows_, width()}}, kernel.isa, threads};
    if (variant_.buckets > 0) request.input_storages.push_back(f32);
    return request;
  }

  std::vector<float> run(const Kernel& kernel, unsigned threads) { return run(kernel, threads, sequences); }

  std::vector<float> run(const Kernel& kernel, unsigned threads, const std::vector<SequenceView>& batch) {
    std::vector<float> out(static_cast<size_t>(rows_ * width()));
    std::vector<std::byte> scratch(kernel.scratch_bytes ? kernel.scratch_bytes(request(kernel, threads)) : 0,
                                   std::byte{0xff});  // not a number
    BatchView view{batch, {}, {}};
    std::vector<Argument> inputs(variant_.buckets > 0 ? 5 : 4);
    inputs[0].tensor = view_of(queries, width());
    inputs[1].tensor = view_of(keys, key_width());
    inputs[2].tensor = view_of(values, key_width());
    inputs[3].batch = &view;
    if (variant_.buckets > 0) inputs[4].tensor = view_of(bias, variant_.query_heads);
    for (Argument& input : inputs) input.given = true;
    Argument output;
    output.tensor = view_of(out, width());
    const KernelCall call{inputs, {&output, 1}, parameters_.get(), scratch.data()};
    Barrier barrier(threads);
    std::vector<std::thread> team;
    for (unsigned thread = 0; thread < threads; ++thread) {
      team.emplace_back([&, thread] { kernel.run(call, Team(thread, threads, &barrier)); });
    }
    for (std::thread& member : team) member.join();
    return out;
  }

  std::vector<SequenceView> sequences;
  std::vector<float> queries, keys, values, bias;

 private:
  std::vector<float> random_numbers(int64_t count) {
    std::normal_distribution<float> normal;
    std::vector<float> numbers(static_cast<size_t>(count));
    for (float& number : numbers) number = normal(random_);
    return numbers;
  }
  static TensorView view_of(std::vector<float>& numbers, int64_t width) {
    return {reinterpret_cast<std::byte*>(numbers.data()), &codecs::f32.info,
            static_cast<int64_t>(numbers.size()) / width, width, width * 4};
  }

  Variant variant_;
  std::mt19937 random_{7};
  graph::Node node_;
  std::shared_ptr<const void> parameters_;
  int64_t rows_ = 0;
};

const Kernel& reference() { return self_attention.kernels.back(); }

std::vector<const Kernel*> fast_kernels() {
  std::vector<const Kernel*> list;
  for (const Kernel& kernel : self_attention.kernels.first(self_attention.kernels.size() - 1)) {
    if (isa_includes(active_isa(), kernel.isa)) list.push_back(&kernel);
  }
  return list;
}

constexpr Variant kVariants[] = {{12, 12, 32}, {12, 12, 64}, {4, 2, 20}, {3, 1, 17, 0, 5.0}, {1, 1, 256}, {8, 1, 80}};

TEST(SelfAttention, FastKernelsAgreeWithTheReference) {
  for (const Variant& variant : kVariants) {
    SelfAttentionCase test(variant, {1, 5, 64, 65, 130, 2, 600});
    const auto expected = test.run(reference(), 1);
    for (const Kernel* kernel : fast_kernels()) {
      ASSERT_EQ(kernel->refuse(test.request(*kernel, 1)), std::nullopt);
      const auto found = test.run(*kernel, 2);
      for (size_t i = 0; i < expected.size(); ++i) {
        ASSERT_NEAR(found[i], expected[i], 1e-5) << kernel->name << " head_dim " << variant.head_dim;
      }
    }
  }
}

// Alone, among others and with any number of threads: the same bits.
TEST(SelfAttention, ResultsDoNotDependOnTheBatchOrThreads) {
  for (const Variant& variant : kVariants) {
    SelfAttentionCase test(variant, {70, 3, 300});
    std::vector<const Kernel*> kernels = fast_kernels();
    kernels.push_back(&reference());
    for (const Kernel* kernel : kernels) {
      const auto together = test.run(*kernel, 1);
      EXPECT_EQ(test.run(*kernel, 3), together);
      const auto alone = test.run(*kernel, 2, {test.sequences[2]});
      const auto begin = static_cast<size_t>(73 * test.width());
      EXPECT_TRUE(std::equal(alone.begin() + static_cast<ptrdiff_t>(begin), alone.end(),
                             together.begin() + static_cast<ptrdiff_t>(begin)))
          << kernel->name;
    }
  }
}

// What is before and behind in the packed rows belongs to others.
TEST(SelfAttention, OtherSequencesAreNotSeen) {
  SelfAttentionCase test({2, 2, 16}, {4, 5, 6});
  std::vector<const Kernel*> kernels = fast_kernels();
  kernels.push_back(&reference());
  for (size_t i = 0; i < test.keys.size(); ++i) {
    const bool own = i / 32 >= 4 && i / 32 < 9;
    if (!own) test.keys[i] = test.values[i] = std::numeric_limits<float>::quiet_NaN();
  }
  for (const Kernel* kernel : kernels) {
    const auto found = test.run(*kernel, 2);
    for (size_t i = size_t{4} * 32; i < size_t{9} * 32; ++i) ASSERT_TRUE(std::isfinite(found[i])) << kernel->name;
  }
}

// One head of width 1, by hand: scores q * k + bias of the distance.
TEST(SelfAttention, DistancesAddToScores) {
  SelfAttentionCase test({1, 1, 1, 4}, {2});
  test.queries = {1, 2};
  test.keys = {0.5F, -1};
  test.values = {10, 20};
  test.bias = {0.25F, 9, 0.75F, -0.5F};  // distance 0; in front of the query; 0 again; behind it
  const auto weighted = [](double first, double second) {
    return (10 * std::exp(first) + 20 * std::exp(second)) / (std::exp(first) + std::exp(second));
  };
  const auto found = test.run(reference(), 1);
  EXPECT_NEAR(found[0], weighted(0.5 + 0.25, -1 - 0.5), 1e-5);
  EXPECT_NEAR(found[1], weighted(1 + 9, -2 + 0.25), 1e-5);
  for (const Kernel* kernel : fast_kernels()) EXPECT_TRUE(kernel->refuse(test.request(*kernel, 1)).has_value());
}

// Values that transformers' MPNet computes: distance is key - query.
TEST(SelfAttention, BucketsAreThoseOfOthers) {
  const std::pair<int64_t, int64_t> known[] = {{0, 0},   {-1, 1},   {-7, 7},   {-8, 8},   {-9, 8},    {-11, 8},
                                               {-12, 9}, {-16, 10}, {-32, 12}, {-64, 14}, {-127, 15}, {-500, 15},
                                               {1, 17},  {7, 23},   {8, 24},   {16, 26},  {64, 30},   {1000, 31}};
  for (const auto& [distance, bucket] : known) EXPECT_EQ(distance_bucket(distance, 32, 128), bucket) << distance;
}

}  // namespace
}  // namespace adze::ops
