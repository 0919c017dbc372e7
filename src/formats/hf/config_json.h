// config.json <-> architecture and canonical config.
#pragma once

#include <string>

#include "architectures/architecture.h"
#include "base/json.h"
#include "model/model.h"

namespace adze::formats {

/// What only Adze reads; other programs skip keys that they do not know.
inline constexpr const char* kAdzeConfigKey = "adze";

/// The key of config.json that says how weights are quantized; null where it has none.
const char* quantization_key_of(const Json& config);

/// Of the first class that is known; null where none is.
const architectures::Architecture* architecture_of_config(const Json& config);

/// What to say about a file without a known class.
std::string unknown_class(const Json& config);

/// Sets architecture and config, and adds rope_freqs.weight where the scaling of positions asks for it.
/// Error(unsupported) listing what is known when no class of the file is; Error(bad_input) naming the key otherwise.
void read_config_json(const Json& config, const std::string& source, model::Model& model);

/// The class whose names the weights get: that of the original config.json, else what the table says.
const architectures::HuggingFaceClass& class_to_write(const model::Model& model);

/// The text of config.json. Starts from the side file of that name when there is one, so that keys without a canonical
/// form and unchanged values stay as they were; a file that needs no change is returned byte for byte.
std::string config_json_of(const model::Model& model);

}  // namespace adze::formats
