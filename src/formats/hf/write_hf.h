#pragma once

#include <string>
#include <vector>

#include "formats/format.h"
#include "formats/hf/weight_names.h"
#include "formats/safetensors/write_safetensors.h"

namespace adze::formats {

/// Writes a new folder with config.json, safetensors and the tokenizer's files.
/// Error(unsupported) for an architecture or weight that has no Hugging Face name, or for packed tensors.
void write_hf(const model::Model& model, const std::string& path, const WriteOptions& options = {});

/// The model's weights under Hugging Face's names, or those of a variant, and in its order of rows.
std::vector<model::Tensor> hugging_face_tensors(const model::Model& model,
                                                const WeightNameVariant& variant = hugging_face_names);

/// What a variant of the folder holds instead of what write_hf() would.
struct HfVariantFolder {
  std::vector<model::Tensor> tensors;
  std::string config;  // the text of config.json
  SafetensorsFolderStyle style;
};
void write_hf_variant(const model::Model& model, const HfVariantFolder& contents, const std::string& path,
                      const WriteOptions& options);

}  // namespace adze::formats
