// lint: foreign names: GGUF names its tokenizer models after the first models that had them
#include <fmt/core.h>

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "text/tokenizers/added_tokens.h"
#include "text/tokenizers/gguf_pre_tokenizers.h"
#include "text/tokenizers/gguf_vocabulary.h"
#include "text/tokenizers/normalizer.h"
#include "text/tokenizers/piece_merges.h"
#include "text/tokenizers/word_boundaries.h"
#include "text/tokenizers/word_model.h"

namespace adze::text {
namespace {

// Added tokens that are control tokens though their file does not say so; llama.cpp's converter goes by their looks.
bool looks_like_control(std::string_view text) {
  return (text.starts_with("<|") && text.ends_with("|>")) || (text.starts_with("<｜") && text.ends_with("｜>"));
}

// "a b"; a space inside a part is spelled as in GPT-2's byte alphabet.
std::string merge_text(const Merge& merge) {
  const GrowthLimit limit(merge.text.size());
  return replace_all(merge.left(), " ", "\u0120", limit) + " " + replace_all(merge.right(), " ", "\u0120", limit);
}

// How transformers spells SentencePiece's handling of repeated spaces.
bool is_collapse(const NormalizerStep& step) {
  return step.kind == NormalizerStep::Kind::replace_regex && step.pattern == " {2,}" && step.content == " ";
}

class Writer {
 public:
  Writer(const TokenizerSpec& spec, GgufVocabulary& to) : spec_(spec), to_(to) {}

  void write(size_t vocabulary_size) {
    to_.source = spec_.source;
    to_.pre = "default";
    write_tokens();
    switch (spec_.model) {
      case TokenModel::bpe:
        is_byte_level(spec_) ? write_byte_level_bpe() : write_ranked_pieces();
        break;
      case TokenModel::scored_bpe:
        write_scored_pieces("llama");
        break;
      case TokenModel::unigram:
        write_scored_pieces("t5");
        break;
      case TokenModel::wordpiece:
        write_wordpiece();
        break;
    }
    write_special_ids();
    fit_to(vocabulary_size);
  }

 private:
  void warn(const std::string& what) const { log_message(LogLevel::warning, spec_.source + ": " + what); }

  void write_tokens() {
    for (const VocabularyToken& token : spec_.tokens) {
      to_.tokens.push_back(token.text);
      to_.token_types.push_back(static_cast<int32_t>(token.type));
    }
    for (const AddedToken& token : all_added_tokens(spec_)) {
      const auto id = static_cast<size_t>(token.id);
      if (spec_.tokens.at(id).type != TokenType::user_defined) continue;
      if (looks_like_control(token.text)) {
        to_.token_types[id] = static_cast<int32_t>(TokenType::control);
      } else {
        to_.tokens[id] =
            replace_all(token.text, kSpaceMark, " ", GrowthLimit(token.text.size()));  // searched in the raw text
      }
    }
    for (size_t id = 0; id < to_.tokens.size(); ++id) {
      if (to_.tokens[id].empty()) set_padding(id);
    }
  }

  void set_padding(size_t id) {
    to_.tokens[id] = fmt::format("[PAD{}]", id);
    to_.token_types[id] = static_cast<int32_t>(TokenType::unused);
  }

  void write_byte_level_bpe() {
    to_.model = "gpt2";
    to_.pre = deduce_gguf_pre(spec_);
    if (to_.pre.empty()) {
      to_.pre = "default";
      warn(
          "llama.cpp has no id for this pre-tokenizer; it is written as \"default\", and llama.cpp will split some "
          "text differently");
    }
    to_.merges.reserve(spec_.merges.size());
    for (size_t rank = 0; rank < spec_.merges.size(); ++rank) to_.merges.push_back(merge_text(spec_.merges[rank]));
  }

  // What becomes of spaces in GGUF's SentencePiece models; anything else that changes or splits text cannot be said.
  void write_space_handling() {
    bool prefix = false;
    for (const auto& step : spec_.normalizer) {
      using Kind = NormalizerStep::Kind;
      const bool is_prefix = step.kind == Kind::prepend && step.content == kSpaceMark;
      const bool marks = step.kind == Kind::replace_text && step.pattern == " " && step.content == kSpaceMark;
      prefix |= is_prefix;
      if (is_prefix || marks) continue;
      if (step.kind == Kind::precompiled && spec_.model == TokenModel::unigram) {
        to_.precompiled_charsmap = step.content;
      } else if (step.kind == Kind::collapse_spaces || is_collapse(step)) {
        to_.remove_extra_whitespaces = true;
      } else {
        warn("a normalizer is lost: GGUF cannot express it");
      }
    }
    for (const auto& step : spec_.pre_tokenizer) {
      using Kind = PreTokenizerStep::Kind;
      prefix |= step.kind == Kind::prepend && step.pattern == kSpaceMark;
      if (step.kind != Kind::split_regex) continue;
      if (spec_.model != TokenModel::unigram) {
        fail(ErrorCode::unsupported, "{}: GGUF has no tokenizer that splits by \"{}\" and is not byte-level",
             spec_.source, step.pattern);
      }
      to_.remove_extra_whitespaces = true;
    }
    to_.add_space_prefix = prefix;
  }

  void write_scored_pieces(const char* model) {
    to_.model = model;
    for (const auto& token : spec_.tokens) to_.scores.push_back(static_cast<float>(token.score));
    const int32_t unknown = spec_.special.unk;
    if (unknown != kNoToken) {
      to_.token_types.at(static_cast<size_t>(unknown)) = static_cast<int32_t>(TokenType::unknown);
    }
    write_space_handling();
  }

  void write_ranked_pieces() {
    to_.model = "llama";
    MergeScores scores = scores_of_merges(spec_.tokens, spec_.merges);
    to_.scores = std::move(scores.by_token);
    if (!scores.exact) warn("GGUF scores cannot say all that the merges say; some words may be tokenized differently");
    write_space_handling();
  }

  // "##x" -> "x" and "x" -> "▁x"; control tokens stay.
  void write_wordpiece() {
    to_.model = "bert";
    for (size_t id = 0; id < spec_.tokens.size(); ++id) {
      if (spec_.tokens[id].type != TokenType::normal) continue;
      std::string& text = to_.tokens[id];
      const bool continues = text.starts_with(spec_.continuation_prefix);
      text = continues ? text.substr(spec_.continuation_prefix.size()) : std::string(kSpaceMark) + text;
    }
    const auto has = [&](NormalizerStep::Kind kind) {
      return std::ranges::find(spec_.normalizer, kind, &NormalizerStep::kind) != spec_.normalizer.end();
    };
    to_.lowercase = has(NormalizerStep::Kind::lowercase);
    const bool strips = has(NormalizerStep::Kind::strip_accents);
    if (strips != *to_.lowercase) to_.strip_accents = strips;  // else it follows
  }

  void write_special_ids() {
    for (const auto& entry : kGgufTokenIdKeys) {
      const int32_t id = spec_.special.*entry.special;
      if (id != kNoToken) to_.*entry.value = static_cast<uint32_t>(id);
    }
    if (spec_.between_ids.size() > spec_.suffix_ids.size() || spec_.model == TokenModel::wordpiece) {
      to_.add_sep = spec_.between_ids.size() > spec_.suffix_ids.size();
    }
    to_.add_bos = write_around(spec_.prefix_ids, to_.bos_id);
    to_.add_eos = write_around(spec_.suffix_ids, to_.eos_id);
  }

  // GGUF can put one token in front and one behind, which are then bos and eos.
  bool write_around(const std::vector<int32_t>& around, std::optional<uint32_t>& id) const {
    if (around.empty()) return false;
    const auto wanted = static_cast<uint32_t>(around.front());
    if (around.size() > 1 || (id && *id != wanted)) {
      warn("the tokens around a text are more than GGUF's bos and eos; only one in front and one behind are written");
    }
    if (!id) id = wanted;
    return *id == wanted;
  }

  void fit_to(size_t vocabulary_size) {
    if (vocabulary_size == 0 || vocabulary_size == to_.tokens.size()) return;
    if (vocabulary_size < to_.tokens.size()) {
      fail(ErrorCode::bad_input, "{}: the tokenizer has {} tokens, the model only {}", spec_.source, to_.tokens.size(),
           vocabulary_size);
    }
    const size_t first = to_.tokens.size();
    to_.tokens.resize(vocabulary_size);
    to_.token_types.resize(vocabulary_size);
    if (!to_.scores.empty()) to_.scores.resize(vocabulary_size, -1000.0F);
    for (size_t id = first; id < vocabulary_size; ++id) set_padding(id);
  }

  const TokenizerSpec& spec_;
  GgufVocabulary& to_;
};

}  // namespace

GgufVocabulary to_gguf_vocabulary(const TokenizerSpec& spec, size_t vocabulary_size) {
  GgufVocabulary vocabulary;
  Writer(spec, vocabulary).write(vocabulary_size);
  return vocabulary;
}

}  // namespace adze::text
