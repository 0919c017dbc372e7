// The settings of an architecture's table: config.json <-> canonical keys.
#pragma once

#include <string>

#include "architectures/architecture.h"
#include "base/json.h"
#include "formats/hf/config_editor.h"
#include "model/model.h"

namespace adze::formats {

/// Also the sizes that GGUF states though they follow from others. Error(bad_input) naming a key of the wrong type,
/// Error(unsupported) naming one with a value that the architecture does not have.
void read_settings(const Json& config, const std::string& source, const architectures::Architecture& architecture,
                   model::KeyValues& settings);

void write_settings(const model::Model& model, const architectures::Architecture& architecture, ConfigEditor& editor);

}  // namespace adze::formats
