// A text, or a pair of them, as an encoder takes it.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace adze::text {
class Tokenizer;
}

namespace adze::runtime {

struct EncoderText {
  std::vector<int32_t> tokens;
  std::vector<int32_t> types = {};  // of tokens; shorter: the others are 0
  bool truncated = false;

  int64_t size() const { return static_cast<int64_t>(tokens.size()); }
};

/// With what the tokenizer puts around a text; of one with more than `most` tokens the end is left out.
/// Error(bad_input) where nothing of a text would be left.
EncoderText encoder_text(const text::Tokenizer& tokenizer, std::string_view text, int64_t most);

/// Both as one, for a model that ranks; the end of the second is left out. `types`: how many the model tells apart.
EncoderText encoder_pair(const text::Tokenizer& tokenizer, std::string_view first, std::string_view second,
                         int64_t most, int64_t types);

}  // namespace adze::runtime
