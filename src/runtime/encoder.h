// Running whole texts through a model that sees them at once: tokens in, one vector or score for each text out.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "model/pooling.h"
#include "runtime/encoder_text.h"
#include "runtime/kv_cache.h"
#include "runtime/loaded_model.h"
#include "runtime/plan.h"

namespace adze::runtime {

struct EncoderOptions {
  unsigned threads = 0;        // 0: one per available processor
  int64_t batch_tokens = 512;  // over the texts of a forward call, more where a text is longer
  bool normalize = true;       // divides vectors by their length; scores stay
};

/// Rows of `width` numbers: one, or one for every token where nothing is pooled.
struct Embedding {
  int64_t width = 0;
  std::vector<float> values;

  int64_t rows() const { return width > 0 ? static_cast<int64_t>(values.size()) / width : 0; }
  std::span<const float> row(int64_t index) const {
    return std::span(values).subspan(static_cast<size_t>(index * width), static_cast<size_t>(width));
  }
};

class Encoder {
 public:
  /// Error(unsupported) for a model that generates text. Pooling is the model's (model::pooling_of).
  Encoder(std::shared_ptr<LoadedModel> model, const EncoderOptions& options);
  ~Encoder();

  /// In the order of the texts; a result does not depend on the others. Error(bad_input) for an empty text, one that is
  /// longer than longest_text(), or tokens and types that the model does not have.
  std::vector<Embedding> encode(std::span<const EncoderText> texts);

  /// In tokens.
  int64_t longest_text() const { return longest_text_; }
  /// Numbers of a vector, or scores of a text.
  int64_t width() const;
  model::Pooling pooling() const { return pooling_; }
  LoadedModel& model() { return *model_; }
  ThreadPool& pool() { return pool_; }
  size_t activation_bytes() const { return plan_ ? plan_->activation_bytes() : 0; }
  /// For a batch; a longer text gets another one.
  const Plan& plan() { return plan_for(1); }

  /// From now on the observer sees the inputs of every node; null: stops.
  void observe(NodeObserver* observer);
  /// From now on collects the time of every node of the last batch here; null: stops.
  void measure(std::vector<NodeTime>* times) { times_ = times; }

 private:
  void check(std::span<const EncoderText> texts) const;
  Plan& plan_for(int64_t tokens);
  void run(std::span<const EncoderText> batch, std::vector<Embedding>& results);
  void append_wanted_rows(const EncoderText& text, int64_t first_row);
  Embedding pooled(std::span<const float> rows) const;

  std::shared_ptr<LoadedModel> model_;
  EncoderOptions options_;
  model::Pooling pooling_;
  int64_t vocabulary_;
  int64_t types_;
  int64_t longest_text_;
  ThreadPool pool_;
  KvCache no_cache_;
  std::unique_ptr<Plan> plan_;
  int64_t plan_tokens_ = 0;
  NodeObserver* observer_ = nullptr;
  std::vector<NodeTime>* times_ = nullptr;

  // The packed batch, reused by every call.
  std::vector<int32_t> tokens_;
  std::vector<int32_t> types_of_rows_;
  std::vector<int32_t> positions_;
  std::vector<int32_t> wanted_rows_;
  std::vector<ops::SequenceView> views_;
};

}  // namespace adze::runtime
