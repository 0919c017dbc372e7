// Reads activation statistics: Adze's own and llama.cpp's GGUF files, and llama.cpp's older files (.dat).
#pragma once

#include <string>

#include "model/activation_statistics.h"

namespace adze::formats {

/// Looks at the name and the first bytes only: a GGUF file whose general.type is "imatrix", or a name that ends in
/// ".dat".
bool is_imatrix(const std::string& path);

/// Hessians stay in the mapped file. Throws Error(not_found | bad_input) naming file and weight.
model::ActivationStatistics read_imatrix(const std::string& path);

}  // namespace adze::formats
