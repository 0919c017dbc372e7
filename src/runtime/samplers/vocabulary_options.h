// What texts mean for the samplers of one vocabulary.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/sampler_options.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::runtime {

/// Where DRY's repetitions end unless told otherwise: at ends of lines, and around what structure repeats.
std::span<const std::string> default_dry_breakers();

/// The sequences of tokens that contain or begin one of `texts` and end with it. A text counts up to its 40th byte, a
/// sequence up to its 20th token behind the first. Looks at the whole vocabulary once.
std::vector<std::vector<int32_t>> dry_breakers_of(const text::Tokenizer& tokenizer, std::span<const std::string> texts);

/// Every token of the text gets the bias.
std::vector<LogitBias> biases_of_text(const text::Tokenizer& tokenizer, std::string_view text, float bias);

/// The model cannot end its answer.
std::vector<LogitBias> biases_against_the_end(const text::Tokenizer& tokenizer);

}  // namespace adze::runtime
