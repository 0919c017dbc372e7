// The component objects of tokenizer.json -> steps of a TokenizerSpec. Null components are empty lists.
// All throw Error(unsupported) for components that Adze does not run, and Error or a JSON exception for malformed ones.
#pragma once

#include <vector>

#include "base/json.h"
#include "text/tokenizers/tokenizer_spec.h"

namespace adze::text {

std::vector<NormalizerStep> read_normalizer(const Json& component);
std::vector<PreTokenizerStep> read_pre_tokenizer(const Json& component);
std::vector<DecoderStep> read_decoder(const Json& component);

/// The ids that the post-processor puts around a text, and between two.
struct AroundIds {
  std::vector<int32_t> prefix;
  std::vector<int32_t> suffix;
  std::vector<int32_t> between;
  int32_t second_type = 0;
};
AroundIds read_post_processor(const Json& component);

}  // namespace adze::text
