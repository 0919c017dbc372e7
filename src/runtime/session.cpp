#include "runtime/session.h"

#include <algorithm>

#include "base/error.h"
#include "codecs/codec.h"
#include "model/pooling.h"
#include "runtime/choosable_adapters.h"
#include "runtime/hidden_rows.h"

namespace adze::runtime {
namespace {

SessionOptions with_defaults(SessionOptions options) {
  options.context_tokens = std::max<int64_t>(1, options.context_tokens);
  options.batch_tokens = std::clamp<int64_t>(options.batch_tokens, 1, options.context_tokens);
  if (options.logit_rows <= 0) options.logit_rows = options.batch_tokens;
  if (!options.kv_storage) options.kv_storage = &codecs::f16.info;
  return options;
}

PlanOptions plan_options(const SessionOptions& options, unsigned threads) {
  PlanOptions plan;
  plan.threads = threads;
  plan.max_tokens = options.batch_tokens;
  plan.max_logit_rows = options.logit_rows;
  return plan;
}

std::shared_ptr<LoadedModel> require_decoder(std::shared_ptr<LoadedModel> model) {
  if (is_encoder(model->model())) {
    fail(ErrorCode::unsupported, "{}: an encoder: it gives embeddings (`adze embed`) and predicts no text",
         model->model().source);
  }
  return model;
}

std::unique_ptr<const graph::Graph> hidden_graph(const LoadedModel& model, const SessionOptions& options) {
  if (options.rows == SessionRows::logits) return nullptr;
  return std::make_unique<const graph::Graph>(graph_of_hidden_rows(model.graph()));
}

int64_t logit_rows_of(const SequenceWork& work) {
  if (work.logits == LogitsWanted::none) return 0;
  return work.logits == LogitsWanted::all ? static_cast<int64_t>(work.tokens.size()) : 1;
}

}  // namespace

Session::Session(std::shared_ptr<LoadedModel> model, const SessionOptions& options, std::shared_ptr<ThreadPool> pool)
    : model_(require_decoder(std::move(model))),
      options_(with_defaults(options)),
      pool_(pool ? std::move(pool) : std::make_shared<ThreadPool>(options.threads)),
      hidden_(hidden_graph(*model_, options_)),
      cache_(graph(), options_.kv_storage, options_.context_tokens),
      plan_(graph(), model_->weights(), cache_, plan_options(options_, pool_->size())) {
  model_->weights().fill(*pool_);
}

SequenceId Session::add_sequence() {
  sequences_.emplace(next_sequence_, Sequence{});
  return next_sequence_++;
}

SequenceId Session::add_sequence(std::span<const int32_t> shared_pages) {
  const SequenceId sequence = add_sequence();
  Sequence& added = sequences_.at(sequence);
  added.pages.assign(shared_pages.begin(), shared_pages.end());
  added.length = static_cast<int64_t>(shared_pages.size()) * KvCache::kPageTokens;
  for (const int32_t page : shared_pages) cache_.hold(page);
  return sequence;
}

SequenceId Session::add_sequence(std::span<const int32_t> shared_pages, std::span<const ops::AdapterUse> adapters) {
  auto chosen = checked_choice(adapters, model_->choosable_adapters());
  const SequenceId sequence = add_sequence(shared_pages);
  sequences_.at(sequence).adapters = std::move(chosen);
  return sequence;
}

void Session::remove_sequence(SequenceId sequence) {
  truncate(sequence, 0);
  sequences_.erase(sequence);
}

int64_t Session::truncate(SequenceId sequence, int64_t length) {
  Sequence& target = sequences_.at(sequence);
  const int64_t wanted = std::min(target.length, std::max<int64_t>(0, length));
  target.length = wanted == target.length || cache_.keeps_tokens_apart() ? wanted : 0;
  cache_.shrink(target.pages, target.length);
  return target.length;
}

void Session::exchange_page(SequenceId sequence, int64_t index, int32_t page) {
  int32_t& place = sequences_.at(sequence).pages.at(static_cast<size_t>(index));
  cache_.hold(page);
  cache_.let_go(place);
  place = page;
}

void Session::check_sequence(const SequenceWork& work) const {
  const auto found = sequences_.find(work.sequence);
  if (work.tokens.empty() || found == sequences_.end()) {
    fail(ErrorCode::bad_input, "sequence {} is unknown or got no tokens", work.sequence);
  }
  const auto& [length, pages, adapters] = found->second;
  const auto last = static_cast<size_t>(length / KvCache::kPageTokens);
  if (length % KvCache::kPageTokens != 0 && cache_.holders(pages[last]) > 1) {
    fail(ErrorCode::bad_input, "sequence {} ends inside a page that others hold too", work.sequence);
  }
}

void Session::check(std::span<const SequenceWork> work) const {
  int64_t tokens = 0;
  int64_t rows = 0;
  for (const SequenceWork& item : work) {
    tokens += static_cast<int64_t>(item.tokens.size());
    rows += logit_rows_of(item);
    check_sequence(item);
    for (const int32_t token : item.tokens) {
      if (token < 0 || token >= model_->vocabulary()) {
        fail(ErrorCode::bad_input, "token id {} lies outside the vocabulary of {}", token, model_->vocabulary());
      }
    }
  }
  if (tokens > options_.batch_tokens || rows > options_.logit_rows) {
    fail(ErrorCode::bad_input, "{} tokens with {} rows of logits do not fit a batch of {} and {}", tokens, rows,
         options_.batch_tokens, options_.logit_rows);
  }
}

void Session::reserve(std::span<const SequenceWork> work) {
  try {
    for (const SequenceWork& item : work) {
      Sequence& sequence = sequences_.at(item.sequence);
      cache_.grow(sequence.pages, sequence.length + static_cast<int64_t>(item.tokens.size()));
    }
  } catch (const Error&) {
    for (const SequenceWork& item : work) truncate(item.sequence, length(item.sequence));
    throw;
  }
}

void Session::append_logit_rows(const SequenceWork& work, int64_t first_row) {
  const auto count = static_cast<int64_t>(work.tokens.size());
  for (int64_t row = count - logit_rows_of(work); row < count; ++row) {
    logit_rows_.push_back(static_cast<int32_t>(first_row + row));
  }
}

void Session::pack(std::span<const SequenceWork> work) {
  tokens_.clear();
  positions_.clear();
  logit_rows_.clear();
  views_.clear();
  for (const SequenceWork& item : work) {
    const Sequence& sequence = sequences_.at(item.sequence);
    const auto first_row = static_cast<int64_t>(tokens_.size());
    const auto count = static_cast<int64_t>(item.tokens.size());
    views_.push_back({first_row, count, sequence.length, sequence.pages.data(), sequence.adapters});
    tokens_.insert(tokens_.end(), item.tokens.begin(), item.tokens.end());
    for (int64_t i = 0; i < count; ++i) positions_.push_back(static_cast<int32_t>(sequence.length + i));
    append_logit_rows(item, first_row);
  }
}

Logits Session::run(std::span<const SequenceWork> work) {
  check(work);
  reserve(work);
  pack(work);
  const ops::TensorView logits =
      plan_.run(tokens_, {views_, positions_, logit_rows_, options_.context_tokens}, *pool_, times_);
  for (const SequenceWork& item : work) {
    sequences_.at(item.sequence).length += static_cast<int64_t>(item.tokens.size());
  }
  return {logits.floats(0), logits.rows, logits.row_length};
}

std::span<const float> Session::feed(SequenceId sequence, std::span<const int32_t> tokens) {
  if (tokens.empty()) fail(ErrorCode::bad_input, "no tokens to run");
  const auto batch = static_cast<size_t>(options_.batch_tokens);
  while (tokens.size() > batch) {
    const SequenceWork work{sequence, tokens.first(batch), LogitsWanted::none};
    run({&work, 1});
    tokens = tokens.subspan(batch);
  }
  const SequenceWork work{sequence, tokens, LogitsWanted::last};
  return run({&work, 1}).row(0);
}

}  // namespace adze::runtime
