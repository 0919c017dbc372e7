// llama.cpp's `tokenizer.ggml.pre`: an id stands for patterns and flags that are built into the program.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizers/tokenizer_spec.h"

namespace adze::text {

/// One row of the table. Patterns are applied in turn, each isolating its matches within the words so far.
struct GgufPreTokenizer {
  std::vector<std::string_view> ids;  // the first is the one we write
  std::vector<std::string_view> patterns;
  bool ignore_merges = false;
  bool add_bos = false;       // what holds where the file has no add_bos_token
  bool clean_spaces = false;  // llama.cpp tidies spaces when it turns such tokens into text
};

/// The row of `id`, or nullptr. An empty id means "default".
const GgufPreTokenizer* find_gguf_pre_tokenizer(std::string_view id);

std::span<const GgufPreTokenizer> gguf_pre_tokenizers();

/// The id that splits and merges like `spec`; empty if there is none. A spec that came from GGUF keeps its id.
std::string deduce_gguf_pre(const TokenizerSpec& spec);

}  // namespace adze::text
