// lint: foreign names: OpenVINO Tokenizers
// Vocabularies and the layers that search them.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/utf8.h"
#include "formats/openvino_tokenizer/bpe_vocabulary.h"
#include "formats/openvino_tokenizer/text_steps.h"

namespace adze::formats {
namespace {

using text::kNoToken;
using text::TokenType;

// Words that BPETokenizer remembers, at least.
constexpr size_t kRememberedWords = 20000;
constexpr size_t kRememberedShare = 5;  // of the vocabulary
constexpr size_t kMaxBytesPerCharacter = 4;
constexpr size_t kMaxWordCharacters = 60000;  // PCRE2 counts repetitions in 16 bits

void append(IrBuilder::Inputs& inputs, const IrBuilder::Inputs& more) {
  inputs.insert(inputs.end(), more.begin(), more.end());
}

void append_marked(IrBuilder& out, const MarkedTokens& marked, IrBuilder::Inputs& inputs) {
  if (marked.empty()) return;
  std::vector<std::string> texts;
  std::vector<int32_t> ids;
  for (const auto& [text, id] : marked) {
    texts.push_back(text);
    ids.push_back(id);
  }
  append(inputs, string_constants(out, "whole_tokens", texts));
  inputs.push_back(int_constant(out, "whole_tokens/ids", ids));
}

// Words that are a token get the mark that it is known by.
void mark_whole_words(TextLayers& texts, const BpeVocabulary& vocabulary, MarkedTokens& marked) {
  if (vocabulary.whole_words.empty()) return;
  std::vector<std::string> words;
  for (const auto& [word, id] : vocabulary.whole_words) {
    words.push_back(word);
    marked.emplace_back(std::string(kWholeMark) + word, id);
  }
  texts.replace(fmt::format("\\A(?={}\\z)", longest_pattern(std::move(words))), std::string(kWholeMark));
}

// Texts by id, each once and without zeros, which end keys of the layer's trie; the others are no UTF-8.
std::vector<std::string> distinct_texts(const text::TokenizerSpec& spec, const MarkedTokens& marked) {
  std::vector<std::string> texts(spec.tokens.size());
  std::set<std::string_view> seen;
  for (size_t id = 0; id < texts.size(); ++id) {
    const auto& token = spec.tokens[id];
    const bool is_spellable = token.type == TokenType::normal || token.type == TokenType::user_defined;
    const bool is_key = is_valid_utf8(token.text) && !token.text.empty() && token.text.find('\0') == std::string::npos;
    if (is_spellable && is_key && seen.insert(token.text).second) texts[id] = token.text;
  }
  for (const auto& [text, id] : marked) {
    if (text.find('\0') == std::string::npos && seen.insert(text).second) texts[static_cast<size_t>(id)] = text;
  }
  for (size_t id = 0; id < texts.size(); ++id) {
    if (texts[id].empty()) texts[id] = std::string(kNoText) + std::to_string(id);
  }
  return texts;
}

int32_t unknown_token(const text::TokenizerSpec& spec) {
  if (spec.special.unk == kNoToken) fail(ErrorCode::unsupported, "a vocabulary without an unknown token");
  return spec.special.unk;
}

// Added tokens win over any other way to spell them.
std::vector<float> scores_of(const text::TokenizerSpec& spec, const MarkedTokens& marked) {
  std::vector<float> scores(spec.tokens.size(), 0);
  double best = 0;
  for (size_t id = 0; id < scores.size(); ++id) {
    if (spec.tokens[id].type != TokenType::normal) continue;
    scores[id] = static_cast<float>(spec.tokens[id].score);
    best = std::max(best, spec.tokens[id].score);
  }
  for (const auto& [text, id] : marked) {
    scores[static_cast<size_t>(id)] = static_cast<float>(best * static_cast<double>(text.size()) + 1);
  }
  return scores;
}

}  // namespace

RaggedIds put_bpe(TextLayers& texts, const text::TokenizerSpec& spec, MarkedTokens marked) {
  const BpeVocabulary vocabulary = bpe_vocabulary(spec);
  if (!vocabulary.unknown_pattern.empty()) {
    texts.replace(vocabulary.unknown_pattern, std::string(kUnknownMark));
    marked.emplace_back(kUnknownMark, spec.special.unk);
  }
  for (const auto& byte : vocabulary.unknown_bytes) marked.emplace_back(byte, spec.special.unk);
  mark_whole_words(texts, vocabulary, marked);
  IrBuilder& out = texts.out();
  auto inputs = string_constants(out, "tokens", vocabulary.texts);
  append(inputs, string_constants(out, "merges/left", vocabulary.left));
  append(inputs, string_constants(out, "merges/right", vocabulary.right));
  append_marked(out, marked, inputs);
  const size_t remembered = std::max(kRememberedWords, spec.tokens.size() / kRememberedShare);
  return texts.tokenize("BPETokenizer", inputs,
                        {{"unk_token", ""},
                         {"fuse_unk", "false"},
                         {"suffix_indicator", ""},
                         {"end_suffix", ""},
                         {"byte_fallback", "false"},
                         {"cache_capacity", std::to_string(remembered)}});
}

RaggedIds put_unigram(TextLayers& texts, const text::TokenizerSpec& spec, MarkedTokens marked) {
  const auto is_byte = [](const text::VocabularyToken& token) { return token.type == TokenType::byte; };
  if (spec.byte_fallback && std::ranges::any_of(spec.tokens, is_byte)) {
    fail(ErrorCode::unsupported, "a unigram vocabulary with tokens of bytes");
  }
  const int32_t unknown = unknown_token(spec);
  auto inputs = string_constants(texts.out(), "tokens", distinct_texts(spec, marked));
  const auto scores = scores_of(spec, marked);
  const auto bytes = std::as_bytes(std::span(scores));
  inputs.push_back(
      texts.out().packed("tokens/scores", "f32", {static_cast<int64_t>(scores.size())}, {bytes.begin(), bytes.end()}));
  return texts.tokenize("UnigramTokenizer", inputs,
                        {{"byte_fallback", "false"},
                         {"unk_token_id", std::to_string(unknown)},
                         {"fuse_unk", "true"},
                         {"min_score", "0"}});
}

RaggedIds put_wordpiece(TextLayers& texts, const text::TokenizerSpec& spec, MarkedTokens marked) {
  const int32_t unknown = unknown_token(spec);
  if (spec.max_word_characters > kMaxWordCharacters) {
    fail(ErrorCode::unsupported, "words of up to {} characters", spec.max_word_characters);
  }
  // The layer's own limit counts bytes.
  texts.replace(fmt::format("\\A[\\s\\S]{{{},}}\\z", spec.max_word_characters + 1), std::string(kUnknownMark));
  auto inputs = string_constants(texts.out(), "tokens", distinct_texts(spec, marked));
  inputs.push_back(int_scalar(texts.out(), unknown));
  const size_t most_bytes = spec.max_word_characters * kMaxBytesPerCharacter;
  return texts.tokenize(
      "WordpieceTokenizer", inputs,
      {{"suffix_indicator", spec.continuation_prefix}, {"max_bytes_per_word", std::to_string(most_bytes)}});
}

}  // namespace adze::formats
