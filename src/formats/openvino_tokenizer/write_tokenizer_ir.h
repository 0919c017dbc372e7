// A tokenizer as two graphs in OpenVINO's IR, out of the layers of OpenVINO Tokenizers: what OpenVINO GenAI loads
// beside a language model.
#pragma once

#include <memory>
#include <string>

#include "base/output_folder.h"
#include "formats/format.h"
#include "formats/openvino_ir/ir_builder.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::formats {

/// What the graphs tell of a tokenizer beside what they do.
struct TokenizerFacts {
  std::string chat_template = {};  // empty: none
  int64_t context_length = 0;      // texts are cut to so many tokens where a program asks for that
};

struct TokenizerGraphs {
  IrBuilder tokenizer, detokenizer;
};

/// Error(unsupported) naming what has no form there.
TokenizerGraphs tokenizer_graphs(const text::Tokenizer& tokenizer, const TokenizerFacts& facts);

/// Writes openvino_tokenizer.xml and .bin (texts -> input_ids, attention_mask) and openvino_detokenizer.xml and .bin.
/// Errors of the graphs come before a file is written; Error(bad_input) for a spec that cannot be run.
void write_tokenizer_ir(std::shared_ptr<const text::TokenizerSpec> spec, const TokenizerFacts& facts,
                        const OutputFolder& folder, const WriteOptions& options);

}  // namespace adze::formats
