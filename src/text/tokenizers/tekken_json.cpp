// lint: foreign names: Mistral's control tokens
#include "text/tokenizers/tekken_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/base64.h"
#include "base/json.h"
#include "text/tokenizers/ranked_tokens.h"
#include "text/tokenizers/special_token_names.h"

namespace adze::text {
namespace {

constexpr int64_t kMaxControlTokens = 65536;

// Of files that do not list them, by id.
constexpr std::array kOldControlTokens = std::to_array<std::string_view>({"<unk>",
                                                                          "<s>",
                                                                          "</s>",
                                                                          "[INST]",
                                                                          "[/INST]",
                                                                          "[AVAILABLE_TOOLS]",
                                                                          "[/AVAILABLE_TOOLS]",
                                                                          "[TOOL_RESULTS]",
                                                                          "[/TOOL_RESULTS]",
                                                                          "[TOOL_CALLS]",
                                                                          "[IMG]",
                                                                          "<pad>",
                                                                          "[IMG_BREAK]",
                                                                          "[IMG_END]",
                                                                          "[PREFIX]",
                                                                          "[MIDDLE]",
                                                                          "[SUFFIX]",
                                                                          "[SYSTEM_PROMPT]",
                                                                          "[/SYSTEM_PROMPT]",
                                                                          "[TOOL_CONTENT]"});

class TekkenReader {
 public:
  TekkenReader(const Json& root, TokenizerSpec& spec) : root_(root), spec_(spec) {}

  void read() {
    const Json& config = member("config");
    const auto size = json_value<int64_t>(config, "default_vocab_size", 0, spec_.source);
    const auto control = json_value<int64_t>(config, "default_num_special_tokens", 0, spec_.source);
    if (control < 1 || control > kMaxControlTokens || size <= control ||
        size > static_cast<int64_t>(kMaxRankedTokens)) {
      fail(ErrorCode::bad_input, "{}: {} tokens, {} of them control tokens, cannot be", spec_.source, size, control);
    }
    const auto pattern = json_value<std::string>(config, "pattern", "", spec_.source);
    if (pattern.empty()) fail(ErrorCode::bad_input, "{}: has no pattern", spec_.source);
    add_control_tokens(static_cast<size_t>(control));
    set_ranked_tokens(read_ranks(static_cast<size_t>(size - control)), static_cast<size_t>(control), pattern, spec_);
    name_special_tokens();
  }

 private:
  const Json& member(const char* name) const {
    const auto found = root_.find(name);
    if (found == root_.end()) fail(ErrorCode::bad_input, "{}: has no \"{}\"", spec_.source, name);
    return *found;
  }

  std::vector<std::string> control_texts() const {
    std::vector<std::string> texts;
    const auto listed = root_.find("special_tokens");
    if (listed == root_.end() || listed->is_null()) return {kOldControlTokens.begin(), kOldControlTokens.end()};
    if (!listed->is_array()) fail(ErrorCode::bad_input, "{}: \"special_tokens\" is no list", spec_.source);
    for (const Json& token : *listed) {
      if (!token.is_object()) fail(ErrorCode::bad_input, "{}: a control token is no object", spec_.source);
      if (json_value<int64_t>(token, "rank", -1, spec_.source) != static_cast<int64_t>(texts.size())) {
        fail(ErrorCode::bad_input, "{}: control token {} has another rank", spec_.source, texts.size());
      }
      texts.push_back(json_value<std::string>(token, "token_str", "", spec_.source));
    }
    return texts;
  }

  void add_control_tokens(size_t count) {
    auto texts = control_texts();
    if (texts.size() > count) {
      fail(ErrorCode::bad_input, "{}: {} control tokens are more than the {} it speaks of", spec_.source, texts.size(),
           count);
    }
    while (texts.size() < count) texts.push_back(fmt::format("<SPECIAL_{}>", texts.size()));
    for (const auto& text : texts) {
      spec_.added_tokens.push_back({.id = static_cast<int32_t>(spec_.tokens.size()), .text = text, .special = true});
      spec_.tokens.push_back({text, 0, TokenType::control});
    }
  }

  // The file has more tokens than are used.
  std::vector<std::string> read_ranks(size_t count) const {
    const Json& vocabulary = member("vocab");
    if (!vocabulary.is_array() || vocabulary.size() < count) {
      fail(ErrorCode::bad_input, "{}: \"vocab\" does not hold {} tokens", spec_.source, count);
    }
    std::vector<std::string> by_rank(count);
    for (size_t i = 0; i < count; ++i) {
      const Json& token = vocabulary[i];
      if (!token.is_object() || json_value<int64_t>(token, "rank", -1, spec_.source) != static_cast<int64_t>(i)) {
        fail(ErrorCode::bad_input, "{}: token {} is not the one of that rank", spec_.source, i);
      }
      auto bytes = decode_base64(json_value<std::string>(token, "token_bytes", "", spec_.source));
      if (!bytes || bytes->empty()) fail(ErrorCode::bad_input, "{}: token {} has no bytes", spec_.source, i);
      by_rank[i] = *std::move(bytes);
    }
    return by_rank;
  }

  int32_t id_of(std::string_view text) const {
    const auto found = std::ranges::find(spec_.added_tokens, text, &AddedToken::text);
    return found == spec_.added_tokens.end() ? kNoToken : found->id;
  }

  void name_special_tokens() {
    auto& special = spec_.special;
    special.unk = id_of("<unk>");
    special.bos = id_of("<s>");
    special.eos = id_of("</s>");
    special.pad = id_of("<pad>");
    if (special.bos != kNoToken) spec_.prefix_ids = {special.bos};
    find_special_tokens(spec_);
  }

  const Json& root_;
  TokenizerSpec& spec_;
};

}  // namespace

TokenizerSpec read_tekken_json(std::string_view json, const std::string& source) {
  TokenizerSpec spec;
  spec.source = source;
  const Json root = parse_json(json, source);
  if (!root.is_object()) fail(ErrorCode::bad_input, "{}: is no JSON object", source);
  TekkenReader(root, spec).read();
  return spec;
}

}  // namespace adze::text
