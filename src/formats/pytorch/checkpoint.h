// What a PyTorch checkpoint says about its tensors, read without running any of it.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "model/key_values.h"
#include "tensor/shape.h"

namespace adze::formats {

/// Numbers of one storage, seen through a shape and strides. Lies within the file: that is checked.
struct CheckpointTensor {
  std::string name;  // keys on the way to it: "model.layers.0.weight"
  Shape shape = {};
  StorageType storage = nullptr;
  uint64_t offset = 0;                // of its first number in the file, bytes
  std::vector<int64_t> strides = {};  // of every dimension, in numbers

  /// True when its numbers lie one behind the other in the order of its shape.
  bool is_contiguous() const;
};

struct Checkpoint {
  std::vector<CheckpointTensor> tensors;
  model::KeyValues facts;                  // single numbers and texts beside the tensors
  std::map<std::string, int64_t> refused;  // functions and classes that were asked for and not run, with their number
};

/// Both forms of torch.save: zip archives, and the older row of pickles. Error(bad_input | unsupported) naming the
/// file.
Checkpoint read_checkpoint(std::span<const std::byte> bytes, const std::string& path);

}  // namespace adze::formats
