#include "formats/hf/special_tokens.h"

#include <array>

namespace adze::formats {
namespace {

struct SpecialToken {
  const char* name;
  int32_t text::SpecialTokenIds::* id;
  bool in_config;
};

constexpr std::array kSpecialTokens = {
    SpecialToken{"bos_token", &text::SpecialTokenIds::bos, true},
    SpecialToken{"eos_token", &text::SpecialTokenIds::eos, true},
    SpecialToken{"unk_token", &text::SpecialTokenIds::unk, false},
    SpecialToken{"sep_token", &text::SpecialTokenIds::sep, false},
    SpecialToken{"pad_token", &text::SpecialTokenIds::pad, true},
    SpecialToken{"cls_token", &text::SpecialTokenIds::cls, false},
    SpecialToken{"mask_token", &text::SpecialTokenIds::mask, false},
};

}  // namespace

std::vector<std::pair<std::string, int32_t>> special_tokens_of(const text::TokenizerSpec& spec) {
  std::vector<std::pair<std::string, int32_t>> tokens;
  for (const auto& token : kSpecialTokens) {
    const int32_t id = spec.special.*token.id;
    if (id >= 0 && static_cast<size_t>(id) < spec.tokens.size()) tokens.emplace_back(token.name, id);
  }
  return tokens;
}

std::vector<std::pair<std::string, int32_t>> special_token_ids(const text::TokenizerSpec& spec) {
  std::vector<std::pair<std::string, int32_t>> ids;
  for (const auto& token : kSpecialTokens) {
    if (token.in_config && spec.special.*token.id >= 0) {
      ids.emplace_back(std::string(token.name) + "_id", spec.special.*token.id);
    }
  }
  return ids;
}

}  // namespace adze::formats
