// Where each weight lies in a llama2.c checkpoint.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "tensor/shape.h"

namespace adze::formats {

struct Llama2cSettings {
  int64_t version = 0;
  int64_t features = 0;
  int64_t hidden = 0;
  int64_t layers = 0;
  int64_t heads = 0;
  int64_t key_heads = 0;
  int64_t vocabulary = 0;
  int64_t context = 0;
  int64_t group = 0;  // numbers that share a scale; 0: f32
  bool tied = true;   // the embedding makes the logits too

  int64_t head_dim() const { return features / heads; }
};

/// One weight of one layer: canonical name and place. With groups, 8-bit codes lie at `offset` and f32 scales behind.
struct Llama2cWeight {
  std::string name;
  Shape shape;
  uint64_t offset = 0;
  bool is_grouped = false;
};

struct Llama2cLayout {
  Llama2cSettings settings;
  std::vector<Llama2cWeight> weights;
  uint64_t bytes = 0;  // of the whole file
};

/// Empty for bytes that are no such checkpoint: no magic number, and settings that do not explain `file_bytes`.
/// `start` are the first 256 bytes, or all.
std::optional<Llama2cLayout> llama2c_layout(std::span<const std::byte> start, uint64_t file_bytes);

}  // namespace adze::formats
