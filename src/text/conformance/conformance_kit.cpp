#include "text/conformance/conformance_kit.h"

#include <algorithm>
#include <span>

#include "base/error.h"
#include "base/sha256.h"
#include "base/utf8.h"
#include "text/chat_templates/special_token_texts.h"
#include "text/conformance/kit_samples.h"
#include "text/samples/rendered_sample.h"
#include "text/tokenizers/special_token_names.h"

namespace adze::text {
namespace {

constexpr size_t kKeptBytes = 1024;  // of one text; a part of the format
constexpr size_t kBlockBytes = 1 << 16;

// At most kKeptBytes, without half a character at the end.
std::string kept_part(std::string_view text) {
  const auto part = text.substr(0, kKeptBytes);
  return std::string(part.substr(0, part.size() - incomplete_utf8_suffix(part)));
}

SampleOutcome outcome_of(std::vector<int32_t> ids, std::string_view text) {
  const auto valid = replace_invalid_utf8(text);  // a template may be none
  SampleOutcome outcome{std::move(ids), kept_part(valid), valid.size(), {}};
  if (outcome.text.size() < valid.size()) outcome.sha256 = sha256_of(valid);
  return outcome;
}

void add_texts(const Tokenizer& tokenizer, const std::vector<std::string>& samples, ConformanceKit& kit) {
  for (const auto& sample : samples) {
    try {
      auto ids = tokenizer.encode(sample);
      const auto decoded = tokenizer.decode(ids);
      kit.push_back({SampleKind::text, sample, {}, outcome_of(std::move(ids), decoded), {}});
    } catch (const Error&) {  // the match limit of a pattern
    }
  }
}

void add_special_tokens(const Tokenizer& tokenizer, ConformanceKit& kit) {
  for (const auto& [name, member] : kComparedSpecials) {
    const int32_t id = tokenizer.special().*member;
    const bool is_there = id >= 0 && static_cast<size_t>(id) < tokenizer.vocabulary_size();
    auto outcome = is_there ? outcome_of({id}, tokenizer.token_text(id)) : SampleOutcome{};
    kit.push_back({SampleKind::special_token, name, {}, std::move(outcome), {}});
  }
  kit.push_back(
      {SampleKind::special_token, kEndOfGeneration, {}, {end_of_generation_ids(tokenizer.spec()), {}, 0, {}}, {}});
}

void append_entry(const VocabularyToken& token, std::string& lines) { lines.append(token.text).push_back('\n'); }

void append_entry(const Merge& merge, std::string& lines) {
  lines.append(merge.left()).append(" ").append(merge.right()).push_back('\n');
}

template <typename Entries>
void add_vocabulary_list(const char* name, const Entries& entries, ConformanceKit& kit) {
  if (entries.size() == 0) return;
  Sha256 sum;
  std::string block;
  for (size_t i = 0; i < entries.size(); ++i) {
    append_entry(entries[i], block);
    if (block.size() < kBlockBytes) continue;
    sum.add(block);
    block.clear();
  }
  sum.add(block);
  kit.push_back({SampleKind::vocabulary, name, {}, {{}, {}, entries.size(), sum.finish()}, {}});
}

// The samples do not need every token, and a changed one must be noticed all the same.
void add_vocabulary(const TokenizerSpec& spec, ConformanceKit& kit) {
  add_vocabulary_list("tokens", spec.tokens, kit);
  add_vocabulary_list("merges", spec.merges, kit);
  if (spec.model != TokenModel::scored_bpe && spec.model != TokenModel::unigram) return;
  std::vector<float> scores;
  for (const auto& token : spec.tokens) scores.push_back(static_cast<float>(token.score));
  Sha256 sum;
  sum.add(std::as_bytes(std::span(scores)));
  kit.push_back({SampleKind::vocabulary, "scores", {}, {{}, {}, scores.size(), sum.finish()}, {}});
}

void add_conversations(const Json& special_tokens, const ChatTemplateList& templates,
                       const std::vector<SampleConversation>& samples, ConformanceKit& kit) {
  const auto compared = std::span(templates).first(std::min(templates.size(), kMaxTemplates));
  for (const auto& conversation : samples) {
    const auto sample = to_json(conversation).dump();
    for (const auto& [name, source] : compared) {
      const auto text = rendered_sample(source, conversation, special_tokens);
      kit.push_back({SampleKind::conversation, sample, replace_invalid_utf8(name), outcome_of({}, text), {}});
    }
  }
}

}  // namespace

ConformanceKit make_conformance_kit(const Tokenizer* tokenizer, const ChatTemplateList& templates,
                                    const KitSamples& samples) {
  ConformanceKit kit;
  if (tokenizer) {
    add_texts(*tokenizer, samples.texts, kit);
    add_special_tokens(*tokenizer, kit);
    add_vocabulary(tokenizer->spec(), kit);
  }
  const Json special_tokens = tokenizer ? special_token_texts(*tokenizer) : Json::object();
  add_conversations(special_tokens, templates, samples.conversations, kit);
  return kit;
}

ConformanceKit make_conformance_kit(const Tokenizer* tokenizer, const ChatTemplateList& templates) {
  return make_conformance_kit(tokenizer, templates, built_in_samples(tokenizer));
}

}  // namespace adze::text
