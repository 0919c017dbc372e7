#include "ops/attention/attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "ops/attention/test_attention_case.h"

namespace adze::ops {
namespace {

std::vector<const Kernel*> fast_kernels() {
  std::vector<const Kernel*> list;
  for (const Kernel& kernel : attention.kernels.first(attention.kernels.size() - 1)) {
    if (isa_includes(active_isa(), kernel.isa)) list.push_back(&kernel);
  }
  return list;
}

const AttentionVariant kVariants[] = {
    {9, 3, 64},
    {4, 4, 32},
    {8, 1, 80},
    {7, 1, 128, 40},
    {6, 2, 20, 0, 5.0},
    {4, 2, 256, 0, 0, &codecs::f32},
    {3, 1, 48, 100, 30.0, &codecs::f32, 192},
    {32, 8, 64, 0, 0, &codecs::q8_0},
    {9, 3, 96, 70, 0, &codecs::q8_0, 128},
    {5, 5, 128, 0, 20.0, &codecs::q4_0},
    {14, 2, 64, 0, 0, &codecs::q4_0},
    {3, 1, 17},
    {64, 2, 64},
    {2, 2, 64, 0, 0, &codecs::f16, 48},  // pages without whole segments
    {8, 2, 64, 100, 0, &codecs::f16, 64, true},
    {3, 3, 32, 0, 0, &codecs::q8_0, 64, true},
    {16, 1, 576, 0, 0, &codecs::f16, 64, false, 512},
    {5, 1, 96, 0, 0, &codecs::q8_0, 64, false, 32},
    {4, 2, 24, 0, 0, &codecs::f32, 64, true, 40},
};

// Weighted means of values of size 1: every rounding is relative to numbers of that size.
TEST(Attention, fast_kernels_agree_with_the_reference) {
  ASSERT_FALSE(fast_kernels().empty());
  for (const AttentionVariant& variant : kVariants) {
    AttentionCase test(variant, {{0, 1}, {5, 3}, {0, 70}, {130, 11}, {520, 1}, {63, 2}});
    const auto expected = test.run(attention.kernels.back(), test.sequences, 1);
    for (const Kernel* kernel : fast_kernels()) {
      ASSERT_EQ(kernel->refuse(test.request(*kernel, 1)), std::nullopt);
      const auto found = test.run(*kernel, test.sequences, 2);
      for (size_t i = 0; i < expected.size(); ++i) {
        ASSERT_NEAR(found[i], expected[i], 1e-5) << kernel->name << " head_dim " << variant.head_dim << " row "
                                                 << i / static_cast<size_t>(test.output_width());
      }
    }
  }
}

int64_t between(std::mt19937& random, int64_t least, int64_t most) {
  return std::uniform_int_distribution<int64_t>(least, most)(random);
}

AttentionVariant random_variant(std::mt19937& random) {
  const codecs::Codec* const storages[] = {&codecs::f32, &codecs::f16, &codecs::q8_0, &codecs::q4_0};
  AttentionVariant variant{};
  variant.storage = storages[between(random, 0, 3)];
  variant.key_heads = between(random, 1, 3);
  variant.query_heads = variant.key_heads * between(random, 1, 9);
  const bool blocks = !variant.storage->info.is_plain();
  variant.head_dim = blocks ? 32 * between(random, 1, 4) : between(random, 1, 130);
  variant.window = between(random, 0, 2) == 0 ? between(random, 1, 150) : 0;
  variant.soft_cap = between(random, 0, 2) == 0 ? 4.0 : 0;
  variant.page_tokens = 64 * between(random, 1, 2);
  variant.sinks = between(random, 0, 1) == 0;
  if (between(random, 0, 2) == 0) variant.value_dim = blocks ? 32 * between(random, 1, 4) : between(random, 1, 130);
  return variant;
}

TEST(Attention, random_shapes_agree_with_the_reference) {
  std::mt19937 random(5);
  for (int round = 0; round < 20; ++round) {
    const AttentionVariant variant = random_variant(random);
    std::vector<SequenceSizes> sizes;
    for (int64_t i = between(random, 1, 3); i > 0; --i)
      sizes.push_back({between(random, 0, 150), between(random, 1, 30)});
    AttentionCase test(variant, sizes);
    const auto expected = test.run(attention.kernels.back(), test.sequences, 2);
    const auto first_found = test.run(*fast_kernels().front(), test.sequences, 1);
    for (const Kernel* kernel : fast_kernels()) {
      const auto found = test.run(*kernel, test.sequences, 1);
      EXPECT_EQ(found, first_found) << kernel->name << ": other bits than another processor's, round " << round;
      for (size_t i = 0; i < expected.size(); ++i) {
        ASSERT_NEAR(found[i], expected[i], 1e-5) << kernel->name << " round " << round;
      }
      EXPECT_EQ(test.run(*kernel, test.sequences, 3), found) << kernel->name << " round " << round;
    }
  }
}

// An infinite or missing number in a query spoils the rows that it belongs to, and no other.
TEST(Attention, a_bad_query_spoils_only_its_row) {
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    for (const codecs::Codec* storage : {&codecs::f16, &codecs::q8_0}) {
      for (const int64_t tokens : {2, 40}) {
        AttentionCase test({4, 2, 64, 0, 0, storage}, {{70, tokens}});
        for (const Kernel* kernel : fast_kernels()) {
          const auto clean = test.run(*kernel, test.sequences, 1);
          const float kept = std::exchange(test.queries[70], bad);  // token 0, head 1
          const auto spoiled = test.run(*kernel, test.sequences, 1);
          test.queries[70] = kept;
          for (size_t i = 0; i < clean.size(); ++i) {
            const bool same = std::memcmp(&clean[i], &spoiled[i], sizeof(float)) == 0;
            ASSERT_TRUE(i / 64 == 1 ? std::isnan(spoiled[i]) : same) << kernel->name << " at " << i;
          }
        }
      }
    }
  }
}

// A row's result is the same bits alone, in chunks, beside other sequences and with any number of threads.
TEST(Attention, results_do_not_depend_on_batch_chunks_or_threads) {
  for (const AttentionVariant& variant : kVariants) {
    AttentionCase test(variant, {{500, 75}, {0, 1}, {17, 9}});
    for (const Kernel* kernel : fast_kernels()) {
      const auto whole = test.run(*kernel, test.sequences, 1);
      EXPECT_EQ(test.run(*kernel, test.sequences, 3), whole);
      std::vector<SequenceView> pieces;
      for (const SequenceView& sequence : test.sequences) {
        for (int64_t token = 0, size = 1; token < sequence.tokens; token += size, size = size * 2 % 23) {
          const int64_t count = std::min(size, sequence.tokens - token);
          pieces.push_back({sequence.first_row + token, count, sequence.past + token, sequence.pages});
        }
      }
      EXPECT_EQ(test.run(*kernel, pieces, 2), whole) << kernel->name << " head_dim " << variant.head_dim;
    }
  }
}

// One token with a long history: threads share out spans of the history, some of them more than one wave of them.
TEST(Attention, spans_of_a_long_history_may_be_shared_out) {
  for (const AttentionVariant& variant : kVariants) {
    if (variant.key_heads > 3) continue;  // whole tasks are enough for the threads
    for (const SequenceSizes& size : {SequenceSizes{1100, 1}, {511, 2}, {2600, 1}}) {
      AttentionCase test(variant, {size});
      for (const Kernel* kernel : fast_kernels()) {
        const auto alone = test.run(*kernel, test.sequences, 1);
        for (const unsigned threads : {2u, 5u}) {
          EXPECT_EQ(test.run(*kernel, test.sequences, threads), alone) << kernel->name << " past " << size.past;
        }
      }
    }
  }
}

TEST(Attention, a_row_never_sees_what_comes_after_it) {
  constexpr int64_t kSpoiled = 45;
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    AttentionCase test({6, 2, 64}, {{10, 80}});
    for (const Kernel* kernel : fast_kernels()) {
      AttentionCase clean({6, 2, 64}, {{10, 80}});
      const auto before = clean.run(*kernel, clean.sequences, 1);
      test.spoil(kSpoiled, bad);
      const auto after = test.run(*kernel, test.sequences, 1);
      const auto unseen = static_cast<size_t>((kSpoiled - 10) * test.width());
      EXPECT_EQ(0, std::memcmp(before.data(), after.data(), unseen * sizeof(float)));
      for (size_t i = unseen; i < after.size(); ++i) EXPECT_FALSE(std::isfinite(after[i]));
    }
  }
}

// One position with score s and value v beside a sink t: v e^s / (e^s + e^t).
TEST(Attention, a_sink_takes_its_share_of_the_weight) {
  for (const Kernel& kernel : attention.kernels) {
    if (!isa_includes(active_isa(), kernel.isa)) continue;
    AttentionCase plain({1, 1, 16, 0, 0, &codecs::f32}, {{0, 1}});
    AttentionCase test({1, 1, 16, 0, 0, &codecs::f32, 64, true}, {{0, 1}});
    std::fill(test.queries.begin(), test.queries.end(), 0.0f);  // a score of 0
    const auto value = plain.run(kernel, plain.sequences, 1);
    for (const float sink : {-200.0f, -1.0f, 0.0f, 3.0f, 200.0f, -std::numeric_limits<float>::infinity()}) {
      test.sinks = {sink};
      const auto found = test.run(kernel, test.sequences, 1);
      for (size_t i = 0; i < 16; ++i) {
        EXPECT_NEAR(found[i], value[i] / (1 + std::exp(static_cast<double>(sink))), 1e-6) << kernel.name;
      }
    }
  }
}

TEST(Attention, refusals_say_why) {
  for (const Kernel* kernel : fast_kernels()) {
    const AttentionCase wide({1, 1, 2048}, {{0, 1}});
    EXPECT_EQ(kernel->refuse(wide.request(*kernel, 1)), "head_dim exceeds 1024");
    const AttentionCase narrow({1, 1, 64, 0, 0, &codecs::bf16}, {{0, 1}});
    EXPECT_EQ(kernel->refuse(narrow.request(*kernel, 1)), "keys and values are bf16, not f32, f16, q8_0 or q4_0");
  }
}

}  // namespace
}  // namespace adze::ops
