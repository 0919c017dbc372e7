// Shapes of known models, for files of random weights: speed depends on the shape and the storage types alone.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace adze::pipeline {

struct ModelShape {
  std::string_view name;  // "llama-1b"
  int64_t layers;
  int64_t features;
  int64_t hidden;  // of the feed-forward block
  int64_t heads;
  int64_t key_heads;
  int64_t head_dim;
  int64_t vocabulary;
  int64_t context;  // tokens
  float rope_base;
  bool tied;    // the output projection is the embedding
  bool biases;  // of queries, keys and values
};

/// Every shape, smallest first.
std::span<const ModelShape> all_model_shapes();

/// Error(not_found) that lists the names.
const ModelShape& model_shape_named(std::string_view name);

}  // namespace adze::pipeline
