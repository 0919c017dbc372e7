#include "ops/attention/attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

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
};

// Weighted means of values of size 1: every rounding is relative to numbers of that size.
TEST(Attention, fast_kernels_agree_with_the_reference) {
  ASSERT_FALSE(fast_kernels().empty());
  for (const AttentionVariant& variant : kVariants) {
    AttentionCase test(variant, {{0, 1}, {5, 3}, {0, 70}, {130, 33}, {1100, 1}, {63, 2}});
    const auto expected = test.run(attention.kernels.back(), test.sequences, 1);
    for (const Kernel* kernel : fast_kernels()) {
      ASSERT_EQ(kernel->refuse(test.request(*kernel, 1)), std::nullopt);
      const auto found = test.run(*kernel, test.sequences, 2);
      for (size_t i = 0; i < expected.size(); ++i) {
        ASSERT_NEAR(found[i], expected[i], 1e-5)
            << kernel->name << " head_dim " << variant.head_dim << " row " << i / static_cast<size_t>(test.width());
      }
    }
  }
}

// A row's result is the same bits alone, in chunks, beside other sequences and with any number of threads.
TEST(Attention, results_do_not_depend_on_batch_chunks_or_threads) {
  for (const AttentionVariant& variant : kVariants) {
    AttentionCase test(variant, {{600, 75}, {0, 1}, {17, 9}});
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
    for (const SequenceSizes& size : {SequenceSizes{1800, 1}, {511, 2}, {5000, 1}}) {
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

TEST(Attention, refusals_say_why) {
  for (const Kernel* kernel : fast_kernels()) {
    const AttentionCase wide({1, 1, 512}, {{0, 1}});
    EXPECT_EQ(kernel->refuse(wide.request(*kernel, 1)), "head_dim exceeds 256");
    const AttentionCase narrow({1, 1, 64, 0, 0, &codecs::bf16}, {{0, 1}});
    EXPECT_EQ(kernel->refuse(narrow.request(*kernel, 1)), "keys and values are bf16, not f32, f16, q8_0 or q4_0");
  }
}

}  // namespace
}  // namespace adze::ops
