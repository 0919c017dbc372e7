// Checkpoints of llama2.c: settings and weights in one file, the vocabulary in tokenizer.bin beside it.
#pragma once

#include <string>

#include "formats/format.h"

namespace adze::formats {

/// By its magic number; a file of the first version has none, and is known by settings that explain its size exactly.
bool is_llama2c(const std::string& path);

/// Versions 0, 1 and 2 (8-bit groups, handed out as the f32 numbers that they stand for). Without a tokenizer.bin the
/// model has no tokenizer.
model::Model read_llama2c(const std::string& path, const ReadOptions& options = {});

}  // namespace adze::formats
