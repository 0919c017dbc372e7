// The text between two others, as llama-server asks for it. // lint: foreign names: llama-server
#pragma once

#include <string>
#include <vector>

#include "server/chat_request.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::server {

struct OtherFile {
  std::string name, text;
};

struct InfillRequest {
  ChatRequest chat;  // without its prompt
  std::string prefix, suffix;
  std::string begun;  // of the text in between
  std::vector<OtherFile> others;
};

/// Throws RequestError.
InfillRequest read_llama_infill(const Json& body);

/// [repository, other files,] prefix, suffix, then what the model continues. Throws Error(unsupported) for a vocabulary
/// without tokens for that.
std::vector<int32_t> infill_tokens(const text::Tokenizer& tokenizer, const InfillRequest& request);

}  // namespace adze::server
