#include "runtime/decoder_embedder.h"

#include <algorithm>

#include "base/error.h"
#include "runtime/hidden_rows.h"
#include "runtime/pooled_rows.h"

namespace adze::runtime {
namespace {

using model::Pooling;

// Of whole pages, which texts do not share.
int64_t cache_tokens_of(const EncoderText& text) { return KvCache::pages_for(text.size()) * KvCache::kPageTokens; }

int64_t width_of(const graph::Graph& graph) {
  const auto cut = graph_of_hidden_rows(graph);
  return cut.value(cut.outputs.front()).type.dims.back().constant();
}

bool wants_all(Pooling pooling) { return pooling == Pooling::mean || pooling == Pooling::none; }

}  // namespace

DecoderEmbedder::DecoderEmbedder(std::shared_ptr<LoadedModel> model, const EmbedderOptions& options)
    : model_(std::move(model)),
      options_(options),
      pooling_(pooling_of(model_->model())),
      longest_text_(options.context_tokens > 0 ? options.context_tokens : model_->trained_context()),
      width_(width_of(model_->graph())) {
  if (pooling_ == Pooling::rank) {
    fail(ErrorCode::unsupported, "{}: ranking by a model that predicts text is not supported; choose another pooling",
         model_->model().source);
  }
  options_.batch_tokens = std::max<int64_t>(1, options_.batch_tokens);
  if (options.context_tokens > 0) session_for({});
}

void DecoderEmbedder::check(std::span<const EncoderText> texts) const {
  for (const EncoderText& text : texts) {
    if (text.tokens.empty()) fail(ErrorCode::bad_input, "a text is empty, and the model puts no tokens around it");
    if (text.size() > longest_text_) {
      fail(ErrorCode::bad_input, "a text has {} tokens, but the model takes {} at most", text.size(), longest_text_);
    }
    for (const int32_t token : text.tokens) {
      if (token >= 0 && token < model_->vocabulary()) continue;
      fail(ErrorCode::bad_input, "token id {} lies outside the vocabulary of {}", token, model_->vocabulary());
    }
  }
}

Session& DecoderEmbedder::session_for(std::span<const EncoderText> texts) {
  int64_t wanted = std::max({options_.context_tokens, options_.batch_tokens, KvCache::kPageTokens});
  for (const EncoderText& text : texts) wanted = std::max(wanted, cache_tokens_of(text));
  if (session_ && session_->cache().capacity_tokens() >= wanted) return *session_;
  SessionOptions options;
  options.threads = options_.threads;
  options.context_tokens = wanted;
  options.batch_tokens = options_.batch_tokens;
  options.kv_storage = options_.kv_storage;
  options.rows = SessionRows::hidden;
  session_.reset();
  session_ = std::make_unique<Session>(model_, options);
  return *session_;
}

Embedding DecoderEmbedder::pooled(std::span<const float> rows) const {
  return pooled_rows(rows, width_, pooling_, options_.normalize);
}

// Texts that fit one batch: a row of each, or all.
void DecoderEmbedder::run_together(Session& session, std::span<const EncoderText> texts,
                                   std::vector<Embedding>& results) {
  const bool all = pooling_ != Pooling::last;
  std::vector<SequenceWork> work;
  for (const EncoderText& text : texts) {
    work.push_back({session.add_sequence(), text.tokens, all ? LogitsWanted::all : LogitsWanted::last});
  }
  const Logits rows = session.run(work);
  const auto size = static_cast<size_t>(width_);
  const float* next = rows.values;
  for (const SequenceWork& each : work) {
    const size_t count = all ? each.tokens.size() : 1;
    results.push_back(pooled({next, (wants_all(pooling_) ? count : 1) * size}));
    next += count * size;
    session.remove_sequence(each.sequence);
  }
}

// A text of several batches.
Embedding DecoderEmbedder::run_alone(Session& session, std::span<const int32_t> tokens) {
  const SequenceId sequence = session.add_sequence();
  const auto batch = static_cast<size_t>(session.batch_tokens());
  std::vector<float> kept;
  for (size_t begin = 0; begin < tokens.size(); begin += batch) {
    const auto piece = tokens.subspan(begin, std::min(batch, tokens.size() - begin));
    const bool is_wanted =
        wants_all(pooling_) || (pooling_ == Pooling::cls ? begin == 0 : begin + batch >= tokens.size());
    const SequenceWork work{sequence, piece,
                            !is_wanted                  ? LogitsWanted::none
                            : pooling_ == Pooling::last ? LogitsWanted::last
                                                        : LogitsWanted::all};
    const Logits rows = session.run({&work, 1});
    if (!is_wanted) continue;
    const auto wanted_rows = wants_all(pooling_) ? rows.rows : 1;
    kept.insert(kept.end(), rows.values, rows.values + wanted_rows * width_);
  }
  session.remove_sequence(sequence);
  return pooled(kept);
}

std::vector<Embedding> DecoderEmbedder::encode(std::span<const EncoderText> texts) {
  check(texts);
  Session& session = session_for(texts);
  std::vector<Embedding> results;
  results.reserve(texts.size());
  for (size_t begin = 0; begin < texts.size();) {
    if (texts[begin].size() > session.batch_tokens()) {
      results.push_back(run_alone(session, texts[begin++].tokens));
      continue;
    }
    size_t end = begin;
    int64_t tokens = 0, cache_tokens = 0;
    while (end < texts.size() && tokens + texts[end].size() <= session.batch_tokens() &&
           cache_tokens + cache_tokens_of(texts[end]) <= session.cache().capacity_tokens()) {
      tokens += texts[end].size();
      cache_tokens += cache_tokens_of(texts[end++]);
    }
    run_together(session, texts.subspan(begin, end - begin), results);
    begin = end;
  }
  return results;
}

}  // namespace adze::runtime
