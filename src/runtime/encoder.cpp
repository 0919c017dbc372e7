#include "runtime/encoder.h"

#include <algorithm>

#include "base/error.h"
#include "codecs/codec.h"
#include "runtime/pooled_rows.h"

namespace adze::runtime {
namespace {

using model::Pooling;

std::shared_ptr<LoadedModel> require_encoder(std::shared_ptr<LoadedModel> model) {
  if (!is_encoder(model->model())) {
    fail(ErrorCode::unsupported, "{}: the model generates text; embeddings need an encoder such as BERT",
         model->model().source);
  }
  return model;
}

int64_t rows_of(const model::Model& model, std::string_view name) {
  const auto* found = model.tensors.find(name);
  return found ? found->shape[0] : 0;
}

// Where positions are a table, it ends the texts; a config may say less.
int64_t longest_text_of(const model::Model& model) {
  constexpr int64_t kMost = 1 << 20;
  const int64_t stated = model.config.find_int("context_length").value_or(kMost);
  const int64_t positions = rows_of(model, "position_embd.weight");
  return std::clamp<int64_t>(positions > 0 ? std::min(stated, positions) : stated, 1, kMost);
}

}  // namespace

Encoder::Encoder(std::shared_ptr<LoadedModel> model, const EncoderOptions& options)
    : model_(require_encoder(std::move(model))),
      options_(options),
      pooling_(pooling_of(model_->model())),
      vocabulary_(rows_of(model_->model(), "token_embd.weight")),
      types_(std::max<int64_t>(1, rows_of(model_->model(), "token_types.weight"))),
      longest_text_(longest_text_of(model_->model())),
      pool_(options.threads),
      no_cache_(model_->graph(), &codecs::f32.info, 0) {
  options_.batch_tokens = std::max<int64_t>(1, options_.batch_tokens);
}

Encoder::~Encoder() = default;

int64_t Encoder::width() const { return model_->vocabulary(); }

void Encoder::observe(NodeObserver* observer) {
  observer_ = observer;
  if (plan_) plan_->observe(observer);
}

void Encoder::check(std::span<const EncoderText> texts) const {
  for (const EncoderText& text : texts) {
    if (text.tokens.empty()) fail(ErrorCode::bad_input, "a text is empty, and the model puts no tokens around it");
    if (text.size() > longest_text_) {
      fail(ErrorCode::bad_input, "a text has {} tokens, but the model takes {} at most", text.size(), longest_text_);
    }
    for (const int32_t token : text.tokens) {
      if (token >= 0 && token < vocabulary_) continue;
      fail(ErrorCode::bad_input, "token id {} lies outside the vocabulary of {}", token, vocabulary_);
    }
    for (const int32_t type : text.types) {
      if (type >= 0 && type < types_) continue;
      fail(ErrorCode::bad_input, "token type {} lies outside the {} that the model has", type, types_);
    }
  }
}

Plan& Encoder::plan_for(int64_t tokens) {
  const int64_t wanted = std::max(tokens, options_.batch_tokens);
  if (plan_ && plan_tokens_ >= wanted) return *plan_;
  PlanOptions options;
  options.max_tokens = wanted;
  options.max_logit_rows = wanted;
  options.threads = pool_.size();
  plan_ = std::make_unique<Plan>(model_->graph(), model_->weights(), no_cache_, options);
  plan_->observe(observer_);
  plan_tokens_ = wanted;
  model_->weights().fill(pool_);
  return *plan_;
}

void Encoder::append_wanted_rows(const EncoderText& text, int64_t first_row) {
  const int64_t last_row = first_row + text.size() - 1;
  const bool all = pooling_ == Pooling::none || pooling_ == Pooling::mean;
  const int64_t begin = pooling_ == Pooling::last ? last_row : first_row;
  for (int64_t row = begin; row <= (all ? last_row : begin); ++row) {
    wanted_rows_.push_back(static_cast<int32_t>(row));
  }
}

void Encoder::run(std::span<const EncoderText> batch, std::vector<Embedding>& results) {
  tokens_.clear();
  types_of_rows_.clear();
  positions_.clear();
  wanted_rows_.clear();
  views_.clear();
  std::vector<size_t> wanted_until;
  for (const EncoderText& text : batch) {
    const auto first_row = static_cast<int64_t>(tokens_.size());
    views_.push_back({first_row, text.size(), 0, nullptr});
    tokens_.insert(tokens_.end(), text.tokens.begin(), text.tokens.end());
    types_of_rows_.insert(types_of_rows_.end(), text.types.begin(), text.types.end());
    types_of_rows_.resize(tokens_.size());
    for (int64_t i = 0; i < text.size(); ++i) positions_.push_back(static_cast<int32_t>(i));
    append_wanted_rows(text, first_row);
    wanted_until.push_back(wanted_rows_.size());
  }
  Plan& plan = plan_for(static_cast<int64_t>(tokens_.size()));
  const ops::TensorView rows =
      plan.run(tokens_, {views_, positions_, wanted_rows_, longest_text_, types_of_rows_}, pool_, times_);
  const auto size = static_cast<size_t>(width());
  size_t begin = 0;
  for (const size_t end : wanted_until) {
    results.push_back(
        pooled_rows({rows.floats(0) + begin * size, (end - begin) * size}, width(), pooling_, options_.normalize));
    begin = end;
  }
}

std::vector<Embedding> Encoder::encode(std::span<const EncoderText> texts) {
  check(texts);
  std::vector<Embedding> results;
  results.reserve(texts.size());
  for (size_t begin = 0; begin < texts.size();) {
    int64_t tokens = texts[begin].size();
    size_t end = begin + 1;
    while (end < texts.size() && tokens + texts[end].size() <= options_.batch_tokens) tokens += texts[end++].size();
    run(texts.subspan(begin, end - begin), results);
    begin = end;
  }
  return results;
}

}  // namespace adze::runtime
