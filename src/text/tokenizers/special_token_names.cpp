#include "text/tokenizers/special_token_names.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace adze::text {
namespace {

struct RoleName {
  std::string_view text;
  int32_t SpecialTokenIds::* id;
};

constexpr std::array kRoleNames = std::to_array<RoleName>({
    {"<|eot_id|>", &SpecialTokenIds::eot},
    {"<|im_end|>", &SpecialTokenIds::eot},
    {"<|end|>", &SpecialTokenIds::eot},
    {"<end_of_turn>", &SpecialTokenIds::eot},
    {"<|endoftext|>", &SpecialTokenIds::eot},
    {"<|end_of_text|>", &SpecialTokenIds::eot},
    {"<EOT>", &SpecialTokenIds::eot},
    {"_<EOT>", &SpecialTokenIds::eot},
    {"▁<EOT>", &SpecialTokenIds::eot},
    {"[EOT]", &SpecialTokenIds::eot},
    {"<｜end▁of▁sentence｜>", &SpecialTokenIds::eot},
    {"<end_of_utterance>", &SpecialTokenIds::eot},
    {"<|eom_id|>", &SpecialTokenIds::eom},
    {"<|fim_prefix|>", &SpecialTokenIds::fim_pre},
    {"<fim-prefix>", &SpecialTokenIds::fim_pre},
    {"<fim_prefix>", &SpecialTokenIds::fim_pre},
    {"<｜fim▁begin｜>", &SpecialTokenIds::fim_pre},
    {"<PRE>", &SpecialTokenIds::fim_pre},
    {"▁<PRE>", &SpecialTokenIds::fim_pre},
    {"<|code_prefix|>", &SpecialTokenIds::fim_pre},
    {"<|prefix|>", &SpecialTokenIds::fim_pre},
    {"<|fim_suffix|>", &SpecialTokenIds::fim_suf},
    {"<fim-suffix>", &SpecialTokenIds::fim_suf},
    {"<fim_suffix>", &SpecialTokenIds::fim_suf},
    {"<｜fim▁hole｜>", &SpecialTokenIds::fim_suf},
    {"<SUF>", &SpecialTokenIds::fim_suf},
    {"▁<SUF>", &SpecialTokenIds::fim_suf},
    {"<|code_suffix|>", &SpecialTokenIds::fim_suf},
    {"<|suffix|>", &SpecialTokenIds::fim_suf},
    {"<|fim_middle|>", &SpecialTokenIds::fim_mid},
    {"<fim-middle>", &SpecialTokenIds::fim_mid},
    {"<fim_middle>", &SpecialTokenIds::fim_mid},
    {"<｜fim▁end｜>", &SpecialTokenIds::fim_mid},
    {"<MID>", &SpecialTokenIds::fim_mid},
    {"▁<MID>", &SpecialTokenIds::fim_mid},
    {"<|code_middle|>", &SpecialTokenIds::fim_mid},
    {"<|middle|>", &SpecialTokenIds::fim_mid},
    {"<|fim_pad|>", &SpecialTokenIds::fim_pad},
    {"<fim-pad>", &SpecialTokenIds::fim_pad},
    {"<fim_pad>", &SpecialTokenIds::fim_pad},
    {"<|fim_repo|>", &SpecialTokenIds::fim_rep},
    {"<|repo_name|>", &SpecialTokenIds::fim_rep},
    {"<fim-repo>", &SpecialTokenIds::fim_rep},
    {"<REPO>", &SpecialTokenIds::fim_rep},
    {"<reponame>", &SpecialTokenIds::fim_rep},
    {"<|file_sep|>", &SpecialTokenIds::fim_sep},
});

// Besides those of eot and eom above.
constexpr std::array kEndNames = std::to_array<std::string_view>({
    "<|return|>",
    "<|call|>",
    "<|calls|>",
    "<|flush|>",
    "</s>",
    "[EOS]",
    "<eos>",
    "<turn|>",
    "<|tool_response>",
    "[e~[",
});

// Where a model has these, "<|end|>" only ends one of several messages of a turn.
constexpr std::array kTurnOutlivesEnd = std::to_array<std::string_view>({"<|return|>", "<|flush|>"});

bool has_added_token(const TokenizerSpec& spec, std::string_view text) {
  return std::any_of(spec.added_tokens.begin(), spec.added_tokens.end(),
                     [&](const AddedToken& token) { return token.text == text; });
}

bool ends_turn(std::string_view text) {
  const auto names = [&](const RoleName& role) {
    return role.text == text && (role.id == &SpecialTokenIds::eot || role.id == &SpecialTokenIds::eom);
  };
  return std::any_of(kRoleNames.begin(), kRoleNames.end(), names) ||
         std::find(kEndNames.begin(), kEndNames.end(), text) != kEndNames.end();
}

}  // namespace

void find_special_tokens(TokenizerSpec& spec) {
  for (const AddedToken& token : spec.added_tokens) {
    for (const RoleName& role : kRoleNames) {
      if (role.text == token.text && spec.special.*role.id == kNoToken) spec.special.*role.id = token.id;
    }
  }
}

std::vector<int32_t> end_of_generation_ids(const TokenizerSpec& spec) {
  std::vector<int32_t> ids = spec.end_ids;
  const auto& special = spec.special;
  ids.insert(ids.end(), {special.eos, special.eot, special.eom, special.fim_pad, special.fim_rep, special.fim_sep});
  bool end_stays = true;
  for (const auto text : kTurnOutlivesEnd) end_stays &= !has_added_token(spec, text);
  for (const AddedToken& token : spec.added_tokens) {
    if (ends_turn(token.text)) ids.push_back(token.id);
  }
  std::erase_if(ids, [&](int32_t id) {
    if (id < 0 || static_cast<size_t>(id) >= spec.tokens.size()) return true;
    return !end_stays && id != special.eos && spec.tokens[static_cast<size_t>(id)].text == "<|end|>";
  });
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

}  // namespace adze::text
