// Residual networks that classify images (He et al. 2015), basic blocks and bottlenecks, grouped ones too.
//
// Weights: conv1, bn1; of block b in stage s (from 1): layer<s>.<b>.conv1, bn1, conv2, bn2, in bottlenecks conv3, bn3;
// perhaps layer<s>.<b>.downsample.0 (a convolution) and .1 (its normalization), also called shortcut; fc or linear.
//
// A first kernel of 7x7 steps by 2 and is followed by a pool of 3x3 that steps by 2 (ImageNet's size), others do
// neither (CIFAR's). The first block of every stage but the first steps by 2, in bottlenecks at the second convolution.
// Where a block changes the number of channels and has no weights for its shortcut, that takes every second pixel and
// puts zeros before and behind the channels, half of them each (option A).
#pragma once

#include "formats/standard_nodes.h"

namespace adze::formats {

bool is_resnet(const model::TensorList& weights);

/// Input "image" f32 [batch, channels, height, width], output "logits" f32 [batch, classes].
void build_resnet(const model::TensorList& weights, StandardNodes& nodes);

}  // namespace adze::formats
