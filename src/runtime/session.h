// Running sequences of tokens through a model: batches in, logits out.
#pragma once

#include <map>
#include <memory>
#include <span>
#include <vector>

#include "runtime/kv_cache.h"
#include "runtime/loaded_model.h"
#include "runtime/plan.h"

namespace adze::runtime {

/// What a forward call gives for the rows that are asked for.
enum class SessionRows {
  logits,
  hidden,  // what goes into the product that makes logits, for embeddings
};

struct SessionOptions {
  unsigned threads = 0;              // 0: one per available processor
  int64_t context_tokens = 4096;     // over all sequences together
  int64_t batch_tokens = 512;        // most tokens per forward call
  int64_t logit_rows = 0;            // most rows with logits per call; 0: batch_tokens
  StorageType kv_storage = nullptr;  // null: f16
  SessionRows rows = SessionRows::logits;
};

using SequenceId = int32_t;

enum class LogitsWanted { none, last, all };

/// What a sequence gets in one forward call.
struct SequenceWork {
  SequenceId sequence;
  std::span<const int32_t> tokens;
  LogitsWanted logits = LogitsWanted::last;
};

/// Rows of `vocabulary` logits, or of as many numbers as hidden rows have, in the order of the work that asked for
/// them. Valid until the next call.
struct Logits {
  const float* values = nullptr;
  int64_t rows = 0;
  int64_t vocabulary = 0;
  std::span<const float> row(int64_t index) const {
    return {values + index * vocabulary, static_cast<size_t>(vocabulary)};
  }
};

class Session {
 public:
  /// `pool`: threads shared with other sessions, which do not run meanwhile; null: threads of its own.
  Session(std::shared_ptr<LoadedModel> model, const SessionOptions& options,
          std::shared_ptr<ThreadPool> pool = nullptr);

  SequenceId add_sequence();
  /// Begins behind the tokens of full pages that other sequences, or keepers of prefixes, hold too. REQUIRES: the cache
  /// keeps tokens apart.
  SequenceId add_sequence(std::span<const int32_t> shared_pages);
  /// Everything that it is fed goes through these adapters of the model. Throws Error(bad_input) as checked_choice().
  SequenceId add_sequence(std::span<const int32_t> shared_pages, std::span<const ops::AdapterUse> adapters);
  void remove_sequence(SequenceId sequence);
  /// Tokens that the sequence holds.
  int64_t length(SequenceId sequence) const { return sequences_.at(sequence).length; }
  /// Forgets everything behind the first `length` tokens; or all, where the model keeps only what a sequence has come
  /// to (KvCache::keeps_tokens_apart) and would have to go back. Returns how many are left. Others may hold the page
  /// that this ends in: then it cannot be written, and neither can the sequence go on.
  int64_t truncate(SequenceId sequence, int64_t length);

  std::span<const int32_t> pages(SequenceId sequence) const { return sequences_.at(sequence).pages; }
  /// Goes on with another page in the place of number `index`. REQUIRES: it holds the same tokens behind the same ones.
  void exchange_page(SequenceId sequence, int64_t index, int32_t page);

  /// One forward call. Throws Error(bad_input) for token ids outside the vocabulary, more tokens than batch_tokens or
  /// a page to be written that others hold, Error(out_of_memory) when the context is full; then no sequence has
  /// changed.
  Logits run(std::span<const SequenceWork> work);

  /// Feeds any number of tokens in batches; the logits behind the last one.
  std::span<const float> feed(SequenceId sequence, std::span<const int32_t> tokens);

  LoadedModel& model() { return *model_; }
  const LoadedModel& model() const { return *model_; }
  const Plan& plan() const { return plan_; }
  const KvCache& cache() const { return cache_; }
  KvCache& cache() { return cache_; }
  ThreadPool& pool() { return *pool_; }
  std::shared_ptr<ThreadPool> shared_pool() const { return pool_; }
  int64_t batch_tokens() const { return options_.batch_tokens; }
  int64_t logit_rows() const { return options_.logit_rows; }

  /// From now on collects the time of every node of each call here; null: stops.
  void measure(std::vector<NodeTime>* times) { times_ = times; }
  /// From now on the observer sees the inputs of every node; null: stops.
  void observe(NodeObserver* observer) { plan_.observe(observer); }

 private:
  struct Sequence {
    int64_t length = 0;
    std::vector<int32_t> pages;
    std::vector<ops::AdapterUse> adapters = {};
  };
  const graph::Graph& graph() const { return hidden_ ? *hidden_ : model_->graph(); }
  void check(std::span<const SequenceWork> work) const;
  void check_sequence(const SequenceWork& work) const;
  void reserve(std::span<const SequenceWork> work);
  void pack(std::span<const SequenceWork> work);
  void append_logit_rows(const SequenceWork& work, int64_t first_row);

  std::shared_ptr<LoadedModel> model_;
  SessionOptions options_;
  std::shared_ptr<ThreadPool> pool_;
  std::unique_ptr<const graph::Graph> hidden_;  // null: the model's own graph
  KvCache cache_;
  Plan plan_;
  std::map<SequenceId, Sequence> sequences_;
  SequenceId next_sequence_ = 0;
  std::vector<NodeTime>* times_ = nullptr;

  // The packed batch, reused by every call.
  std::vector<int32_t> tokens_;
  std::vector<int32_t> positions_;
  std::vector<int32_t> logit_rows_;
  std::vector<ops::SequenceView> views_;
};

}  // namespace adze::runtime
