// sentence-transformers' modules.json: what becomes of the rows of an encoder.
#pragma once

#include <string>

#include "base/output_folder.h"
#include "model/model.h"

namespace adze::formats {

/// Sets the pooling, and whether embeddings are normalized, of an encoder whose folder says so. Error(unsupported) for
/// modules or poolings that are not known, as embeddings would be others.
void read_embedding_modules(const std::string& folder, model::Model& model);

/// Writes modules.json and the config of its pooling for an encoder that does not come from such a folder.
void write_embedding_modules(const model::Model& model, const OutputFolder& folder);

}  // namespace adze::formats
