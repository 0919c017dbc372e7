// The types that the user asked for single tensors.
#pragma once

#include <regex>
#include <string>
#include <vector>

#include "quantize/mix.h"

namespace adze::quantize {

class AskedTypes {
 public:
  /// Error(bad_input) for a pattern that is no regular expression. `overrides` must outlive it.
  explicit AskedTypes(const TypeOverrides& overrides);

  /// For the embedding and the output. A table of embeddings per layer may have a pattern of its own. Null: none.
  const codecs::Codec* of_ends(const std::string& name) const;
  /// Of the first pattern that is found in the name; null: none.
  const codecs::Codec* of_pattern(const std::string& name) const;
  bool keeps(const std::string& name) const { return overrides_.keep_output && name == "output.weight"; }

 private:
  struct Pattern {
    std::regex regex;
    const codecs::Codec* codec;
  };

  const TypeOverrides& overrides_;
  std::vector<Pattern> patterns_;
};

}  // namespace adze::quantize
