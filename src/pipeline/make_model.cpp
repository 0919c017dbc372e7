// lint: foreign names: GGUF calls the architecture after the first model that had it
#include "pipeline/make_model.h"

#include <fmt/format.h>

#include <cmath>
#include <memory>
#include <utility>

#include "base/clock.h"
#include "base/thread_pool.h"
#include "formats/format.h"
#include "model/model.h"
#include "pipeline/conformance.h"
#include "pipeline/made_up_vocabulary.h"
#include "pipeline/model_shapes.h"
#include "pipeline/random_weights.h"
#include "quantize/mix.h"
#include "quantize/packed_tensor.h"

namespace adze::pipeline {
namespace {

constexpr uint32_t kQuantizationVersion = 2;

model::KeyValues config_of(const ModelShape& shape) {
  model::KeyValues config;
  const auto set = [&](const char* key, int64_t value) { config.set(key, static_cast<uint32_t>(value)); };
  set("vocab_size", shape.vocabulary);
  set("context_length", shape.context);
  set("embedding_length", shape.features);
  set("block_count", shape.layers);
  set("feed_forward_length", shape.hidden);
  set("attention.head_count", shape.heads);
  set("attention.head_count_kv", shape.key_heads);
  set("attention.key_length", shape.head_dim);
  set("attention.value_length", shape.head_dim);
  set("rope.dimension_count", shape.head_dim);
  config.set("rope.freq_base", shape.rope_base);
  config.set("attention.layer_norm_rms_epsilon", 1e-5f);
  return config;
}

/// Names and sizes of a decoder's weights.
class WeightMaker {
 public:
  WeightMaker(model::TensorList& tensors, uint64_t seed) : tensors_(tensors), seed_(seed) {}

  void matrix(const std::string& name, int64_t outputs, int64_t inputs) {
    tensors_.add(random_tensor(name, {outputs, inputs}, 1 / std::sqrt(static_cast<float>(inputs)), seed_));
  }
  void norm(const std::string& name, int64_t features) { tensors_.add(constant_vector(name, features, 1)); }
  void bias(const std::string& name, int64_t outputs) { tensors_.add(random_tensor(name, {outputs}, 0.1f, seed_)); }

 private:
  model::TensorList& tensors_;
  uint64_t seed_;
};

void add_attention(WeightMaker& weights, const ModelShape& shape, const std::string& layer) {
  const int64_t queries = shape.heads * shape.head_dim;
  const int64_t keys = shape.key_heads * shape.head_dim;
  weights.norm(layer + "attn_norm.weight", shape.features);
  weights.matrix(layer + "attn_q.weight", queries, shape.features);
  weights.matrix(layer + "attn_k.weight", keys, shape.features);
  weights.matrix(layer + "attn_v.weight", keys, shape.features);
  weights.matrix(layer + "attn_output.weight", shape.features, queries);
  if (!shape.biases) return;
  weights.bias(layer + "attn_q.bias", queries);
  weights.bias(layer + "attn_k.bias", keys);
  weights.bias(layer + "attn_v.bias", keys);
}

void add_feed_forward(WeightMaker& weights, const ModelShape& shape, const std::string& layer) {
  weights.norm(layer + "ffn_norm.weight", shape.features);
  weights.matrix(layer + "ffn_gate.weight", shape.hidden, shape.features);
  weights.matrix(layer + "ffn_up.weight", shape.hidden, shape.features);
  weights.matrix(layer + "ffn_down.weight", shape.features, shape.hidden);
}

model::Model random_model(const ModelShape& shape, uint64_t seed) {
  model::Model model;
  model.source = fmt::format("random weights of shape {}", shape.name);
  model.architecture = "llama";
  model.metadata.set("name", fmt::format("random weights, shape {}, seed {}", shape.name, seed));
  model.config = config_of(shape);
  model.tokenizer = std::make_shared<const text::TokenizerSpec>(made_up_vocabulary(shape.vocabulary));
  WeightMaker weights(model.tensors, seed);
  weights.matrix("token_embd.weight", shape.vocabulary, shape.features);
  for (int64_t i = 0; i < shape.layers; ++i) {
    const auto layer = fmt::format("blk.{}.", i);
    add_attention(weights, shape, layer);
    add_feed_forward(weights, shape, layer);
  }
  weights.norm("output_norm.weight", shape.features);
  if (!shape.tied) weights.matrix("output.weight", shape.vocabulary, shape.features);
  return model;
}

void store_as(const quantize::Mix& mix, model::Model& model) {
  const auto choices = quantize::choose_tensor_types(mix, quantize::mix_request(model));
  model::TensorList packed;
  size_t index = 0;
  for (const auto& tensor : model.tensors) {
    packed.add(quantize::packed_tensor(tensor, codecs::codec_of(choices.at(index++).storage)));
  }
  model.tensors = std::move(packed);
  model.metadata.set("file_type", mix.file_type);
  model.metadata.set("quantization_version", kQuantizationVersion);
}

}  // namespace

MakeModelReport make_model(const MakeModelRequest& request, Progress& progress) {
  const int64_t start = now_ns();
  const auto& mix = quantize::mix_named(request.type);
  auto model = random_model(model_shape_named(request.shape), request.seed);
  store_as(mix, model);
  const auto& format = formats::format_named("gguf");
  model.tokenizer = format.tokenizer_written(model);  // nobody had it otherwise
  attach_conformance_kit(model, format);
  ThreadPool pool(request.threads);
  format.write(model, request.target, {.pool = &pool, .progress = &progress});
  return {model.tensors.element_count(), model.tensors.byte_size(), seconds_since(start)};
}

}  // namespace adze::pipeline
