#include "runtime/embedder.h"

#include "runtime/decoder_embedder.h"
#include "runtime/encoder.h"

namespace adze::runtime {

std::unique_ptr<Embedder> open_embedder(std::shared_ptr<LoadedModel> model, const EmbedderOptions& options) {
  if (!is_encoder(model->model())) return std::make_unique<DecoderEmbedder>(std::move(model), options);
  const EncoderOptions encoder{options.threads, options.batch_tokens, options.normalize};
  return std::make_unique<Encoder>(std::move(model), encoder);
}

}  // namespace adze::runtime
