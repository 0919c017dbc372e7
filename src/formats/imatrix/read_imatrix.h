// Reads activation statistics: Adze's own and llama.cpp's GGUF files, and llama.cpp's older files (.dat).
#pragma once

#include <cstddef>
#include <span>
#include <string>

#include "model/activation_statistics.h"

namespace adze::formats {

/// Looks at the name and the first bytes only: a GGUF file whose general.type is "imatrix", or a name that ends in
/// ".dat".
bool is_imatrix(const std::string& path);

/// Hessians stay in the mapped file. Throws Error(not_found | bad_input) naming file and weight.
model::ActivationStatistics read_imatrix(const std::string& path);

/// The same for the bytes of an older file; `path` is for messages.
model::ActivationStatistics read_dat_imatrix(std::span<const std::byte> bytes, const std::string& path);

}  // namespace adze::formats
