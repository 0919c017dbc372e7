// Runs the normalizer steps of a TokenizerSpec.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "text/tokenizers/character_map.h"
#include "text/tokenizers/growth_limit.h"
#include "text/tokenizers/regex.h"
#include "text/tokenizers/tokenizer_spec.h"

namespace adze::text {

class Normalizer {
 public:
  /// Compiles the patterns. Throws Error(bad_input) for a bad pattern or character map.
  explicit Normalizer(const std::vector<NormalizerStep>& steps);

  /// `text` is valid UTF-8, and so is the result.
  std::string run(std::string_view text) const;

  bool empty() const { return steps_.empty(); }

 private:
  struct CompiledStep {
    NormalizerStep step;
    std::optional<Regex> regex;
    std::optional<CharacterMap> characters;
  };
  std::vector<CompiledStep> steps_;
};

/// Every occurrence of `pattern` (not empty) becomes `content`. Throws Error(bad_input) beyond the limit.
std::string replace_all(std::string_view text, std::string_view pattern, std::string_view content,
                        const GrowthLimit& limit);

}  // namespace adze::text
