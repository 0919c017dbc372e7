// The tokens of a text as llama.cpp's tools cut them up.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/loaded_model.h"

namespace adze::cli {

struct TextTokens {
  std::vector<int32_t> tokens;
  int32_t first_token;  // which begins every text; -1: none
};

/// With the tokens that begin every text in front. `parse_special`: spellings of control tokens count as such.
TextTokens tokens_of_text(const runtime::LoadedModel& model, const std::string& text, bool parse_special = false);

}  // namespace adze::cli
