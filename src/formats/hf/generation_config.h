// generation_config.json <-> Model::generation.
#pragma once

#include <string>

#include "base/json.h"
#include "model/model.h"

namespace adze::formats {

/// Scalars and flat lists of the file. Error(bad_input) if it is not a JSON object.
void read_generation_config(const Json& config, const std::string& source, model::Model& model);

/// The text of the file, or empty when there is nothing to say. Values that did not change stay as they were in the
/// side file of that name.
std::string generation_config_of(const model::Model& model);

}  // namespace adze::formats
