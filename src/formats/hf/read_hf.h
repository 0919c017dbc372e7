#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/json.h"
#include "formats/format.h"
#include "formats/hf/weight_names.h"

namespace adze::formats {

/// True for a folder with config.json and safetensors.
bool is_hf_folder(const std::string& path);

/// Reads a Hugging Face folder into canonical names; weights that the architecture's table does not have keep theirs.
model::Model read_hf(const std::string& path, const ReadOptions& options = {});

/// What a variant of the folder has otherwise.
struct HfVariant {
  /// Makes of its tensors, still under their own names, what others expect; `config` is config.json.
  std::function<std::vector<model::Tensor>(std::vector<model::Tensor> tensors, const Json& config)> arrange;
  const WeightNameVariant& names;
  /// Reads the folder's tensors; null: from its safetensors or PyTorch's files.
  std::function<std::vector<model::Tensor>(const std::string& path)> stored = nullptr;
  /// The settings; null: from its config.json.
  const Json* config = nullptr;
  /// Defaults for generation; null: from generation_config.json, if that is there.
  const Json* generation = nullptr;
};

/// read_hf() for such a folder. The format's name is the caller's.
model::Model read_hf_variant(const std::string& path, const ReadOptions& options, const HfVariant& variant);

}  // namespace adze::formats
