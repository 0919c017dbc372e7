// What each step of a tokenizer is in OpenVINO's IR. The tables are in text_steps.cpp.
#pragma once

#include <vector>

#include "formats/openvino_tokenizer/text_layers.h"
#include "formats/openvino_tokenizer/token_patterns.h"
#include "text/tokenizers/tokenizer_spec.h"

namespace adze::formats {

/// From texts to the ids of their words, without those that are put around a text. Error(unsupported) naming the step
/// that has no form there.
RaggedIds put_tokenizer_steps(TextLayers& texts, const text::TokenizerSpec& spec);

/// Models get the pieces with every added token behind kWholeMark, and know it by these.
using MarkedTokens = std::vector<std::pair<std::string, int32_t>>;

RaggedIds put_bpe(TextLayers& texts, const text::TokenizerSpec& spec, MarkedTokens marked);
RaggedIds put_unigram(TextLayers& texts, const text::TokenizerSpec& spec, MarkedTokens marked);
RaggedIds put_wordpiece(TextLayers& texts, const text::TokenizerSpec& spec, MarkedTokens marked);

}  // namespace adze::formats
