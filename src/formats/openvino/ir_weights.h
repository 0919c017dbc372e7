// The weights of a language model in an IR: what its constants stand for.
#pragma once

#include <vector>

#include "formats/openvino_ir/ir_document.h"
#include "model/tensor.h"

namespace adze::formats {

/// Constants of integers whose layers expand them as compressed weights are (Convert, perhaps Subtract, Multiply,
/// perhaps Reshape) as matrices of group codecs; vectors and matrices of floats as they are. Under the names of their
/// constants. Error(unsupported) naming what is packed in another way.
std::vector<model::Tensor> ir_weights(const IrDocument& document);

}  // namespace adze::formats
