// The tokenizer's files of a Hugging Face folder, and the chat templates that lie in or beside them.
#pragma once

#include <memory>
#include <string>

#include "base/output_folder.h"
#include "model/model.h"

namespace adze::formats {

/// Reads tokenizer.json, or else tokenizer.model, tekken.json or a *.tiktoken, with tokenizer_config.json.
/// REQUIRES: the generation config has been read. A folder without any leaves the tokenizer null.
void read_tokenizer_files(const std::string& folder, model::Model& model);

/// Reads the templates of tokenizer_config.json, chat_template.jinja and additional_chat_templates/.
void read_chat_templates(const std::string& folder, model::Model& model);

/// Reads what Adze wrote beside them (Model::conformance_kit).
void read_conformance_kit(const std::string& folder, model::Model& model);

/// The tokenizer that a reader of write_tokenizer_files() will find; null where the model has none.
std::shared_ptr<const text::TokenizerSpec> hf_tokenizer(const model::Model& model);

/// Writes tokenizer.json, tokenizer_config.json, special_tokens_map.json and, where the source had
/// it, chat_template.jinja; and the kit that tells whether they still do the same.
void write_tokenizer_files(const model::Model& model, const OutputFolder& folder);

}  // namespace adze::formats
