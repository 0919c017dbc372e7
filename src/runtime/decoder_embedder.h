// Embeddings of models that predict text: their hidden rows behind the last norm.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "runtime/embedder.h"
#include "runtime/session.h"

namespace adze::runtime {

class DecoderEmbedder : public Embedder {
 public:
  /// With `context_tokens`, everything is made now; else when the first texts say how much. Weights are shared with
  /// other sessions of the model. Error(unsupported) for pooling "rank".
  DecoderEmbedder(std::shared_ptr<LoadedModel> model, const EmbedderOptions& options);

  std::vector<Embedding> encode(std::span<const EncoderText> texts) override;
  int64_t longest_text() const override { return longest_text_; }
  int64_t width() const override { return width_; }
  model::Pooling pooling() const override { return pooling_; }

 private:
  void check(std::span<const EncoderText> texts) const;
  Session& session_for(std::span<const EncoderText> texts);
  void run_together(Session& session, std::span<const EncoderText> texts, std::vector<Embedding>& results);
  Embedding run_alone(Session& session, std::span<const int32_t> tokens);
  Embedding pooled(std::span<const float> rows) const;

  std::shared_ptr<LoadedModel> model_;
  EmbedderOptions options_;
  model::Pooling pooling_;
  int64_t longest_text_;
  int64_t width_;
  std::unique_ptr<Session> session_;  // null: no text has come
};

}  // namespace adze::runtime
