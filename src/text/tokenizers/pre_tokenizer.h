// Runs the pre-tokenizer steps of a TokenizerSpec: text -> words, which tokens never cross.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizers/growth_limit.h"
#include "text/tokenizers/regex.h"
#include "text/tokenizers/tokenizer_spec.h"

namespace adze::text {

/// Words as ranges of one buffer.
struct Words {
  std::string text;
  std::vector<TextRange> ranges;

  std::string_view word(const TextRange& range) const {
    return std::string_view(text).substr(range.begin, range.end - range.begin);
  }
};

class PreTokenizer {
 public:
  /// Compiles the patterns. Throws Error(bad_input) for a bad one.
  explicit PreTokenizer(const std::vector<PreTokenizerStep>& steps);

  /// `text` is valid UTF-8. `at_start`: nothing of the whole text comes before it.
  /// With a byte_alphabet step the words are raw bytes, else UTF-8.
  Words run(std::string text, bool at_start) const;

 private:
  struct CompiledStep {
    PreTokenizerStep step;
    std::optional<Regex> regex;
  };
  void apply(const CompiledStep& compiled, bool at_start, const GrowthLimit& limit, Words& words) const;

  std::vector<CompiledStep> steps_;
  bool back_to_bytes_ = false;  // steps follow the byte alphabet, so it is really applied and undone
};

}  // namespace adze::text
