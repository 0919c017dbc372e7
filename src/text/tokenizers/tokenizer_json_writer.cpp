#include <algorithm>
#include <unordered_set>

#include "base/error.h"
#include "base/json.h"
#include "text/tokenizers/added_tokens.h"
#include "text/tokenizers/piece_merges.h"
#include "text/tokenizers/standard_patterns.h"
#include "text/tokenizers/tokenizer_json.h"

namespace adze::text {
namespace {

constexpr const char* kUnlimitedLength = "1000000000000000019884624838656";  // what transformers writes for "none"

// An ordered object looks through all its keys on insertion; keys that are known to differ go in directly.
void append_member(Json& object, std::string key, Json value) {
  object.get_ref<Json::object_t&>().emplace_back(std::move(key), std::move(value));
}

[[noreturn]] void fail_step(const TokenizerSpec& spec, const char* stage) {
  fail(ErrorCode::unsupported, "{}: a step of the {} has no equal in tokenizer.json", spec.source, stage);
}

// One component alone, several as a Sequence, none as null.
Json sequence(std::vector<Json> components, const char* members_key) {
  if (components.empty()) return nullptr;
  if (components.size() == 1) return components.front();
  return {{"type", "Sequence"}, {members_key, std::move(components)}};
}

Json text_pattern(const std::string& text) { return {{"String", text}}; }
Json regex_pattern(const std::string& text) { return {{"Regex", text}}; }

Json normalizer_component(const TokenizerSpec& spec, const NormalizerStep& step) {
  using Kind = NormalizerStep::Kind;
  switch (step.kind) {
    case Kind::nfc:
      return {{"type", "NFC"}};
    case Kind::nfd:
      return {{"type", "NFD"}};
    case Kind::nfkc:
      return {{"type", "NFKC"}};
    case Kind::nfkd:
      return {{"type", "NFKD"}};
    case Kind::lowercase:
      return {{"type", "Lowercase"}};
    case Kind::strip_marks:
      return {{"type", "StripAccents"}};
    case Kind::strip_whitespace:
      return {{"type", "Strip"}, {"strip_left", step.left}, {"strip_right", step.right}};
    case Kind::prepend:
      return {{"type", "Prepend"}, {"prepend", step.content}};
    case Kind::replace_text:
      return {{"type", "Replace"}, {"pattern", text_pattern(step.pattern)}, {"content", step.content}};
    case Kind::replace_regex:
      return {{"type", "Replace"}, {"pattern", regex_pattern(step.pattern)}, {"content", step.content}};
    case Kind::clean_text:
    case Kind::isolate_cjk:
    case Kind::strip_accents:
      return {{"type", "BertNormalizer"},
              {"clean_text", step.kind == Kind::clean_text},
              {"handle_chinese_chars", step.kind == Kind::isolate_cjk},
              {"strip_accents", step.kind == Kind::strip_accents},
              {"lowercase", false}};
    case Kind::collapse_spaces:
      return {{"type", "Replace"}, {"pattern", regex_pattern("^ +| +$|(?<= ) +")}, {"content", ""}};
    case Kind::precompiled:
      break;
  }
  fail_step(spec, "normalizer");
}

const char* behavior_name(SplitBehavior behavior) {
  switch (behavior) {
    case SplitBehavior::removed:
      return "Removed";
    case SplitBehavior::isolated:
      return "Isolated";
    case SplitBehavior::merged_with_previous:
      return "MergedWithPrevious";
    case SplitBehavior::merged_with_next:
      return "MergedWithNext";
    case SplitBehavior::contiguous:
      return "Contiguous";
  }
  return "Isolated";
}

Json byte_level(bool use_regex) {
  return {{"type", "ByteLevel"}, {"add_prefix_space", false}, {"trim_offsets", true}, {"use_regex", use_regex}};
}

std::vector<Json> pre_tokenizer_components(const TokenizerSpec& spec) {
  using Kind = PreTokenizerStep::Kind;
  std::vector<Json> components;
  for (size_t i = 0; i < spec.pre_tokenizer.size(); ++i) {
    const auto& step = spec.pre_tokenizer[i];
    const bool bytes_next = i + 1 < spec.pre_tokenizer.size() && spec.pre_tokenizer[i + 1].kind == Kind::byte_alphabet;
    const bool split = step.kind == Kind::split_regex || step.kind == Kind::split_text;
    if (bytes_next && step.kind == Kind::split_regex && step.pattern == kGpt2Pattern && !step.invert) {
      components.push_back(byte_level(true));  // has this pattern built in
      ++i;
    } else if (step.kind == Kind::byte_alphabet) {
      components.push_back(byte_level(false));
    } else if (split) {
      components.push_back(
          {{"type", "Split"},
           {"pattern", step.kind == Kind::split_regex ? regex_pattern(step.pattern) : text_pattern(step.pattern)},
           {"behavior", behavior_name(step.behavior)},
           {"invert", step.invert}});
    } else {
      fail_step(spec, "pre-tokenizer");
    }
  }
  return components;
}

std::vector<Json> decoder_components(const TokenizerSpec& spec) {
  using Kind = DecoderStep::Kind;
  std::vector<Json> components;
  const bool cleans = std::any_of(spec.decoder.begin(), spec.decoder.end(),
                                  [](const DecoderStep& step) { return step.kind == Kind::clean_wordpiece; });
  for (const DecoderStep& step : spec.decoder) {
    switch (step.kind) {
      case Kind::byte_alphabet:
        components.push_back(byte_level(true));
        break;
      case Kind::byte_fallback:
        components.push_back({{"type", "ByteFallback"}});
        break;
      case Kind::replace_text:
        components.push_back({{"type", "Replace"}, {"pattern", text_pattern(step.pattern)}, {"content", step.content}});
        break;
      case Kind::metaspace:
        components.push_back({{"type", "Metaspace"}, {"replacement", step.pattern}, {"prepend_scheme", "always"}});
        break;
      case Kind::strip_start:
        components.push_back({{"type", "Fuse"}});
        components.push_back({{"type", "Strip"}, {"content", step.pattern}, {"start", step.count}, {"stop", 0}});
        break;
      case Kind::wordpiece:
        components.push_back({{"type", "WordPiece"}, {"prefix", step.pattern}, {"cleanup", cleans}});
        break;
      case Kind::clean_wordpiece:
        break;  // said by its neighbour
    }
  }
  return components;
}

Json special_item(const std::string& text, int type_id) {
  return {{"SpecialToken", {{"id", text}, {"type_id", type_id}}}};
}
Json text_item(const char* which, int type_id) { return {{"Sequence", {{"id", which}, {"type_id", type_id}}}}; }

Json template_processing(const TokenizerSpec& spec) {
  Json special_tokens = Json::object();
  const auto append = [&](const std::vector<int32_t>& ids, int type_id, std::vector<Json>& out) {
    for (const int32_t id : ids) {
      const std::string& text = spec.tokens.at(static_cast<size_t>(id)).text;
      special_tokens[text] = {{"id", text}, {"ids", Json::array({id})}, {"tokens", Json::array({text})}};
      out.push_back(special_item(text, type_id));
    }
  };
  std::vector<Json> single;
  append(spec.prefix_ids, 0, single);
  single.push_back(text_item("A", 0));
  append(spec.suffix_ids, 0, single);
  std::vector<Json> pair;
  append(spec.prefix_ids, 0, pair);
  pair.push_back(text_item("A", 0));
  append(spec.between_ids, 0, pair);
  pair.push_back(text_item("B", spec.second_type));
  append(spec.suffix_ids, spec.second_type, pair);
  return {{"type", "TemplateProcessing"}, {"single", single}, {"pair", pair}, {"special_tokens", special_tokens}};
}

Json added_token(const AddedToken& token, bool with_id) {
  Json out = Json::object();
  if (with_id) out["id"] = token.id;
  out["content"] = token.text;
  out["single_word"] = token.single_word;
  out["lstrip"] = token.lstrip;
  out["rstrip"] = token.rstrip;
  out["normalized"] = token.normalized;
  out["special"] = token.special;
  return out;
}

std::string token_text(const TokenizerSpec& spec, int32_t id) {
  return id == kNoToken ? std::string() : spec.tokens.at(static_cast<size_t>(id)).text;
}

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

// text -> id; padding that stands for no token is left out.
Json vocabulary_object(const TokenizerSpec& spec) {
  Json vocabulary = Json::object();
  std::unordered_set<std::string_view> seen;
  for (size_t id = 0; id < spec.tokens.size(); ++id) {
    const VocabularyToken& token = spec.tokens[id];
    if (token.type == TokenType::unused || !seen.insert(token.text).second) continue;
    append_member(vocabulary, token.text, static_cast<int64_t>(id));
  }
  return vocabulary;
}

Json bpe_model(const TokenizerSpec& spec) {
  const auto merges = spec.model == TokenModel::scored_bpe ? merges_of_scores(spec.tokens) : spec.merges;
  Json pairs = Json::array();
  for (size_t rank = 0; rank < merges.size(); ++rank) pairs.push_back({merges[rank].left(), merges[rank].right()});
  const bool with_unknown = spec.byte_fallback || spec.fuse_unknown;  // a byte-level vocabulary needs none
  return {{"type", "BPE"},
          {"dropout", nullptr},
          {"unk_token", with_unknown ? text_or_null(token_text(spec, spec.special.unk)) : Json(nullptr)},
          {"continuing_subword_prefix", nullptr},
          {"end_of_word_suffix", nullptr},
          {"fuse_unk", spec.fuse_unknown},
          {"byte_fallback", spec.byte_fallback},
          {"ignore_merges", spec.ignore_merges},
          {"vocab", vocabulary_object(spec)},
          {"merges", std::move(pairs)}};
}

Json unigram_model(const TokenizerSpec& spec) {
  Json pieces = Json::array();
  for (const auto& token : spec.tokens) pieces.push_back({token.text, token.score});
  return {{"type", "Unigram"},
          {"unk_id", spec.special.unk == kNoToken ? Json(nullptr) : Json(spec.special.unk)},
          {"vocab", std::move(pieces)},
          {"byte_fallback", spec.byte_fallback}};
}

Json wordpiece_model(const TokenizerSpec& spec) {
  return {{"type", "WordPiece"},
          {"unk_token", token_text(spec, spec.special.unk)},
          {"continuing_subword_prefix", spec.continuation_prefix},
          {"max_input_chars_per_word", spec.max_word_characters},
          {"vocab", vocabulary_object(spec)}};
}

Json model_component(const TokenizerSpec& spec) {
  switch (spec.model) {
    case TokenModel::bpe:
    case TokenModel::scored_bpe:
      return bpe_model(spec);
    case TokenModel::unigram:
      return unigram_model(spec);
    case TokenModel::wordpiece:
      return wordpiece_model(spec);
  }
  fail(ErrorCode::internal, "unknown token model {}", static_cast<int>(spec.model));
}

Json tokenizer_document(const TokenizerSpec& spec) {
  std::vector<Json> added;
  for (const AddedToken& token : all_added_tokens(spec)) added.push_back(added_token(token, true));
  std::vector<Json> normalizers;
  for (const auto& step : spec.normalizer) normalizers.push_back(normalizer_component(spec, step));
  const bool around = !spec.prefix_ids.empty() || !spec.suffix_ids.empty();
  Json document = {{"version", "1.0"}, {"truncation", nullptr}, {"padding", nullptr}};
  document["added_tokens"] = std::move(added);
  document["normalizer"] = sequence(std::move(normalizers), "normalizers");
  document["pre_tokenizer"] = sequence(pre_tokenizer_components(spec), "pretokenizers");
  document["post_processor"] = around ? template_processing(spec) : Json(nullptr);
  document["decoder"] = sequence(decoder_components(spec), "decoders");
  document["model"] = model_component(spec);
  return document;
}

Json config_document(const TokenizerSpec& spec) {
  Json by_id = Json::object();
  for (const AddedToken& token : all_added_tokens(spec)) {
    append_member(by_id, std::to_string(token.id), added_token(token, false));
  }
  Json config = Json::object();
  config["add_bos_token"] = !spec.prefix_ids.empty();
  config["add_eos_token"] = !spec.suffix_ids.empty();
  config["added_tokens_decoder"] = std::move(by_id);
  const auto name = [&](const char* key, int32_t id) {
    if (id != kNoToken) config[key] = token_text(spec, id);
  };
  name("bos_token", spec.special.bos);
  name("cls_token", spec.special.cls);
  config["clean_up_tokenization_spaces"] = false;
  name("eos_token", spec.special.eos);
  name("mask_token", spec.special.mask);
  config["model_max_length"] = Json::parse(kUnlimitedLength);
  name("pad_token", spec.special.pad);
  name("sep_token", spec.special.sep);
  config["tokenizer_class"] = "PreTrainedTokenizerFast";
  name("unk_token", spec.special.unk);
  return config;
}

std::string dump(const TokenizerSpec& spec, const Json& document) {
  try {
    return document.dump(2) + "\n";
  } catch (const nlohmann::json::exception& error) {
    fail(ErrorCode::bad_input, "{}: a token is not UTF-8, which tokenizer.json cannot hold: {}", spec.source,
         error.what());
  }
}

}  // namespace

std::string to_tokenizer_json(const TokenizerSpec& spec) {
  return spec.tokenizer_json.empty() ? dump(spec, tokenizer_document(spec)) : spec.tokenizer_json;
}

std::string to_tokenizer_config_json(const TokenizerSpec& spec) {
  return spec.tokenizer_config_json.empty() ? dump(spec, config_document(spec)) : spec.tokenizer_config_json;
}

}  // namespace adze::text
