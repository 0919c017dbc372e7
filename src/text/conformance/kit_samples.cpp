#include "text/conformance/kit_samples.h"

#include <algorithm>

#include "base/error.h"
#include "base/utf8.h"
#include "text/samples/sample_texts.h"

namespace adze::text {
namespace {

constexpr size_t kMaxControlTokens = 32;
constexpr size_t kMaxControlBytes = 1024;

// Chat templates spell them, so each must still be found in a text.
std::string text_of_control_tokens(const TokenizerSpec& tokenizer) {
  std::string text;
  size_t count = 0;
  for (const auto& token : tokenizer.tokens) {
    if (token.type != TokenType::control || token.text.empty()) continue;
    if (++count > kMaxControlTokens || text.size() + token.text.size() > kMaxControlBytes) break;
    text += replace_invalid_utf8(token.text) + " ";
  }
  return text;
}

std::vector<SampleConversation> conversations_of(const ConformanceKit& kit) {
  std::vector<SampleConversation> conversations;
  const std::string* last = nullptr;
  for (const KitLine& line : kit) {
    if (line.kind != SampleKind::conversation || (last && *last == line.sample)) continue;
    last = &line.sample;
    conversations.push_back(conversation_of(parse_json(line.sample, "a conversation"), "a conversation"));
  }
  return conversations;
}

}  // namespace

KitSamples built_in_samples(const Tokenizer* tokenizer) {
  const auto texts = sample_texts();
  KitSamples samples{{texts.begin(), texts.end()}, sample_conversations()};
  if (!tokenizer) return samples;
  if (auto text = text_of_control_tokens(tokenizer->spec()); !text.empty()) samples.texts.push_back(std::move(text));
  return samples;
}

KitSamples samples_of(const ConformanceKit& kit, const Tokenizer* tokenizer) {
  KitSamples samples = built_in_samples(tokenizer);
  std::vector<std::string> texts;
  for (const KitLine& line : kit) {
    if (line.kind == SampleKind::text) texts.push_back(line.sample);
  }
  if (!texts.empty()) samples.texts = std::move(texts);
  if (auto conversations = conversations_of(kit); !conversations.empty()) {
    samples.conversations = std::move(conversations);
  }
  return samples;
}

Json to_json(const SampleConversation& conversation) {
  Json json = {{"name", conversation.name}, {"messages", conversation.messages}};
  if (!conversation.tools.is_null()) json["tools"] = conversation.tools;
  json["add_generation_prompt"] = conversation.add_generation_prompt;
  return json;
}

SampleConversation conversation_of(const Json& json, const std::string& source) {
  SampleConversation conversation{
      json_value<std::string>(json, "name", "", source), json_value<Json>(json, "messages", Json::array(), source),
      json_value<Json>(json, "tools", nullptr, source), json_value<bool>(json, "add_generation_prompt", false, source)};
  if (!conversation.messages.is_array()) fail(ErrorCode::bad_input, "{}: \"messages\" is no list", source);
  return conversation;
}

}  // namespace adze::text
