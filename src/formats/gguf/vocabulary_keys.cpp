#include "formats/gguf/vocabulary_keys.h"

#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/error.h"

namespace adze::formats {
namespace {

constexpr const char* kModel = "tokenizer.ggml.model";
constexpr const char* kPre = "tokenizer.ggml.pre";
constexpr const char* kTokens = "tokenizer.ggml.tokens";
constexpr const char* kScores = "tokenizer.ggml.scores";
constexpr const char* kTokenTypes = "tokenizer.ggml.token_type";
constexpr const char* kMerges = "tokenizer.ggml.merges";
constexpr const char* kCharacterMap = "tokenizer.ggml.precompiled_charsmap";

[[noreturn]] void fail_array(std::string_view key, const char* wanted, const model::Value& value) {
  fail(ErrorCode::bad_input, "key '{}' must be an array of {}, but is {}", key, wanted, model::to_string(value));
}

template <typename Array>
Array find_array(const model::KeyValues& keys, const char* key, const char* wanted) {
  const auto* value = keys.find(key);
  if (!value) return {};
  if (const auto* array = std::get_if<Array>(value)) return *array;
  fail_array(key, wanted, *value);
}

std::vector<std::string>& strings_of(std::string_view key, model::Value& value) {
  if (auto* strings = std::get_if<std::vector<std::string>>(&value)) return *strings;
  fail_array(key, "strings", value);
}

// Some files have the token types as unsigned numbers.
std::vector<int32_t> find_types(const model::KeyValues& keys) {
  const auto* value = keys.find(kTokenTypes);
  const auto* numbers = value ? std::get_if<std::vector<uint32_t>>(value) : nullptr;
  if (!numbers) return find_array<std::vector<int32_t>>(keys, kTokenTypes, "integers");
  std::vector<int32_t> types;
  for (const uint32_t number : *numbers) types.push_back(static_cast<int32_t>(number));
  return types;
}

std::string find_bytes(const model::KeyValues& keys, const char* key) {
  const auto* value = keys.find(key);
  if (!value) return {};
  if (const auto* bytes = std::get_if<std::vector<uint8_t>>(value)) return {bytes->begin(), bytes->end()};
  if (const auto* bytes = std::get_if<std::vector<int8_t>>(value)) return {bytes->begin(), bytes->end()};
  fail(ErrorCode::bad_input, "key '{}' must be an array of bytes, but is {}", key, model::to_string(*value));
}

std::optional<uint32_t> find_id(const model::KeyValues& keys, const char* key) {
  const auto id = keys.find_int(key);
  if (!id || *id == -1) return std::nullopt;  // -1 says "none"
  if (*id < 0 || *id > std::numeric_limits<int32_t>::max()) {
    fail(ErrorCode::bad_input, "key '{}' is {}, which is no token id", key, *id);
  }
  return static_cast<uint32_t>(*id);
}

}  // namespace

text::GgufVocabulary vocabulary_from_keys(const model::KeyValues& keys, const std::string& source) {
  text::GgufVocabulary vocabulary;
  vocabulary.source = source;
  vocabulary.model = keys.find_string(kModel).value_or("");
  vocabulary.pre = keys.find_string(kPre).value_or("");
  vocabulary.scores = find_array<std::vector<float>>(keys, kScores, "floats");
  vocabulary.token_types = find_types(keys);
  vocabulary.precompiled_charsmap = find_bytes(keys, kCharacterMap);
  for (const auto& id : text::kGgufTokenIdKeys) vocabulary.*id.value = find_id(keys, id.key);
  for (const auto& flag : text::kGgufFlagKeys) vocabulary.*flag.value = keys.find_bool(flag.key);
  return vocabulary;
}

void exchange_lists(model::KeyValues& keys, text::GgufVocabulary& vocabulary) {
  for (auto& [key, value] : keys.take_all()) {
    auto* list = key == kTokens ? &vocabulary.tokens : key == kMerges ? &vocabulary.merges : nullptr;
    if (list) std::swap(strings_of(key, value), *list);
    keys.append(std::move(key), std::move(value));
  }
}

model::KeyValues keys_of_vocabulary(const text::GgufVocabulary& vocabulary) {
  model::KeyValues keys;
  const auto add = [&](const char* key, const auto& values) {
    if (!values.empty()) keys.append(key, values);
  };
  add(kModel, vocabulary.model);
  add(kPre, vocabulary.pre);
  add(kTokens, vocabulary.tokens);
  add(kScores, vocabulary.scores);
  add(kTokenTypes, vocabulary.token_types);
  add(kMerges, vocabulary.merges);
  const auto& map = vocabulary.precompiled_charsmap;
  add(kCharacterMap, std::vector<uint8_t>(map.begin(), map.end()));
  for (const auto& id : text::kGgufTokenIdKeys) {
    if (const auto& value = vocabulary.*id.value) keys.append(id.key, *value);
  }
  for (const auto& flag : text::kGgufFlagKeys) {
    if (const auto& value = vocabulary.*flag.value) keys.append(flag.key, *value);
  }
  return keys;
}

}  // namespace adze::formats
