// Weights that converters of modules leave without a name, found by the layers that they meet.
#pragma once

#include <vector>

#include "formats/hf/weight_names.h"
#include "formats/openvino_ir/ir_document.h"
#include "model/tensor.h"

namespace adze::formats {

/// Layers of an IR made of a PyTorch module are called like the module and its operator:
/// "__module.model.norm/aten::mul/Multiply_1". A constant of one row that such a layer multiplies with, or adds, is the
/// module's weight or bias if `known` has a weight of that name. Under those names, as vectors; without those that
/// `stored` has.
std::vector<model::Tensor> ir_module_weights(const IrDocument& document, const WeightNames& known,
                                             const std::vector<model::Tensor>& stored);

}  // namespace adze::formats
