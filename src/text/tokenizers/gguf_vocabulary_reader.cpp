// lint: foreign names: GGUF names its tokenizer models after the first models that had them
#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "text/tokenizers/byte_alphabet.h"
#include "text/tokenizers/gguf_pre_tokenizers.h"
#include "text/tokenizers/gguf_vocabulary.h"
#include "text/tokenizers/special_token_names.h"
#include "text/tokenizers/standard_patterns.h"
#include "text/tokenizers/word_boundaries.h"

namespace adze::text {
namespace {

constexpr int32_t kFirstTokenType = 1;
constexpr int32_t kLastTokenType = 6;

NormalizerStep normalizer_step(NormalizerStep::Kind kind, std::string_view pattern = {},
                               std::string_view content = {}) {
  NormalizerStep step;
  step.kind = kind;
  step.pattern = pattern;
  step.content = content;
  return step;
}

PreTokenizerStep split_step(std::string_view pattern, SplitBehavior behavior) {
  PreTokenizerStep step;
  step.kind = PreTokenizerStep::Kind::split_regex;
  step.pattern = pattern;
  step.behavior = behavior;
  return step;
}

class VocabularyReader {
 public:
  VocabularyReader(const GgufVocabulary& from, TokenizerSpec& spec) : from_(from), spec_(spec) {}

  void read() {
    spec_.source = from_.source;
    check_lengths();
    read_tokens();
    read_special_ids();
    if (from_.model == "gpt2") {
      read_byte_level_bpe();
    } else if (from_.model == "llama") {
      read_scored_bpe();
    } else if (from_.model == "t5") {
      read_unigram();
    } else if (from_.model == "bert") {
      read_wordpiece();
    } else {
      fail(ErrorCode::unsupported, "{}: tokenizer.ggml.model \"{}\" is not supported (gpt2, llama, t5, bert are)",
           from_.source, from_.model);
    }
    collect_added_tokens();
    find_special_tokens(spec_);
  }

 private:
  void check_lengths() const {
    const size_t count = from_.tokens.size();
    if (count == 0) fail(ErrorCode::bad_input, "{}: tokenizer.ggml.tokens is empty or absent", from_.source);
    const auto check = [&](const char* key, size_t size) {
      if (size == 0 || size >= count) return;
      fail(ErrorCode::bad_input, "{}: tokenizer.ggml.{} has {} entries for {} tokens", from_.source, key, size, count);
    };
    check("scores", from_.scores.size());
    check("token_type", from_.token_types.size());
  }

  void read_tokens() {
    spec_.tokens.reserve(from_.tokens.size());
    for (size_t id = 0; id < from_.tokens.size(); ++id) {
      VocabularyToken& token = spec_.tokens.emplace_back();
      token.text = from_.tokens[id];
      if (!from_.scores.empty()) token.score = from_.scores[id];
      if (!std::isfinite(token.score)) {
        fail(ErrorCode::bad_input, "{}: the score of token {} is not finite", from_.source, id);
      }
      const int32_t type = from_.token_types.empty() ? kFirstTokenType : from_.token_types[id];
      const bool known = type >= kFirstTokenType && type <= kLastTokenType;
      token.type = known ? static_cast<TokenType>(type) : TokenType::normal;
    }
  }

  void read_special_ids() {
    for (const auto& entry : kGgufTokenIdKeys) {
      const auto& id = from_.*entry.value;
      if (!id) continue;
      if (*id >= spec_.tokens.size()) {
        fail(ErrorCode::bad_input, "{}: {} is {}, beyond the {} tokens", from_.source, entry.key, *id,
             spec_.tokens.size());
      }
      spec_.special.*entry.special = static_cast<int32_t>(*id);
    }
  }

  void add_around(bool bos, bool eos) {
    const auto& special = spec_.special;
    if (from_.add_bos.value_or(bos) && special.bos != kNoToken) spec_.prefix_ids = {special.bos};
    if (from_.add_eos.value_or(eos) && special.eos != kNoToken) spec_.suffix_ids = {special.eos};
  }

  void read_byte_level_bpe() {
    const GgufPreTokenizer* pre = find_gguf_pre_tokenizer(from_.pre);
    if (pre == nullptr) {
      fail(ErrorCode::unsupported, "{}: tokenizer.ggml.pre \"{}\" is not known", from_.source, from_.pre);
    }
    spec_.model = TokenModel::bpe;
    spec_.gguf_pre = from_.pre;
    spec_.ignore_merges = pre->ignore_merges;
    spec_.clean_up_spaces = pre->clean_spaces;
    for (const auto pattern : pre->patterns)
      spec_.pre_tokenizer.push_back(split_step(pattern, SplitBehavior::isolated));
    spec_.pre_tokenizer.push_back({PreTokenizerStep::Kind::byte_alphabet, {}, {}});
    spec_.decoder.push_back({DecoderStep::Kind::byte_alphabet, {}, {}});
    read_merges();
    add_around(pre->add_bos, false);
  }

  void read_merges() {
    if (from_.merges.empty()) fail(ErrorCode::bad_input, "{}: tokenizer.ggml.merges is empty or absent", from_.source);
    size_t bytes = 0;
    for (const std::string& text : from_.merges) bytes += text.size();
    spec_.merges.reserve(from_.merges.size(), bytes);
    for (const std::string_view text : from_.merges) {
      const size_t space = text.find(' ', 1);
      if (text.empty() || space == std::string::npos) {
        fail(ErrorCode::bad_input, "{}: the merge \"{}\" has no space", from_.source, text);
      }
      spec_.merges.add(text.substr(0, space), text.substr(space + 1));
    }
  }

  // "▁" for each space, and one in front.
  void mark_spaces(bool default_prefix) {
    const bool prefix = from_.add_space_prefix.value_or(default_prefix);
    if (prefix) spec_.normalizer.push_back(normalizer_step(NormalizerStep::Kind::prepend, {}, kSpaceMark));
    spec_.normalizer.push_back(normalizer_step(NormalizerStep::Kind::replace_text, " ", kSpaceMark));
    spec_.decoder.push_back({DecoderStep::Kind::replace_text, std::string(kSpaceMark), " "});
    spec_.decoder.push_back({DecoderStep::Kind::byte_fallback, {}, {}});
    if (prefix) spec_.decoder.push_back({DecoderStep::Kind::strip_start, " ", {}, 1});
    spec_.byte_fallback = true;
    spec_.fuse_unknown = true;
  }

  void read_scored_bpe() {
    spec_.model = TokenModel::scored_bpe;
    if (from_.scores.empty()) fail(ErrorCode::bad_input, "{}: tokenizer.ggml.scores is absent", from_.source);
    mark_spaces(true);
    add_around(true, false);
  }

  void read_unigram() {
    spec_.model = TokenModel::unigram;
    if (from_.scores.empty()) fail(ErrorCode::bad_input, "{}: tokenizer.ggml.scores is absent", from_.source);
    if (!from_.precompiled_charsmap.empty()) {
      spec_.normalizer.push_back(normalizer_step(NormalizerStep::Kind::precompiled, {}, from_.precompiled_charsmap));
    }
    if (from_.remove_extra_whitespaces.value_or(false)) {
      spec_.normalizer.push_back(normalizer_step(NormalizerStep::Kind::collapse_spaces));
    }
    mark_spaces(false);
    add_around(false, true);
    spec_.between_ids = spec_.suffix_ids;
    const auto sep = spec_.special.sep;
    if (from_.add_sep.value_or(false) && sep != kNoToken) spec_.between_ids.push_back(sep);
  }

  // llama.cpp marks the beginnings of words with "▁"; the vocabulary itself marks the continuations with "##".
  void read_wordpiece() {
    using Kind = NormalizerStep::Kind;
    spec_.model = TokenModel::wordpiece;
    spec_.continuation_prefix = "##";
    for (VocabularyToken& token : spec_.tokens) {
      if (token.type != TokenType::normal) continue;
      const bool starts_word = token.text.starts_with(kSpaceMark);
      const bool bracketed = token.text.starts_with("[") && token.text.ends_with("]");  // unmarked by older writers
      if (starts_word) {
        token.text.erase(0, kSpaceMark.size());
      } else if (!bracketed) {
        token.text.insert(0, spec_.continuation_prefix);
      }
    }
    const bool lowercase = from_.lowercase.value_or(true);
    std::vector<Kind> kinds{Kind::clean_text, Kind::isolate_cjk};
    if (from_.strip_accents.value_or(lowercase)) kinds.insert(kinds.end(), {Kind::nfd, Kind::strip_accents});
    if (lowercase) kinds.push_back(Kind::lowercase);
    for (const auto kind : kinds) spec_.normalizer.push_back(normalizer_step(kind));
    spec_.pre_tokenizer.push_back(split_step(kWhitespacePattern, SplitBehavior::removed));
    spec_.pre_tokenizer.push_back(split_step(kPunctuationPattern, SplitBehavior::isolated));
    spec_.decoder.push_back({DecoderStep::Kind::wordpiece, "##", {}});
    spec_.decoder.push_back({DecoderStep::Kind::clean_wordpiece, {}, {}});
    auto& special = spec_.special;
    if (special.cls == kNoToken) special.cls = special.bos;
    if (special.cls != kNoToken) spec_.prefix_ids = {special.cls};
    if (special.sep == kNoToken) special.sep = special.eos;
    if (special.sep == kNoToken) return;
    // One between two texts as BERT has it, where nobody says two.
    const bool twice = from_.add_sep.value_or(false);
    spec_.suffix_ids = {special.sep};
    spec_.between_ids.assign(twice ? 2 : 1, special.sep);
    spec_.second_type = twice ? 0 : 1;
  }

  void collect_added_tokens() {
    for (size_t id = 0; id < spec_.tokens.size(); ++id) {
      const VocabularyToken& token = spec_.tokens[id];
      const bool special = token.type == TokenType::control || token.type == TokenType::unknown;
      if ((!special && token.type != TokenType::user_defined) || token.text.empty()) continue;
      AddedToken added;
      added.id = static_cast<int32_t>(id);
      added.text = token.text;
      added.special = special;
      spec_.added_tokens.push_back(std::move(added));
    }
  }

  const GgufVocabulary& from_;
  TokenizerSpec& spec_;
};

}  // namespace

TokenizerSpec from_gguf_vocabulary(const GgufVocabulary& vocabulary) {
  TokenizerSpec spec;
  VocabularyReader(vocabulary, spec).read();
  return spec;
}

}  // namespace adze::text
