// tokenizer.json as a tree, except for its huge parts: vocabulary and merges go straight into flat lists.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"
#include "text/tokenizers/tokenizer_spec.h"

namespace adze::text {

struct TokenizerJsonDocument {
  Json root;                                                // without model.vocab and model.merges
  std::vector<std::pair<std::string, int64_t>> vocabulary;  // model.vocab as an object: text -> id
  std::vector<std::pair<std::string, double>> pieces;       // model.vocab as an array: [text, score], by id
  MergeList merges;                                         // model.merges, "a b" or ["a", "b"]
};

/// Throws Error(bad_input) for text that is not JSON or whose vocabulary or merges have another shape.
/// Unlike parse_json it takes linear time for objects with many members.
TokenizerJsonDocument parse_tokenizer_json(std::string_view text, const std::string& source);

}  // namespace adze::text
