// What a classifier calls its outputs: config.json's id2label <-> classifier.output_labels.
#pragma once

#include <string>

#include "base/json.h"
#include "formats/hf/config_editor.h"
#include "model/model.h"

namespace adze::formats {

/// The two labels that transformers makes up for models without any are none. Error(bad_input) for what is no table of
/// names by number.
void read_class_labels(const Json& config, const std::string& source, model::KeyValues& settings);

/// Into a new file.
void write_class_labels(const model::KeyValues& settings, ConfigEditor& editor);

}  // namespace adze::formats
