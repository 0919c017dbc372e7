// The tables of steps in OpenVINO's IR. To add one: a function and a line here.
#include "formats/openvino_tokenizer/text_steps.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/utf8.h"
#include "text/tokenizers/normalizer.h"
#include "text/tokenizers/oniguruma_pattern.h"
#include "text/tokenizers/unicode_forms.h"

namespace adze::formats {
namespace {

using Normalizer = text::NormalizerStep;
using PreTokenizer = text::PreTokenizerStep;
using text::TokenModel;
using Keeps = TextLayers::Keeps;

// A replacement may be as many times as long as what it replaces; the layer has no room for more.
constexpr size_t kMaxGrowth = 4;
constexpr char32_t kLastCodePoint = 0x10FFFF;

std::string running_pattern(const std::string& oniguruma) { return "(?m)" + text::pcre2_pattern(oniguruma); }

// As the content of a replacement, where "$" refers to groups; so does "\1" in this layer.
std::string literal_content(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool refers = text[i] == '\\' && i + 1 < text.size() && text[i + 1] >= '1' && text[i + 1] <= '9';
    if (refers) fail(ErrorCode::unsupported, "the replacement \"{}\" would refer to a group", text);
    out += text[i] == '$' ? "$$" : std::string(1, text[i]);
  }
  return out;
}

// ---- normalizers

void put_nfc(TextLayers& texts, const Normalizer&) { texts.normalize("nfc"); }
void put_nfd(TextLayers& texts, const Normalizer&) { texts.normalize("nfd"); }
void put_nfkc(TextLayers& texts, const Normalizer&) { texts.normalize("nfkc"); }
void put_nfkd(TextLayers& texts, const Normalizer&) { texts.normalize("nfkd"); }

void put_strip_marks(TextLayers& texts, const Normalizer&) { texts.replace("\\p{M}", ""); }

void put_strip_accents(TextLayers& texts, const Normalizer&) { texts.replace("\\p{Mn}", ""); }

void put_strip_whitespace(TextLayers& texts, const Normalizer& step) {
  const std::string space = text::pcre2_pattern("\\s");
  if (step.left) texts.replace("\\A" + space + "+", "");
  if (step.right) texts.replace(space + "+\\z", "");
}

void put_prepend(TextLayers& texts, const Normalizer& step) {
  texts.replace("\\A(?=[\\s\\S])", literal_content(step.content));
}

void put_replacement(TextLayers& texts, const std::string& pattern, const std::string& content) {
  if (pattern.empty()) return;
  if (content.size() > kMaxGrowth * pattern.size()) {
    fail(ErrorCode::unsupported, "\"{}\" is replaced by a text of {} bytes", pattern, content.size());
  }
  texts.replace(literal_pattern(pattern), literal_content(content));
}

void put_replace_text(TextLayers& texts, const Normalizer& step) { put_replacement(texts, step.pattern, step.content); }

void put_replace_regex(TextLayers& texts, const Normalizer& step) {
  if (step.content.size() > kMaxGrowth) {
    fail(ErrorCode::unsupported, "a pattern is replaced by a text of {} bytes", step.content.size());
  }
  texts.replace(running_pattern(step.pattern), literal_content(step.content));
}

void put_precompiled(TextLayers& texts, const Normalizer& step) { texts.map_characters(step.content); }

void put_clean_text(TextLayers& texts, const Normalizer&) {
  texts.replace("(?![\\t\\n\\r])[\\p{Cc}\\p{Cf}\\p{Co}\\x{fffd}]", "");
  texts.replace(text::pcre2_pattern("\\s"), " ");
}

void put_isolate_cjk(TextLayers& texts, const Normalizer&) {
  std::vector<char32_t> ideographs;
  for (char32_t c = 0; c <= kLastCodePoint; ++c) {
    if (text::is_cjk_ideograph(c)) ideographs.push_back(c);
  }
  texts.replace(character_pattern(std::move(ideographs), false), " $0 ");
}

void put_collapse_spaces(TextLayers& texts, const Normalizer&) {
  texts.replace("\\A +| +\\z", "");
  texts.replace(" {2,}", " ");
}

struct NormalizerForm {
  Normalizer::Kind kind;
  std::string_view what;
  void (*put)(TextLayers& texts, const Normalizer& step);  // null: it has none
};
constexpr std::array kNormalizers = {
    NormalizerForm{Normalizer::Kind::nfc, "NFC", put_nfc},
    NormalizerForm{Normalizer::Kind::nfd, "NFD", put_nfd},
    NormalizerForm{Normalizer::Kind::nfkc, "NFKC", put_nfkc},
    NormalizerForm{Normalizer::Kind::nfkd, "NFKD", put_nfkd},
    NormalizerForm{Normalizer::Kind::lowercase, "lower case", nullptr},
    NormalizerForm{Normalizer::Kind::strip_marks, "marks left out", put_strip_marks},
    NormalizerForm{Normalizer::Kind::strip_accents, "accents left out", put_strip_accents},
    NormalizerForm{Normalizer::Kind::strip_whitespace, "white space left out", put_strip_whitespace},
    NormalizerForm{Normalizer::Kind::prepend, "a text in front", put_prepend},
    NormalizerForm{Normalizer::Kind::replace_text, "replaced text", put_replace_text},
    NormalizerForm{Normalizer::Kind::replace_regex, "replaced matches", put_replace_regex},
    NormalizerForm{Normalizer::Kind::precompiled, "SentencePiece's character map", put_precompiled},
    NormalizerForm{Normalizer::Kind::clean_text, "BERT's cleaning", put_clean_text},
    NormalizerForm{Normalizer::Kind::isolate_cjk, "spaces around ideographs", put_isolate_cjk},
    NormalizerForm{Normalizer::Kind::collapse_spaces, "spaces left out", put_collapse_spaces},
};

// ---- pre-tokenizers

// What lies before the next match. Nothing is tried twice: the layer's stack is small.
std::string rest_before(const PreTokenizer& step, const std::string& match) {
  const bool is_text = step.kind == PreTokenizer::Kind::split_text;
  const bool is_character = is_text && decode_utf8(step.pattern + ' ').bytes == step.pattern.size();
  if (is_character) return character_pattern({decode_utf8(step.pattern).code_point}, true);
  return "(?:(?!" + match + ")[\\s\\S])";
}

// Parts of a word that a match and what stands before or behind it are.
std::string attached_pattern(const PreTokenizer& step, const std::string& match) {
  const std::string rest = rest_before(step, match);
  const bool joins_next = (step.behavior == text::SplitBehavior::merged_with_next) != step.invert;
  return joins_next ? fmt::format("(?:{0}){1}*+|{1}++", match, rest) : fmt::format("{1}*+(?:{0})|{1}++", match, rest);
}

// "(?=…)" alone, which matches places.
bool is_lookahead(std::string_view pattern) {
  if (!pattern.starts_with("(?=")) return false;
  int depth = 0;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
    } else if (pattern[i] == '(') {
      ++depth;
    } else if (pattern[i] == ')' && --depth == 0) {
      return i + 1 == pattern.size();
    }
  }
  return false;
}

// The layer stops at a match of nothing, so it gets what lies between two of them.
void put_split_at_places(TextLayers& texts, const PreTokenizer& step) {
  const bool is_cut =
      step.behavior == text::SplitBehavior::isolated || (step.behavior == text::SplitBehavior::removed && !step.invert);
  if (!is_cut) fail(ErrorCode::unsupported, "a split that joins or keeps matches of nothing");
  texts.split("(?m)[\\s\\S]" + rest_before(step, text::pcre2_pattern(step.pattern)) + "*+", Keeps::all);
}

void put_split(TextLayers& texts, const PreTokenizer& step) {
  const bool is_text = step.kind == PreTokenizer::Kind::split_text;
  if (!is_text && is_lookahead(step.pattern)) return put_split_at_places(texts, step);
  const std::string pattern = is_text ? literal_pattern(step.pattern) : running_pattern(step.pattern);
  if (step.pattern.empty()) return;
  switch (step.behavior) {
    case text::SplitBehavior::removed:
      return texts.split(pattern, step.invert ? Keeps::matches : Keeps::rest);
    case text::SplitBehavior::isolated:
      return texts.split(pattern, Keeps::all);
    case text::SplitBehavior::contiguous:
      return texts.split("(?:" + pattern + ")++", Keeps::all);
    case text::SplitBehavior::merged_with_previous:
    case text::SplitBehavior::merged_with_next:
      return texts.split(attached_pattern(step, pattern), Keeps::all);
  }
}

void put_prefix(TextLayers& texts, const PreTokenizer& step) {
  if (step.first_only) return;  // put_first_prefix
  texts.replace(fmt::format("\\A(?!{})(?=[\\s\\S])", literal_pattern(step.pattern)), literal_content(step.pattern));
}

void put_word_replacement(TextLayers& texts, const PreTokenizer& step) {
  put_replacement(texts, step.pattern, step.content);
}

void put_alphabet(TextLayers& texts, const PreTokenizer&) { texts.spell_bytes(); }

struct PreTokenizerForm {
  PreTokenizer::Kind kind;
  void (*put)(TextLayers& texts, const PreTokenizer& step);
};
constexpr std::array kPreTokenizers = {
    PreTokenizerForm{PreTokenizer::Kind::split_regex, put_split},
    PreTokenizerForm{PreTokenizer::Kind::split_text, put_split},
    PreTokenizerForm{PreTokenizer::Kind::prepend, put_prefix},
    PreTokenizerForm{PreTokenizer::Kind::replace_text, put_word_replacement},
    PreTokenizerForm{PreTokenizer::Kind::byte_alphabet, put_alphabet},
};

// ---- models

struct ModelForm {
  TokenModel model;
  RaggedIds (*put)(TextLayers& texts, const text::TokenizerSpec& spec, MarkedTokens marked);
};
constexpr std::array kModels = {
    ModelForm{TokenModel::bpe, put_bpe},
    ModelForm{TokenModel::unigram, put_unigram},
    ModelForm{TokenModel::wordpiece, put_wordpiece},
};

// ---- the whole

// Those that are found in raw text, or in normalized text, where their own is normalized too.
std::vector<SearchedToken> searched_tokens(const text::TokenizerSpec& spec, bool normalized) {
  const text::Normalizer normalizer(spec.normalizer);
  std::vector<SearchedToken> searched;
  for (const auto& token : spec.added_tokens) {
    if (token.normalized != normalized || !is_valid_utf8(token.text)) continue;
    const std::string text = normalized ? normalizer.run(token.text) : token.text;
    if (!text.empty()) searched.push_back({text, token.id, token.single_word, token.lstrip, token.rstrip});
  }
  return searched;
}

bool is_space_mark(const PreTokenizer& step, const std::string& mark) {
  return step.kind == PreTokenizer::Kind::replace_text && step.content == mark;
}

// What stands in front of the first word alone is put there before anything is cut.
void put_first_prefix(TextLayers& texts, const text::TokenizerSpec& spec, const std::string& added) {
  const auto& steps = spec.pre_tokenizer;
  const auto step = std::ranges::find_if(steps, &PreTokenizer::first_only);
  if (step == steps.end()) return;
  std::string beginnings = literal_pattern(step->pattern);
  for (auto before = steps.begin(); before != step; ++before) {
    if (!is_space_mark(*before, step->pattern))
      fail(ErrorCode::unsupported, "a split before a text in front of the first word");
    beginnings += "|" + literal_pattern(before->pattern);
  }
  if (!spec.normalizer.empty()) fail(ErrorCode::unsupported, "a normalizer with a text in front of the first word");
  texts.replace(fmt::format("\\A(?!{}|{})(?=[\\s\\S])", added, beginnings), literal_content(step->pattern));
}

// Words that nothing looks at any more can stay bytes.
bool is_last_alphabet(const text::TokenizerSpec& spec, const PreTokenizer& step) {
  return step.kind == PreTokenizer::Kind::byte_alphabet && &step == &spec.pre_tokenizer.back();
}

void put_normalizer(TextLayers& texts, const Normalizer& step) {
  const auto form = std::ranges::find(kNormalizers, step.kind, &NormalizerForm::kind);
  if (form == kNormalizers.end()) fail(ErrorCode::unsupported, "a normalizer that is not in the table");
  if (!form->put) fail(ErrorCode::unsupported, "a normalizer: {}", form->what);
  form->put(texts, step);
}

void put_pre_tokenizer(TextLayers& texts, const PreTokenizer& step) {
  const auto form = std::ranges::find(kPreTokenizers, step.kind, &PreTokenizerForm::kind);
  if (form == kPreTokenizers.end()) fail(ErrorCode::unsupported, "a pre-tokenizer that is not in the table");
  form->put(texts, step);
}

// The layer that cuts takes pieces without what is known of them (with it, copies of it fail), so those that are added
// tokens already have their mark by then.
void cut_added_tokens_again(TextLayers& texts, const std::string& pattern) {
  texts.cut_added_tokens(fmt::format("(\\A{}[\\s\\S]+)|{}", kWholeMark, pattern));
}

void mark_added_tokens(TextLayers& texts) {
  texts.replace(fmt::format("\\A(?!{})", kWholeMark), std::string(kWholeMark), TextLayers::In::added_tokens);
}

MarkedTokens marked_tokens(const std::vector<SearchedToken>& searched) {
  MarkedTokens marked;
  for (const auto& token : searched) marked.emplace_back(std::string(kWholeMark) + token.text, token.id);
  return marked;
}

}  // namespace

RaggedIds put_tokenizer_steps(TextLayers& texts, const text::TokenizerSpec& spec) {
  auto searched = searched_tokens(spec, false);
  const auto later = searched_tokens(spec, true);
  const std::string early_pattern = added_tokens_pattern(searched), later_pattern = added_tokens_pattern(later);
  put_first_prefix(texts, spec, fmt::format("{}|{}", early_pattern, later_pattern));
  texts.cut_added_tokens(early_pattern);
  if (!searched.empty()) mark_added_tokens(texts);
  for (const auto& step : spec.normalizer) put_normalizer(texts, step);
  if (!later.empty()) {
    cut_added_tokens_again(texts, later_pattern);
    mark_added_tokens(texts);
  }
  for (const auto& step : spec.pre_tokenizer) {
    if (!is_last_alphabet(spec, step)) put_pre_tokenizer(texts, step);
  }
  searched.insert(searched.end(), later.begin(), later.end());
  const auto form = std::ranges::find(kModels, spec.model, &ModelForm::model);
  if (form == kModels.end()) fail(ErrorCode::unsupported, "a vocabulary that merges by scores");
  return form->put(texts, spec, marked_tokens(searched));
}

}  // namespace adze::formats
