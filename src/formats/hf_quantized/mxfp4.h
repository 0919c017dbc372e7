// "mxfp4": experts as 4-bit floats in groups of 32 with a power of two each. Of a tensor X [experts, out, in]:
//
//   X_blocks  u8 [experts, out, in / 32, 16]   two codes in a byte, the first in the low half
//   X_scales  u8 [experts, out, in / 32]       2^(scale - 127)
#pragma once

#include <span>
#include <string>
#include <vector>

#include "formats/format.h"
#include "formats/hf_quantized/folder_quantization.h"

namespace adze::formats {

/// The pairs become tensors X of the one packed type. Error(bad_input) naming a pair that does not fit.
std::vector<model::Tensor> arrange_mxfp4(std::vector<model::Tensor> tensors, const FolderQuantization& quantization);

/// Error(unsupported) naming a packed tensor that is of another type or none of the architecture's stacked experts.
void write_mxfp4(const model::Model& model, const std::string& path, const WriteOptions& options);

std::span<const StorageType> mxfp4_packed_types();

}  // namespace adze::formats
