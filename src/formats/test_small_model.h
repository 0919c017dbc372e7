// A small model in memory, for tests of writers.
#pragma once

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "codecs/codec.h"
#include "model/model.h"

namespace adze::formats {

inline std::vector<std::byte> bytes_of(const model::Tensor& tensor) {
  std::vector<std::byte> scratch;
  const auto rows = tensor.source->rows(0, tensor.shape.row_count(), scratch);
  return {rows.begin(), rows.end()};
}

inline model::Tensor noise(const std::string& name, const Shape& shape, StorageType storage) {
  std::vector<float> values(static_cast<size_t>(shape.element_count()));
  for (size_t i = 0; i < values.size(); ++i) values[i] = std::sin(static_cast<float>(i * i % 1009 + name.size()));
  std::vector<std::byte> bytes(static_cast<size_t>(checked_tensor_bytes(*storage, shape, name)));
  codecs::codec_of(storage).encode(values.data(), nullptr, bytes.data(), shape.element_count());
  return model::owned_tensor(name, shape, storage, std::move(bytes));
}

inline StorageType type_named(const char* name) { return &codecs::require_codec(name).info; }

/// A llama of one layer whose matrices are stored as `storage`, and its embedding as `embedding`.
inline model::Model small_model(StorageType storage, StorageType embedding) {
  model::Model model;
  model.architecture = "llama";
  const std::vector<std::pair<const char*, uint32_t>> sizes = {{"block_count", 1},
                                                               {"embedding_length", 128},
                                                               {"context_length", 64},
                                                               {"vocab_size", 24},
                                                               {"feed_forward_length", 256},
                                                               {"attention.head_count", 4},
                                                               {"attention.head_count_kv", 2},
                                                               {"rope.dimension_count", 32}};
  for (const auto& [key, value] : sizes) model.config.set(key, value);
  model.config.set("attention.layer_norm_rms_epsilon", 1e-5f);
  model.config.set("rope.freq_base", 10000.0f);
  model.tensors.add(noise("token_embd.weight", {24, 128}, embedding));
  const auto add = [&](const char* name, const Shape& shape) {
    model.tensors.add(noise(std::string("blk.0.") + name, shape, storage));
  };
  model.tensors.add(noise("blk.0.attn_norm.weight", {128}, &codecs::f32.info));
  add("attn_q.weight", {128, 128});
  add("attn_k.weight", {64, 128});
  add("attn_v.weight", {64, 128});
  add("attn_output.weight", {128, 128});
  model.tensors.add(noise("blk.0.ffn_norm.weight", {128}, &codecs::f32.info));
  add("ffn_gate.weight", {256, 128});
  add("ffn_up.weight", {256, 128});
  add("ffn_down.weight", {128, 256});
  model.tensors.add(noise("output_norm.weight", {128}, &codecs::f32.info));
  return model;
}

}  // namespace adze::formats
