// SentencePiece's tokenizer.model: a protobuf message with pieces, the settings of training and the normalizer.
#pragma once

#include <string>
#include <string_view>

#include "text/tokenizers/tokenizer_spec.h"

namespace adze::text {

/// BPE and unigram models. As such models are used, bos stands in front of a text for BPE and eos behind it for
/// unigram; a tokenizer_config.json may say otherwise (apply_tokenizer_config). Throws Error(bad_input) for malformed
/// files, Error(unsupported) for models of words or characters, and for those that do not mark spaces in front of
/// words.
TokenizerSpec read_sentencepiece_model(std::string_view bytes, const std::string& source);

}  // namespace adze::text
