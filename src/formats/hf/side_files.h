// Files of a Hugging Face folder that are kept as they are.
#pragma once

#include <string>
#include <vector>

#include "base/output_folder.h"
#include "model/model.h"

namespace adze::formats {

std::vector<model::SideFile> open_side_files(const std::string& folder);

/// Copies those that nothing else writes: README.md, LICENSE, tokenizer.model …
void copy_side_files(const model::Model& model, const OutputFolder& folder);

}  // namespace adze::formats
