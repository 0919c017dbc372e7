// Sequences with random queries and histories, run by any kernel of `attention`: for tests and benchmarks.
#pragma once

#include <algorithm>
#include <random>
#include <thread>

#include "backends/cpu/host_buffer.h"
#include "codecs/codec.h"
#include "ops/attention/attention.h"
#include "ops/turned_rows.h"
#include "tensor/shape.h"

namespace adze::ops {

struct AttentionVariant {
  int64_t query_heads;
  int64_t key_heads;
  int64_t head_dim;
  int64_t window = 0;
  double soft_cap = 0;
  const codecs::Codec* storage = &codecs::f16;
  int64_t page_tokens = 64;
  bool sinks = false;
  int64_t value_dim = 0;  // 0: head_dim
};

struct SequenceSizes {
  int64_t past;
  int64_t tokens;
};

/// Histories lie on pages in shuffled order.
class AttentionCase {
 public:
  AttentionCase(const AttentionVariant& variant, std::vector<SequenceSizes> sizes) : variant_(variant) {
    node_.op = &attention;
    node_.attributes["query_heads"] = variant.query_heads;
    node_.attributes["key_heads"] = variant.key_heads;
    node_.attributes["head_dim"] = variant.head_dim;
    node_.attributes["value_dim"] = value_dim();
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
    const bool whole_runs = variant.page_tokens % kTurnedTokens == 0;
    const StateLayout layout = whole_runs ? StateLayout::turned : StateLayout::rows;
    keys = make_state(pages, variant.head_dim, layout, key_bytes_);
    values = make_state(pages, value_dim(), StateLayout::rows, value_bytes_);
    queries = random_numbers(static_cast<size_t>(rows_ * width()));
    sinks = random_numbers(static_cast<size_t>(variant.query_heads));
  }

  int64_t value_dim() const { return variant_.value_dim > 0 ? variant_.value_dim : variant_.head_dim; }
  int64_t width() const { return variant_.query_heads * variant_.head_dim; }
  int64_t output_width() const { return variant_.query_heads * value_dim(); }
  int64_t rows() const { return rows_; }

  KernelRequest request(const Kernel& kernel, unsigned threads) const {
    const StorageType storage = &variant_.storage->info;
    std::vector<StorageType> storages{&codecs::f32.info, storage, storage, nullptr};
    if (variant_.sinks) storages.push_back(&codecs::f32.info);
    return {node_, parameters_.get(), std::move(storages), {{rows_, width()}}, kernel.isa, threads};
  }

  /// Output of all rows of `batch`, computed `times` times over.
  std::vector<float> run(const Kernel& kernel, std::vector<SequenceView> batch, unsigned threads, int times = 1) {
    std::vector<float> out(static_cast<size_t>(rows_ * output_width()));
    std::vector<std::byte> scratch(kernel.scratch_bytes ? kernel.scratch_bytes(request(kernel, threads)) : 0);
    BatchView view{batch, {}, {}};
    Argument inputs[5];
    inputs[0].tensor = {reinterpret_cast<std::byte*>(queries.data()), &codecs::f32.info, rows_, width(), width() * 4};
    inputs[1].state = &keys;
    inputs[2].state = &values;
    inputs[3].batch = &view;
    inputs[4].given = variant_.sinks;
    inputs[4].tensor = {reinterpret_cast<std::byte*>(sinks.data()), &codecs::f32.info, 1, variant_.query_heads,
                        variant_.query_heads * 4};
    Argument output;
    output.tensor = {reinterpret_cast<std::byte*>(out.data()), &codecs::f32.info, rows_, output_width(),
                     output_width() * 4};
    const KernelCall call{inputs, {&output, 1}, parameters_.get(), scratch.data()};
    Barrier barrier(threads);
    const auto work = [&](unsigned thread) {
      const Team team(thread, threads, &barrier);
      for (int i = 0; i < times; ++i) {
        kernel.run(call, team);
        team.wait();
      }
    };
    std::vector<std::thread> others;
    for (unsigned thread = 1; thread < threads; ++thread) others.emplace_back(work, thread);
    work(0);
    for (std::thread& other : others) other.join();
    return out;
  }

  /// Makes all numbers of one key and one value of sequence 0 bad.
  void spoil(int64_t position, float bad) {
    const std::vector<float> numbers(static_cast<size_t>(variant_.head_dim), bad);
    std::vector<std::byte> row(static_cast<size_t>(keys.token_bytes));
    variant_.storage->encode(numbers.data(), nullptr, row.data(), variant_.head_dim);
    const int32_t page = sequences[0].pages[position / variant_.page_tokens];
    for (const StateView* state : {&keys, &values}) {
      for (int64_t head = 0; head < variant_.key_heads; ++head) {
        store_state_row(*state, {page, head, position % variant_.page_tokens}, row.data());
      }
    }
  }

  std::vector<SequenceView> sequences;
  std::vector<float> queries;
  std::vector<float> sinks;
  StateView keys;
  StateView values;

 private:
  std::vector<float> random_numbers(size_t count) {
    std::normal_distribution<float> normal;
    std::vector<float> numbers(count);
    for (float& number : numbers) number = normal(random_);
    return numbers;
  }
  StateView make_state(int64_t pages, int64_t width, StateLayout layout, backends::HostBuffer& bytes) {
    const int64_t token_bytes = row_bytes(variant_.storage->info, width);
    const int64_t page_bytes = token_bytes * variant_.page_tokens * variant_.key_heads;
    const int64_t rows = pages * variant_.page_tokens * variant_.key_heads;
    std::vector<std::byte> encoded(static_cast<size_t>(pages * page_bytes));
    variant_.storage->encode(random_numbers(static_cast<size_t>(rows * width)).data(), nullptr, encoded.data(),
                             rows * width);
    bytes = backends::HostBuffer(encoded.size());
    const StateView state{
        bytes.data(), &variant_.storage->info, variant_.page_tokens, variant_.key_heads, width, token_bytes, page_bytes,
        layout};
    for (int64_t row = 0; row < rows; ++row) {
      const int64_t slot = row % variant_.page_tokens;
      const int64_t head = row / variant_.page_tokens % variant_.key_heads;
      const auto page = static_cast<int32_t>(row / variant_.page_tokens / variant_.key_heads);
      store_state_row(state, {page, head, slot}, encoded.data() + row * token_bytes);
    }
    return state;
  }

  AttentionVariant variant_;
  std::mt19937 random_{11};
  graph::Node node_;
  std::shared_ptr<const void> parameters_;
  int64_t rows_ = 0;
  std::vector<int32_t> page_tables_;
  backends::HostBuffer key_bytes_;
  backends::HostBuffer value_bytes_;
};

}  // namespace adze::ops
