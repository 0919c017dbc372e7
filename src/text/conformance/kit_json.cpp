#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "text/conformance/conformance_kit.h"
#include "text/conformance/kit_samples.h"

namespace adze::text {
namespace {

constexpr int kVersion = 1;
constexpr const char* kTexts = "texts";
constexpr const char* kSpecialTokens = "special_tokens";
constexpr const char* kVocabulary = "vocabulary";
constexpr const char* kConversations = "conversations";
constexpr const char* kOriginal = "original";

// Kits come from outside, and computing one again must not take long.
constexpr size_t kMaxBytes = size_t{1} << 20;
constexpr size_t kMaxTexts = 256;
constexpr size_t kMaxTextBytes = 2048;
constexpr size_t kMaxConversations = 32;

// A text that is not kept whole is an object.
Json to_json_text(const SampleOutcome& outcome) {
  if (outcome.sha256.empty()) return outcome.text;
  return {{"start", outcome.text}, {"bytes", outcome.bytes}, {"sha256", outcome.sha256}};
}

Json to_json_of_text(const SampleOutcome& outcome, const std::string& sample) {
  Json json = {{"ids", outcome.ids}};
  if (to_json_text(outcome) != Json(sample)) json["decoded"] = to_json_text(outcome);
  return json;
}

Json to_json_of_text(const KitLine& line) {
  Json json = {{"text", line.sample}};
  json.update(to_json_of_text(line.outcome, line.sample));
  if (line.original) json[kOriginal] = to_json_of_text(*line.original, line.sample);
  return json;
}

Json to_json_of_token(const SampleOutcome& outcome) {
  Json json = {{"ids", outcome.ids}};
  if (outcome.bytes > 0) json["text"] = to_json_text(outcome);
  return json;
}

Json to_json_of_token(const KitLine& line) {
  Json json = to_json_of_token(line.outcome);
  if (line.original) json[kOriginal] = to_json_of_token(*line.original);
  return json;
}

void add_rendering(const KitLine& line, Json& conversations) {
  Json conversation = parse_json(line.sample, "a conversation");
  const auto has_sample = [&] {
    const Json& last = conversations.back();
    return std::ranges::all_of(conversation.items(), [&](const auto& member) {
      return last.contains(member.key()) && last[member.key()] == member.value();
    });
  };
  if (conversations.empty() || !has_sample()) {
    conversation["rendered"] = Json::object();
    conversations.push_back(std::move(conversation));
  }
  Json& last = conversations.back();
  last["rendered"][line.chat_template] = to_json_text(line.outcome);
  if (line.original) last[kOriginal][line.chat_template] = to_json_text(*line.original);
}

class Reader {
 public:
  Reader(const Json& json, const std::string& source) : json_(json), source_(source) {}

  ConformanceKit read() {
    for (const Json& entry : list(kTexts, kMaxTexts)) add_text(entry);
    if (const Json tokens = object(json_, kSpecialTokens); !tokens.is_null()) add_special_tokens(tokens);
    if (const Json lists = object(json_, kVocabulary); !lists.is_null()) add_vocabulary(lists);
    for (const Json& entry : list(kConversations, kMaxConversations)) add_conversation(entry);
    return std::move(kit_);
  }

 private:
  Json list(const char* key, size_t max_size) const {
    auto entries = json_value<Json>(json_, key, Json::array(), source_);
    if (!entries.is_array()) fail(ErrorCode::bad_input, "{}: \"{}\" is no list", source_, key);
    if (entries.size() > max_size) {
      fail(ErrorCode::bad_input, "{}: \"{}\" has {} entries, more than {}", source_, key, entries.size(), max_size);
    }
    for (const Json& entry : entries) {
      if (!entry.is_object()) fail(ErrorCode::bad_input, "{}: an entry of \"{}\" is no object", source_, key);
    }
    return entries;
  }

  /// Null where it is not there.
  Json object(const Json& json, const char* key) const {
    auto member = json_value<Json>(json, key, nullptr, source_);
    if (!member.is_null() && !member.is_object()) fail(ErrorCode::bad_input, "{}: \"{}\" is no object", source_, key);
    return member;
  }

  void set_text(const Json& json, SampleOutcome& outcome) const {
    if (json.is_object()) {
      outcome.text = json_value<std::string>(json, "start", "", source_);
      outcome.bytes = json_value<uint64_t>(json, "bytes", 0, source_);
      outcome.sha256 = json_value<std::string>(json, "sha256", "", source_);
      if (outcome.sha256.empty()) fail(ErrorCode::bad_input, "{}: a text in part is without \"sha256\"", source_);
      return;
    }
    if (!json.is_string()) fail(ErrorCode::bad_input, "{}: a text is a {}", source_, json.type_name());
    outcome.text = json.get<std::string>();
    outcome.bytes = outcome.text.size();
  }

  SampleOutcome outcome_of_ids(const Json& json) const {
    return {json_value<std::vector<int32_t>>(json, "ids", {}, source_), {}, 0, {}};
  }

  SampleOutcome outcome_of_text(const Json& json, const std::string& sample) const {
    auto outcome = outcome_of_ids(json);
    set_text(json_value<Json>(json, "decoded", sample, source_), outcome);
    return outcome;
  }

  void add_text(const Json& json) {
    KitLine line{SampleKind::text, json_value<std::string>(json, "text", "", source_), {}, {}, {}};
    if (line.sample.size() > kMaxTextBytes) {
      fail(ErrorCode::bad_input, "{}: a sample text has {} bytes, more than {}", source_, line.sample.size(),
           kMaxTextBytes);
    }
    line.outcome = outcome_of_text(json, line.sample);
    if (const Json original = object(json, kOriginal); !original.is_null()) {
      line.original = outcome_of_text(original, line.sample);
    }
    kit_.push_back(std::move(line));
  }

  SampleOutcome outcome_of_token(const Json& json) const {
    auto outcome = outcome_of_ids(json);
    set_text(json_value<Json>(json, "text", "", source_), outcome);
    return outcome;
  }

  // Those that are not there have no id.
  void add_special_tokens(const Json& tokens) {
    for (const auto& [name, _] : kComparedSpecials) add_special_token(name, object(tokens, name));
    add_special_token(kEndOfGeneration, object(tokens, kEndOfGeneration));
  }

  void add_special_token(const char* name, const Json& json) {
    KitLine line{SampleKind::special_token, name, {}, {}, {}};
    if (!json.is_null()) {
      line.outcome = outcome_of_token(json);
      if (const Json original = object(json, kOriginal); !original.is_null()) {
        line.original = outcome_of_token(original);
      }
    }
    kit_.push_back(std::move(line));
  }

  void add_vocabulary(const Json& lists) {
    for (const char* name : kVocabularyLists) {
      const Json json = object(lists, name);
      if (json.is_null()) continue;
      KitLine line{SampleKind::vocabulary, name, {}, {}, {}};
      line.outcome.bytes = json_value<uint64_t>(json, "count", 0, source_);
      line.outcome.sha256 = json_value<std::string>(json, "sha256", "", source_);
      kit_.push_back(std::move(line));
    }
  }

  void add_conversation(const Json& json) {
    const auto sample = to_json(conversation_of(json, source_)).dump();
    const Json rendered = object(json, "rendered");
    const Json original = object(json, kOriginal);
    if (rendered.size() > kMaxTemplates) {
      fail(ErrorCode::bad_input, "{}: a conversation is rendered by {} templates, more than {}", source_,
           rendered.size(), kMaxTemplates);
    }
    for (const auto& [name, text] : rendered.items()) {
      KitLine line{SampleKind::conversation, sample, name, {}, {}};
      set_text(text, line.outcome);
      if (original.contains(name)) set_text(original[name], line.original.emplace());
      kit_.push_back(std::move(line));
    }
  }

  const Json& json_;
  const std::string& source_;
  ConformanceKit kit_;
};

}  // namespace

std::string to_text(const ConformanceKit& kit) {
  Json texts = Json::array();
  Json special_tokens = Json::object();
  Json vocabulary = Json::object();
  Json conversations = Json::array();
  for (const KitLine& line : kit) {
    if (line.kind == SampleKind::text) texts.push_back(to_json_of_text(line));
    if (line.kind == SampleKind::conversation) add_rendering(line, conversations);
    if (line.kind == SampleKind::vocabulary) {
      vocabulary[line.sample] = {{"count", line.outcome.bytes}, {"sha256", line.outcome.sha256}};
    }
    const bool has_token = !line.outcome.ids.empty() || line.original;
    if (line.kind == SampleKind::special_token && has_token) special_tokens[line.sample] = to_json_of_token(line);
  }
  Json json = {{"version", kVersion}};
  if (!texts.empty()) json[kTexts] = std::move(texts);
  if (!special_tokens.empty()) json[kSpecialTokens] = std::move(special_tokens);
  if (!vocabulary.empty()) json[kVocabulary] = std::move(vocabulary);
  if (!conversations.empty()) json[kConversations] = std::move(conversations);
  return json.dump();
}

ConformanceKit read_conformance_kit(std::string_view text, const std::string& source) {
  if (text.size() > kMaxBytes) {
    fail(ErrorCode::bad_input, "{}: {} bytes are more than a conformance kit can have", source, text.size());
  }
  const Json json = parse_json(text, source);
  if (!json.is_object()) fail(ErrorCode::bad_input, "{}: is no JSON object", source);
  const auto version = json_value<int64_t>(json, "version", 0, source);
  if (version != kVersion) {
    fail(ErrorCode::unsupported, "{}: is of version {}, and only {} is known", source, version, kVersion);
  }
  return Reader(json, source).read();
}

}  // namespace adze::text
