// Blocks whose largest numbers are clipped where the other numbers gain more from a finer scale.
#pragma once

#include <memory>

#include "model/activation_statistics.h"
#include "quantize/quantizer.h"
#include "transforms/changed_tensor.h"

namespace adze::transforms {

struct ClipOptions {
  const codecs::Codec* codec;  // that the tensor will be stored in
  const quantize::Quantizer* quantizer;
  model::InputStatistics inputs;
  double smallest_share = 1;  // of the largest number
};

/// Each block of each row clipped to that share of its largest number, among 1, 0.95, 0.9 … smallest_share, after whose
/// rounding the block's part of the product errs least: d H d^T with the Hessian of the block's columns, else its
/// diagonal. Lazy. REQUIRES: the codec's blocks divide the rows, statistics of one matrix.
model::Tensor with_clipped_blocks(model::Tensor tensor, ClipOptions options);

}  // namespace adze::transforms
