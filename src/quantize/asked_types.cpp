#include "quantize/asked_types.h"

#include "base/error.h"
#include "quantize/llama_cpp_mixes.h"

namespace adze::quantize {

AskedTypes::AskedTypes(const TypeOverrides& overrides) : overrides_(overrides) {
  for (const auto& pattern : overrides.patterns) {
    try {
      patterns_.push_back({std::regex(pattern.regex), pattern.codec});
    } catch (const std::regex_error& error) {
      fail(ErrorCode::bad_input, "\"{}\" is no regular expression: {}", pattern.regex, error.what());
    }
  }
}

const codecs::Codec* AskedTypes::of_pattern(const std::string& name) const {
  for (const Pattern& pattern : patterns_) {
    if (std::regex_search(name, pattern.regex)) return pattern.codec;
  }
  return nullptr;
}

const codecs::Codec* AskedTypes::of_ends(const std::string& name) const {
  const TensorCategory category = category_of(name);
  if (category == TensorCategory::output) return overrides_.output;
  if (category != TensorCategory::token_embedding) return nullptr;
  const bool named = name != "token_embd.weight" && of_pattern(name);
  return named ? nullptr : overrides_.token_embedding;
}

}  // namespace adze::quantize
