// Running whole texts through a model that sees them at once: tokens in, one vector or score for each text out.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "runtime/embedder.h"
#include "runtime/kv_cache.h"
#include "runtime/loaded_model.h"
#include "runtime/plan.h"

namespace adze::runtime {

struct EncoderOptions {
  unsigned threads = 0;        // 0: one per available processor
  int64_t batch_tokens = 512;  // over the texts of a forward call, more where a text is longer
  bool normalize = true;       // divides vectors by their length; scores stay
};

class Encoder : public Embedder {
 public:
  /// Error(unsupported) for a model that generates text. Pooling is the model's (model::pooling_of).
  Encoder(std::shared_ptr<LoadedModel> model, const EncoderOptions& options);
  ~Encoder() override;

  std::vector<Embedding> encode(std::span<const EncoderText> texts) override;
  int64_t longest_text() const override { return longest_text_; }
  int64_t width() const override;
  model::Pooling pooling() const override { return pooling_; }
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
