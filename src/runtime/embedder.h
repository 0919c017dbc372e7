// Texts as vectors, whatever kind of model makes them.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "model/pooling.h"
#include "runtime/encoder_text.h"
#include "runtime/loaded_model.h"

namespace adze::runtime {

struct EmbedderOptions {
  unsigned threads = 0;              // 0: one per available processor
  int64_t batch_tokens = 512;        // over the texts of a forward call
  bool normalize = true;             // divides vectors by their length; scores stay
  int64_t context_tokens = 0;        // most of a text, for models that predict text; 0: what it was trained for
  StorageType kv_storage = nullptr;  // likewise; null: f16
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

class Embedder {
 public:
  virtual ~Embedder() = default;

  /// In the order of the texts; a result does not depend on the others. Error(bad_input) for an empty text, one that is
  /// longer than longest_text(), or tokens and types that the model does not have.
  virtual std::vector<Embedding> encode(std::span<const EncoderText> texts) = 0;
  /// In tokens.
  virtual int64_t longest_text() const = 0;
  /// Numbers of a vector, or scores of a text.
  virtual int64_t width() const = 0;
  virtual model::Pooling pooling() const = 0;
};

/// An Encoder, or for a model that predicts text a DecoderEmbedder.
std::unique_ptr<Embedder> open_embedder(std::shared_ptr<LoadedModel> model, const EmbedderOptions& options);

}  // namespace adze::runtime
