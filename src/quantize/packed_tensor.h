// A tensor in another storage type, computed row by row when somebody asks for it.
#pragma once

#include <cstdint>
#include <memory>

#include "codecs/codec.h"
#include "model/tensor.h"
#include "quantize/quantizer.h"

namespace adze::quantize {

/// Sees rows with what they became. Called from several threads, for runs of rows as they are asked for.
class PackingObserver {
 public:
  virtual ~PackingObserver() = default;
  virtual void packed(const Rows& rows, const codecs::Codec& codec, const std::byte* bytes) = 0;
};

struct PackingOptions {
  const Quantizer* quantizer = &nearest;
  Settings settings = {};                                       // of its parameters
  std::shared_ptr<const InputStatistics> statistics = nullptr;  // may be null
  std::shared_ptr<PackingObserver> observer = nullptr;          // may be null
};

/// The same numbers in `target`: lazy, safe to read from several threads, each row the same bytes whoever asks for it.
/// Returns `tensor` itself when it is stored that way already. Memory in use is bounded by a few rows, at least a few
/// hundred kilobytes, per reading thread. Throws Error(unsupported) when the quantizer cannot write `target`,
/// Error(bad_input) when the rows do not divide into its blocks.
model::Tensor packed_tensor(model::Tensor tensor, const codecs::Codec& target, const PackingOptions& options = {});

}  // namespace adze::quantize
