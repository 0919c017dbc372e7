#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/json.h"
#include "text/tokenizers/byte_alphabet.h"
#include "text/tokenizers/special_token_names.h"
#include "text/tokenizers/tokenizer_json.h"
#include "text/tokenizers/tokenizer_json_document.h"
#include "text/tokenizers/tokenizer_json_steps.h"

namespace adze::text {
namespace {

// Ids may leave gaps, but not so many that a small file asks for a large table.
constexpr size_t kMaxIdsPerToken = 2;
constexpr size_t kSpareIds = 65536;

const Json& member(const Json& object, const char* key) {
  static const Json kNull;
  const auto found = object.find(key);
  return found == object.end() ? kNull : *found;
}

AddedToken parse_added_token(const Json& item, int32_t id, const std::string& source) {
  AddedToken token;
  token.id = id;
  token.text = item.at("content").get<std::string>();
  token.single_word = json_value(item, "single_word", false, source);
  token.lstrip = json_value(item, "lstrip", false, source);
  token.rstrip = json_value(item, "rstrip", false, source);
  token.special = json_value(item, "special", false, source);
  token.normalized = json_value(item, "normalized", !token.special, source);
  return token;
}

class TokenizerJsonReader {
 public:
  TokenizerJsonReader(TokenizerSpec& spec, TokenizerJsonDocument& document) : spec_(spec), document_(document) {}

  void read() {
    const Json& model = document_.root.at("model");
    if (document_.vocabulary.empty() && document_.pieces.empty()) {
      fail(ErrorCode::bad_input, "{}: model.vocab is empty or absent", spec_.source);
    }
    read_added_tokens();
    size_tables();
    read_vocabulary();
    apply_added_tokens();
    read_model(model);
    with_context(spec_.source, [&] { read_steps(); });
  }

 private:
  void read_steps() {
    spec_.normalizer = read_normalizer(member(document_.root, "normalizer"));
    spec_.pre_tokenizer = read_pre_tokenizer(member(document_.root, "pre_tokenizer"));
    spec_.decoder = read_decoder(member(document_.root, "decoder"));
    AroundIds around = read_post_processor(member(document_.root, "post_processor"));
    spec_.prefix_ids = std::move(around.prefix);
    spec_.suffix_ids = std::move(around.suffix);
    spec_.between_ids = std::move(around.between);
    spec_.second_type = around.second_type;
  }

  void check_id(int64_t id, const std::string& text) const {
    if (id < 0 || static_cast<size_t>(id) >= spec_.tokens.size()) {
      fail(ErrorCode::bad_input, "{}: token \"{}\" has the id {}, too large for the vocabulary", spec_.source, text,
           id);
    }
  }

  void read_added_tokens() {
    for (const Json& item : member(document_.root, "added_tokens")) {
      AddedToken token = parse_added_token(item, item.at("id").get<int32_t>(), spec_.source);
      if (!token.text.empty()) spec_.added_tokens.push_back(std::move(token));
    }
  }

  // Makes room for the largest id.
  void size_tables() {
    const size_t entries = document_.vocabulary.size() + document_.pieces.size() + spec_.added_tokens.size();
    int64_t last = static_cast<int64_t>(document_.pieces.size()) - 1;
    for (const auto& [text, id] : document_.vocabulary) last = std::max(last, id);
    for (const auto& token : spec_.added_tokens) last = std::max<int64_t>(last, token.id);
    const auto limit = static_cast<int64_t>(entries * kMaxIdsPerToken + kSpareIds);
    if (last >= limit) fail(ErrorCode::bad_input, "{}: id {} with only {} tokens", spec_.source, last, entries);
    VocabularyToken empty;
    empty.type = TokenType::unused;
    spec_.tokens.resize(static_cast<size_t>(last + 1), empty);
  }

  void read_vocabulary() {
    for (auto& [text, id] : document_.vocabulary) {
      check_id(id, text);
      spec_.tokens[static_cast<size_t>(id)] = {std::move(text), 0, TokenType::normal};
    }
    for (size_t id = 0; id < document_.pieces.size(); ++id) {
      auto& [text, score] = document_.pieces[id];
      if (!std::isfinite(score)) fail(ErrorCode::bad_input, "{}: a score is not finite", spec_.source);
      spec_.tokens[id] = {std::move(text), score, TokenType::normal};
    }
  }

  void apply_added_tokens() {
    for (const AddedToken& token : spec_.added_tokens) {
      check_id(token.id, token.text);
      VocabularyToken& entry = spec_.tokens[static_cast<size_t>(token.id)];
      entry.text = token.text;
      entry.type = token.special ? TokenType::control : TokenType::user_defined;
    }
  }

  void read_model(const Json& model) {
    const auto fallback_type = document_.pieces.empty() ? "BPE" : "Unigram";
    const auto type = json_value(model, "type", std::string(fallback_type), spec_.source);
    spec_.byte_fallback = json_value(model, "byte_fallback", false, spec_.source);
    if (type == "BPE") {
      read_bpe(model);
    } else if (type == "Unigram") {
      spec_.model = TokenModel::unigram;
      spec_.fuse_unknown = true;
      set_unknown(json_value<int32_t>(model, "unk_id", kNoToken, spec_.source));
    } else if (type == "WordPiece") {
      spec_.model = TokenModel::wordpiece;
      spec_.continuation_prefix = json_value(model, "continuing_subword_prefix", std::string("##"), spec_.source);
      spec_.max_word_characters = json_value<size_t>(model, "max_input_chars_per_word", 100, spec_.source);
      set_unknown(id_of(json_value(model, "unk_token", std::string("[UNK]"), spec_.source)));
    } else {
      fail(ErrorCode::unsupported, "{}: the tokenizer model \"{}\" is not supported", spec_.source, type);
    }
    if (spec_.byte_fallback) mark_byte_tokens();
  }

  void read_bpe(const Json& model) {
    spec_.model = TokenModel::bpe;
    for (const char* affix : {"continuing_subword_prefix", "end_of_word_suffix"}) {
      if (!json_value(model, affix, std::string(), spec_.source).empty()) {
        fail(ErrorCode::unsupported, "{}: BPE with a {} is not supported", spec_.source, affix);
      }
    }
    spec_.ignore_merges = json_value(model, "ignore_merges", false, spec_.source);
    spec_.fuse_unknown = json_value(model, "fuse_unk", false, spec_.source);
    spec_.merges = std::move(document_.merges);
    set_unknown(id_of(json_value(model, "unk_token", std::string(), spec_.source)));
  }

  int32_t id_of(const std::string& text) const {
    const auto found = std::find_if(spec_.tokens.begin(), spec_.tokens.end(),
                                    [&](const VocabularyToken& token) { return token.text == text; });
    return text.empty() || found == spec_.tokens.end() ? kNoToken : static_cast<int32_t>(found - spec_.tokens.begin());
  }

  void set_unknown(int32_t id) {
    if (id == kNoToken) return;
    check_id(id, "unk");
    spec_.special.unk = id;
    VocabularyToken& token = spec_.tokens[static_cast<size_t>(id)];
    if (token.type == TokenType::normal) token.type = TokenType::unknown;
  }

  void mark_byte_tokens() {
    for (VocabularyToken& token : spec_.tokens) {
      if (token.type == TokenType::normal && byte_of_token(token.text)) token.type = TokenType::byte;
    }
  }

  TokenizerSpec& spec_;
  TokenizerJsonDocument& document_;
};

// A token of tokenizer_config.json: "</s>" or {"content": "</s>", ...}.
std::string config_token(const Json& config, const char* key) {
  const Json& value = member(config, key);
  if (value.is_string()) return value.get<std::string>();
  return value.is_object() ? value.value("content", std::string()) : std::string();
}

struct ConfigToken {
  const char* key;
  int32_t SpecialTokenIds::* id;
};
constexpr ConfigToken kConfigTokens[] = {{"bos_token", &SpecialTokenIds::bos},  {"eos_token", &SpecialTokenIds::eos},
                                         {"unk_token", &SpecialTokenIds::unk},  {"sep_token", &SpecialTokenIds::sep},
                                         {"pad_token", &SpecialTokenIds::pad},  {"cls_token", &SpecialTokenIds::cls},
                                         {"mask_token", &SpecialTokenIds::mask}};

int32_t find_text(const TokenizerSpec& spec, const std::string& text) {
  for (const AddedToken& token : spec.added_tokens) {
    if (token.text == text) return token.id;
  }
  for (size_t id = 0; id < spec.tokens.size(); ++id) {
    if (spec.tokens[id].text == text) return static_cast<int32_t>(id);
  }
  return kNoToken;
}

void read_config(const Json& config, TokenizerSpec& spec) {
  for (const auto& [key, id] : kConfigTokens) {
    const std::string text = config_token(config, key);
    if (!text.empty() && spec.special.*id == kNoToken) spec.special.*id = find_text(spec, text);
  }
  spec.clean_up_spaces = json_value(config, "clean_up_tokenization_spaces", false, spec.source);
  // A template in tokenizer.json rules; only without one do the flags decide.
  const bool templated = !spec.prefix_ids.empty() || !spec.suffix_ids.empty();
  if (templated) return;
  if (json_value(config, "add_bos_token", false, spec.source) && spec.special.bos != kNoToken) {
    spec.prefix_ids = {spec.special.bos};
  }
  if (json_value(config, "add_eos_token", false, spec.source) && spec.special.eos != kNoToken) {
    spec.suffix_ids = {spec.special.eos};
  }
}

// "added_tokens_decoder": {"32000": {"content": "<|user|>", "special": true, …}, …}
void read_added_tokens_decoder(const Json& config, TokenizerSpec& spec) {
  const Json& by_id = member(config, "added_tokens_decoder");
  if (!by_id.is_object()) return;
  const size_t most = spec.tokens.size() + by_id.size() * kMaxIdsPerToken + kSpareIds;
  for (const auto& [key, item] : by_id.items()) {
    size_t id = 0;
    const auto [end, error] = std::from_chars(key.data(), key.data() + key.size(), id);
    if (error != std::errc() || end != key.data() + key.size() || id >= most) {
      fail(ErrorCode::bad_input, "{}: an added token has the id \"{}\"", spec.source, key.substr(0, 40));
    }
    AddedToken token = parse_added_token(item, static_cast<int32_t>(id), spec.source);
    if (token.text.empty()) continue;
    if (id >= spec.tokens.size()) spec.tokens.resize(id + 1, {.text = {}, .score = 0, .type = TokenType::unused});
    if (spec.tokens[id].type != TokenType::unused) continue;  // the vocabulary's own word counts
    spec.tokens[id] = {token.text, 0, token.special ? TokenType::control : TokenType::user_defined};
    spec.added_tokens.push_back(std::move(token));
  }
}

void read_around(const Json& config, TokenizerSpec& spec) {
  const auto set = [&](const char* key, int32_t id, std::vector<int32_t>& around) {
    const auto flag = config.find(key);
    if (flag == config.end() || !flag->is_boolean()) return;
    around.clear();
    if (flag->get<bool>() && id != kNoToken) around.push_back(id);
  };
  set("add_bos_token", spec.special.bos, spec.prefix_ids);
  set("add_eos_token", spec.special.eos, spec.suffix_ids);
}

// What the post-processor puts around a text is its beginning and end, unless the config says otherwise.
void name_template_tokens(TokenizerSpec& spec) {
  if (spec.special.bos == kNoToken && !spec.prefix_ids.empty()) spec.special.bos = spec.prefix_ids.front();
  if (spec.special.eos == kNoToken && !spec.suffix_ids.empty()) spec.special.eos = spec.suffix_ids.back();
}

}  // namespace

TokenizerSpec read_tokenizer_json(std::string_view tokenizer_json, std::string_view tokenizer_config_json,
                                  const std::string& source) {
  TokenizerSpec spec;
  spec.source = source;
  spec.tokenizer_json = tokenizer_json;
  spec.tokenizer_config_json = tokenizer_config_json;
  try {
    TokenizerJsonDocument document = parse_tokenizer_json(tokenizer_json, source);
    TokenizerJsonReader(spec, document).read();
    if (!tokenizer_config_json.empty()) read_config(parse_tokenizer_json(tokenizer_config_json, source).root, spec);
  } catch (const nlohmann::json::exception& error) {
    fail(ErrorCode::bad_input, "{}: not the structure of a tokenizer: {}", source, error.what());
  }
  name_template_tokens(spec);
  find_special_tokens(spec);
  return spec;
}

void apply_tokenizer_config(std::string_view tokenizer_config_json, TokenizerSpec& spec) {
  const std::string& source = spec.source;
  try {
    const Json config = parse_json(tokenizer_config_json, source);
    if (!config.is_object()) fail(ErrorCode::bad_input, "{}: its tokenizer_config.json is no object", source);
    read_added_tokens_decoder(config, spec);
    for (const auto& [key, id] : kConfigTokens) {
      const std::string text = config_token(config, key);
      if (const int32_t named = text.empty() ? kNoToken : find_text(spec, text); named != kNoToken) {
        spec.special.*id = named;
      }
    }
    read_around(config, spec);
  } catch (const nlohmann::json::exception& error) {
    fail(ErrorCode::bad_input, "{}: not the structure of a tokenizer_config.json: {}", source, error.what());
  }
  find_special_tokens(spec);
}

}  // namespace adze::text
