// The weights of a language model in an ONNX graph of ONNX Runtime's ops: what its initializers stand for.
#pragma once

#include <vector>

#include "formats/onnx/onnx_model.h"
#include "model/tensor.h"

namespace adze::formats {

/// What MatMulNBits and GatherBlockQuantized multiply with or look up, as matrices of group codecs with the same codes,
/// scales and zero points; vectors and matrices of floats as they are. Under the names that Adze's graphs have for
/// them. Error(bad_input) naming the node whose inputs do not fit, Error(unsupported) for what is packed in another
/// way.
std::vector<model::Tensor> onnx_weights(const OnnxModel& onnx);

}  // namespace adze::formats
