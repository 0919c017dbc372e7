// The "general.*" facts of a model from its card, its config and the name of its folder.
#pragma once

#include <string>

#include "base/json.h"
#include "model/model.h"

namespace adze::formats {

/// Fills Model::metadata with type, name, organization, size_label, license, base models, tags …, in the order and
/// under the keys of GGUF. The card (README.md) wins over config.json's "_name_or_path", that over the folder's name.
void read_model_names(const std::string& folder, const Json& config, model::Model& model);

}  // namespace adze::formats
