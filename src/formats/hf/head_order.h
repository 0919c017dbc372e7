// The order of the rows of query and key weights within each head: Hugging Face rotates the first half of a head
// against the second, GGUF's llama rotates neighbours.
#pragma once

#include "architectures/architecture.h"
#include "model/tensor.h"

namespace adze::formats {

enum class HeadOrder {
  halves_to_pairs,  // Hugging Face -> canonical
  pairs_to_halves,  // canonical -> Hugging Face
};

/// The tensor with its rows (elements, for a bias) in the other order, lazily. `none` returns it unchanged.
/// Error(bad_input) if the rows do not divide into heads of even size.
model::Tensor with_head_order(model::Tensor tensor, architectures::Transform transform, const model::KeyValues& config,
                              HeadOrder order);

}  // namespace adze::formats
