#include "text/tokenizers/token_decoder.h"

#include <array>
#include <utility>

#include "text/tokenizers/byte_alphabet.h"
#include "text/tokenizers/normalizer.h"

namespace adze::text {
namespace {

std::string join_wordpiece(std::string text, const std::string& prefix, bool first) {
  if (first) return text;
  return text.starts_with(prefix) ? text.substr(prefix.size()) : " " + text;
}

// The order and the list are PyPI tokenizers'.
std::string clean_wordpiece(std::string text, const GrowthLimit& limit) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 11> kReplacements{{
      {" .", "."},
      {" ?", "?"},
      {" !", "!"},
      {" ,", ","},
      {" ' ", "'"},
      {" n't", "n't"},
      {" 'm", "'m"},
      {" do not", " don't"},
      {" 's", "'s"},
      {" 've", "'ve"},
      {" 're", "'re"},
  }};
  for (const auto& [pattern, content] : kReplacements) text = replace_all(text, pattern, content, limit);
  return text;
}

struct DecodedToken {
  TokenType type;
  bool is_first;
  const GrowthLimit& limit;
};

std::string apply(const DecoderStep& step, const DecodedToken& token, std::string text) {
  switch (step.kind) {
    case DecoderStep::Kind::byte_alphabet:
      if (token.type == TokenType::normal) {
        if (auto bytes = bytes_of_alphabet(text)) return *std::move(bytes);
      }
      return text;
    case DecoderStep::Kind::byte_fallback: {
      const auto byte = byte_of_token(text);
      return byte ? std::string(1, static_cast<char>(*byte)) : text;
    }
    case DecoderStep::Kind::replace_text:
      return replace_all(text, step.pattern, step.content, token.limit);
    case DecoderStep::Kind::metaspace:
      return replace_all(text, step.pattern, token.is_first ? "" : " ", token.limit);
    case DecoderStep::Kind::wordpiece:
      return join_wordpiece(std::move(text), step.pattern, token.is_first);
    case DecoderStep::Kind::clean_wordpiece:
      return clean_wordpiece(std::move(text), token.limit);
    case DecoderStep::Kind::strip_start:
      return text;  // the whole text's business
  }
  return text;
}

}  // namespace

TokenDecoder::TokenDecoder(const TokenizerSpec& spec, const Normalizer& normalizer) : spec_(spec) {
  for (const AddedToken& token : spec.added_tokens) {
    if (!token.normalized) continue;
    auto text = normalizer.run(token.text);
    if (text != token.text) normalized_texts_.emplace_back(token.id, std::move(text));
  }
  for (const DecoderStep& step : spec.decoder) {
    if (step.kind != DecoderStep::Kind::strip_start || step.pattern.empty()) continue;
    strip_text_ = step.pattern;
    strip_count_ = step.count;
  }
}

const std::string& TokenDecoder::text_of(int32_t id) const {
  for (const auto& [normalized_id, text] : normalized_texts_) {
    if (normalized_id == id) return text;
  }
  return spec_.tokens[static_cast<size_t>(id)].text;
}

std::string TokenDecoder::bytes_of(int32_t id, bool first) const {
  const TokenType type = spec_.tokens[static_cast<size_t>(id)].type;
  if (type == TokenType::unused) return {};
  std::string text = text_of(id);
  const GrowthLimit limit(text.size());
  for (const DecoderStep& step : spec_.decoder) text = apply(step, {type, first, limit}, std::move(text));
  return text;
}

}  // namespace adze::text
