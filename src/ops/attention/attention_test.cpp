#include "ops/attention/attention.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
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
  int64_t window = 0;
  double soft_cap = 0;
  const codecs::Codec* storage = &codecs::f16;
  int64_t page_tokens = 64;
};

struct SequenceSizes {
  int64_t past;
  int64_t tokens;
};

// Sequences with random queries and histories, on pages in shuffled order.
class AttentionCase {
 public:
  AttentionCase(const Variant& variant, std::vector<SequenceSizes> sizes) : variant_(variant) {
    node_.op = &attention;
    node_.attributes["query_heads"] = variant.query_heads;
    node_.attributes["key_heads"] = variant.key_heads;
    node_.attributes["head_dim"] = variant.head_dim;
    node_.attributes["window"] = variant.window;
    node_.attributes["soft_cap"] = variant.soft_cap;
    parameters_ = attention.resolve(node_);
    int32_t pages = 0;
    for (const SequenceSizes& size : sizes) {
      const int64_t count = (size.past + size.tokens + variant.page_tokens - 1) / variant.page_tokens;
      for (int64_t i = 0; i < count; ++i) page_tables_.emplace_back(pages++);
    }
    std::shuffle(page_tables_.begin(), page_tables_.end(), random_);
    const int32_t* table = page_tables_.data();
    for (const SequenceSizes& size : sizes) {
      sequences.push_back({rows_, size.tokens, size.past, table});
      table += (size.past + size.tokens + variant.page_tokens - 1) / variant.page_tokens;
      rows_ += size.tokens;
    }
    keys = make_state(pages, key_bytes_);
    values = make_state(pages, value_bytes_);
    queries = random_numbers(static_cast<size_t>(rows_ * width()));
  }

  int64_t width() const { return variant_.query_heads * variant_.head_dim; }
  int64_t rows() const { return rows_; }

  KernelRequest request(const Kernel& kernel, unsigned threads) const {
    const StorageType storage = &variant_.storage->info;
    return {node_,  parameters_.get(), {&codecs::f32.info, storage, storage, nullptr}, {{rows_, width()}}, kernel.isa,
            threads};
  }

  /// Output of all rows of `batch`.
  std::vector<float> run(const Kernel& kernel, std::vector<SequenceView> batch, unsigned threads) {
    std::vector<float> out(static_cast<size_t>(rows_ * width()));
    std::vector<std::byte> scratch(kernel.scratch_bytes ? kernel.scratch_bytes(request(kernel, threads)) : 0);
    BatchView view{batch, {}, {}};
    Argument inputs[4];
    inputs[0].tensor = {reinterpret_cast<std::byte*>(queries.data()), &codecs::f32.info, rows_, width(), width() * 4};
    inputs[1].state = &keys;
    inputs[2].state = &values;
    inputs[3].batch = &view;
    Argument output;
    output.tensor = {reinterpret_cast<std::byte*>(out.data()), &codecs::f32.info, rows_, width(), width() * 4};
    const KernelCall call{inputs, {&output, 1}, parameters_.get(), scratch.data()};
    Barrier barrier(threads);
    std::vector<std::thread> team;
    for (unsigned thread = 0; thread < threads; ++thread) {
      team.emplace_back([&, thread] { kernel.run(call, Team(thread, threads, &barrier)); });
    }
    for (std::thread& member : team) member.join();
    return out;
  }

  /// Makes one number of one key and one value of sequence 0 bad.
  void spoil(int64_t position, float bad) {
    for (StateView* state : {&keys, &values}) {
      const int32_t page = sequences[0].pages[position / variant_.page_tokens];
      for (int64_t head = 0; head < variant_.key_heads; ++head) {
        variant_.storage->encode(std::vector<float>(static_cast<size_t>(variant_.head_dim), bad).data(), nullptr,
                                 state->at(page, head, position % variant_.page_tokens), variant_.head_dim);
      }
    }
  }

  std::vector<SequenceView> sequences;
  std::vector<float> queries;
  StateView keys;
  StateView values;

 private:
  std::vector<float> random_numbers(size_t count) {
    std::normal_distribution<float> normal;
    std::vector<float> numbers(count);
    for (float& number : numbers) number = normal(random_);
    return numbers;
  }
  StateView make_state(int64_t pages, std::vector<std::byte>& bytes) {
    const int64_t token_bytes = variant_.head_dim * variant_.storage->info.block_bytes;
    const int64_t page_bytes = token_bytes * variant_.page_tokens * variant_.key_heads;
    bytes.resize(static_cast<size_t>(pages * page_bytes));
    const int64_t numbers = pages * variant_.page_tokens * variant_.key_heads * variant_.head_dim;
    variant_.storage->encode(random_numbers(static_cast<size_t>(numbers)).data(), nullptr, bytes.data(), numbers);
    return {bytes.data(),       &variant_.storage->info, variant_.page_tokens,
            variant_.key_heads, variant_.head_dim,       token_bytes,
            page_bytes};
  }

  Variant variant_;
  std::mt19937 random_{11};
  graph::Node node_;
  std::shared_ptr<const void> parameters_;
  int64_t rows_ = 0;
  std::vector<int32_t> page_tables_;
  std::vector<std::byte> key_bytes_;
  std::vector<std::byte> value_bytes_;
};

std::vector<const Kernel*> fast_kernels() {
  std::vector<const Kernel*> list;
  for (const Kernel& kernel : attention.kernels.first(attention.kernels.size() - 1)) {
    if (isa_includes(active_isa(), kernel.isa)) list.push_back(&kernel);
  }
  return list;
}

const Variant kVariants[] = {
    {9, 3, 64},
    {4, 4, 32},
    {8, 1, 80},
    {7, 1, 128, 40},
    {6, 2, 20, 0, 5.0},
    {4, 2, 256, 0, 0, &codecs::f32},
    {3, 1, 48, 100, 30.0, &codecs::f32, 24},
};

// Weighted means of values of size 1: every rounding is relative to numbers of that size.
TEST(Attention, fast_kernels_agree_with_the_reference) {
  ASSERT_FALSE(fast_kernels().empty());
  for (const Variant& variant : kVariants) {
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
  for (const Variant& variant : kVariants) {
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
    EXPECT_EQ(kernel->refuse(narrow.request(*kernel, 1)), "keys and values are bf16, not f16 or f32");
  }
}

}  // namespace
}  // namespace adze::ops
