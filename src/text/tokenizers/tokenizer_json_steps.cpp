#include "text/tokenizers/tokenizer_json_steps.h"

#include <array>
#include <optional>
#include <utility>

#include "text/tokenizers/standard_patterns.h"

namespace adze::text {
namespace {

constexpr int kMaxNesting = 8;
constexpr size_t kMaxSteps = 1000;

template <typename T>
T option(const Json& component, const char* key, T fallback) {
  return json_value(component, key, std::move(fallback), "tokenizer component");
}

std::string type_of(const Json& component) { return component.at("type").get<std::string>(); }

[[noreturn]] void fail_component(const char* stage, const std::string& type) {
  fail(ErrorCode::unsupported, "the {} \"{}\" is not supported", stage, type);
}

// {"String": "x"} or {"Regex": "x"}
struct Pattern {
  std::string text;
  bool is_regex = false;
};
Pattern read_pattern(const Json& component) {
  const Json& pattern = component.at("pattern");
  if (pattern.is_string()) return {pattern.get<std::string>(), false};
  if (pattern.contains("Regex")) return {pattern.at("Regex").get<std::string>(), true};
  return {pattern.at("String").get<std::string>(), false};
}

// Calls read(member) for the component itself or, in order, for the members of nested sequences.
template <typename Read>
void for_each_component(const Json& component, const char* members_key, int depth, Read&& read) {
  if (component.is_null()) return;
  if (type_of(component) != "Sequence") {
    read(component);
    return;
  }
  if (depth > kMaxNesting) fail(ErrorCode::bad_input, "components are nested deeper than {} levels", kMaxNesting);
  for (const Json& member : component.at(members_key)) for_each_component(member, members_key, depth + 1, read);
}

template <typename Steps>
void check_count(const Steps& steps) {
  if (steps.size() > kMaxSteps) fail(ErrorCode::bad_input, "more than {} steps in a tokenizer stage", kMaxSteps);
}

// ---- normalizers

std::string decode_base64(const std::string& text) {
  std::string out;
  uint32_t bits = 0;
  int count = 0;
  for (const char c : text) {
    uint32_t value = 0;
    if (c >= 'A' && c <= 'Z')
      value = static_cast<uint32_t>(c - 'A');
    else if (c >= 'a' && c <= 'z')
      value = static_cast<uint32_t>(c - 'a' + 26);
    else if (c >= '0' && c <= '9')
      value = static_cast<uint32_t>(c - '0' + 52);
    else if (c == '+')
      value = 62;
    else if (c == '/')
      value = 63;
    else if (c == '=')
      break;
    else
      fail(ErrorCode::bad_input, "precompiled_charsmap is not base64");
    bits = bits << 6 | value;
    count += 6;
    if (count >= 8) {
      count -= 8;
      out.push_back(static_cast<char>(bits >> count & 0xFF));
    }
  }
  return out;
}

NormalizerStep normalizer_step(NormalizerStep::Kind kind, std::string pattern = {}, std::string content = {}) {
  NormalizerStep step;
  step.kind = kind;
  step.pattern = std::move(pattern);
  step.content = std::move(content);
  return step;
}

void read_bert_normalizer(const Json& component, std::vector<NormalizerStep>& steps) {
  using Kind = NormalizerStep::Kind;
  const bool lowercase = option(component, "lowercase", true);
  if (option(component, "clean_text", true)) steps.push_back(normalizer_step(Kind::clean_text));
  if (option(component, "handle_chinese_chars", true)) steps.push_back(normalizer_step(Kind::isolate_cjk));
  if (option(component, "strip_accents", lowercase)) {
    steps.push_back(normalizer_step(Kind::nfd));
    steps.push_back(normalizer_step(Kind::strip_accents));
  }
  if (lowercase) steps.push_back(normalizer_step(Kind::lowercase));
}

NormalizerStep read_replace(const Json& component) {
  Pattern pattern = read_pattern(component);
  const auto kind = pattern.is_regex ? NormalizerStep::Kind::replace_regex : NormalizerStep::Kind::replace_text;
  return normalizer_step(kind, std::move(pattern.text), component.at("content").get<std::string>());
}

std::optional<NormalizerStep::Kind> plain_normalizer(const std::string& type) {
  using Kind = NormalizerStep::Kind;
  static constexpr std::array<std::pair<const char*, Kind>, 6> kPlain{{{"NFC", Kind::nfc},
                                                                       {"NFD", Kind::nfd},
                                                                       {"NFKC", Kind::nfkc},
                                                                       {"NFKD", Kind::nfkd},
                                                                       {"Lowercase", Kind::lowercase},
                                                                       {"StripAccents", Kind::strip_marks}}};
  for (const auto& [name, kind] : kPlain) {
    if (type == name) return kind;
  }
  return std::nullopt;
}

void read_one_normalizer(const Json& component, std::vector<NormalizerStep>& steps) {
  using Kind = NormalizerStep::Kind;
  const std::string type = type_of(component);
  if (const auto plain = plain_normalizer(type)) {
    steps.push_back(normalizer_step(*plain));
  } else if (type == "Prepend") {
    steps.push_back(normalizer_step(Kind::prepend, {}, component.at("prepend").get<std::string>()));
  } else if (type == "Replace") {
    steps.push_back(read_replace(component));
  } else if (type == "Strip") {
    steps.push_back(normalizer_step(Kind::strip_whitespace));
    steps.back().left = option(component, "strip_left", true);
    steps.back().right = option(component, "strip_right", true);
  } else if (type == "Precompiled") {
    const auto map = option(component, "precompiled_charsmap", std::string());
    if (!map.empty()) steps.push_back(normalizer_step(Kind::precompiled, {}, decode_base64(map)));
  } else if (type == "BertNormalizer") {
    read_bert_normalizer(component, steps);
  } else {
    fail_component("normalizer", type);
  }
  check_count(steps);
}

// ---- pre-tokenizers

using PreKind = PreTokenizerStep::Kind;

PreTokenizerStep split_step(PreKind kind, std::string_view pattern, SplitBehavior behavior, bool invert = false) {
  PreTokenizerStep step;
  step.kind = kind;
  step.pattern = pattern;
  step.behavior = behavior;
  step.invert = invert;
  return step;
}

PreTokenizerStep split_step(std::string_view pattern, SplitBehavior behavior, bool invert = false) {
  return split_step(PreKind::split_regex, pattern, behavior, invert);
}

PreTokenizerStep prepend_step(std::string_view text, bool first_only) {
  PreTokenizerStep step;
  step.kind = PreKind::prepend;
  step.pattern = text;
  step.first_only = first_only;
  return step;
}

SplitBehavior read_behavior(const Json& component, const char* fallback) {
  static constexpr std::array<std::pair<const char*, SplitBehavior>, 5> kBehaviors{
      {{"Removed", SplitBehavior::removed},
       {"Isolated", SplitBehavior::isolated},
       {"MergedWithPrevious", SplitBehavior::merged_with_previous},
       {"MergedWithNext", SplitBehavior::merged_with_next},
       {"Contiguous", SplitBehavior::contiguous}}};
  const auto name = option(component, "behavior", std::string(fallback));
  for (const auto& [text, behavior] : kBehaviors) {
    if (name == text) return behavior;
  }
  fail(ErrorCode::bad_input, "unknown split behavior \"{}\"", name);
}

void read_byte_level(const Json& component, std::vector<PreTokenizerStep>& steps) {
  if (option(component, "add_prefix_space", true)) steps.push_back(prepend_step(" ", false));
  if (option(component, "use_regex", true)) steps.push_back(split_step(kGpt2Pattern, SplitBehavior::isolated));
  steps.push_back({PreKind::byte_alphabet, {}, {}});
}

// "always", "first" or "never"; older files have a flag instead.
std::string prepend_scheme(const Json& component) {
  const bool prefix = option(component, "add_prefix_space", true);
  return option(component, "prepend_scheme", std::string(prefix ? "always" : "never"));
}

void read_metaspace(const Json& component, std::vector<PreTokenizerStep>& steps) {
  const auto mark = option(component, "replacement", std::string("\xE2\x96\x81"));
  const std::string scheme = prepend_scheme(component);
  steps.push_back({PreKind::replace_text, " ", mark});
  if (scheme != "never") steps.push_back(prepend_step(mark, scheme == "first"));
  if (option(component, "split", true)) {
    steps.push_back(split_step(PreKind::split_text, mark, SplitBehavior::merged_with_next));
  }
}

void read_one_pre_tokenizer(const Json& component, std::vector<PreTokenizerStep>& steps) {
  const std::string type = type_of(component);
  if (type == "ByteLevel") {
    read_byte_level(component, steps);
  } else if (type == "Metaspace") {
    read_metaspace(component, steps);
  } else if (type == "Split") {
    const Pattern pattern = read_pattern(component);
    const auto kind = pattern.is_regex ? PreKind::split_regex : PreKind::split_text;
    steps.push_back(
        split_step(kind, pattern.text, read_behavior(component, "Isolated"), option(component, "invert", false)));
  } else if (type == "Digits") {
    const bool individual = option(component, "individual_digits", false);
    steps.push_back(split_step(individual ? kDigitPattern : kDigitsPattern, SplitBehavior::isolated));
  } else if (type == "Punctuation") {
    steps.push_back(split_step(kPunctuationPattern, read_behavior(component, "Isolated")));
  } else if (type == "Whitespace") {
    steps.push_back(split_step(kWordOrSymbolsPattern, SplitBehavior::removed, true));
  } else if (type == "WhitespaceSplit") {
    steps.push_back(split_step(kWhitespacePattern, SplitBehavior::removed));
  } else if (type == "BertPreTokenizer") {
    steps.push_back(split_step(kWhitespacePattern, SplitBehavior::removed));
    steps.push_back(split_step(kPunctuationPattern, SplitBehavior::isolated));
  } else if (type == "CharDelimiterSplit") {
    steps.push_back(
        split_step(PreKind::split_text, component.at("delimiter").get<std::string>(), SplitBehavior::removed));
  } else {
    fail_component("pre-tokenizer", type);
  }
  check_count(steps);
}

// ---- decoders

void read_strip(const Json& component, bool fused, std::vector<DecoderStep>& steps) {
  const int start = option(component, "start", 0);
  const int stop = option(component, "stop", 0);
  if (stop != 0 || (start != 0 && !fused)) {
    fail(ErrorCode::unsupported, "the decoder \"Strip\" is supported only for the start of the whole text");
  }
  steps.push_back({DecoderStep::Kind::strip_start, option(component, "content", std::string(" ")), {}, start});
}

void read_one_decoder(const Json& component, bool& fused, std::vector<DecoderStep>& steps) {
  using Kind = DecoderStep::Kind;
  const std::string type = type_of(component);
  if (type == "ByteLevel") {
    steps.push_back({Kind::byte_alphabet, {}, {}});
  } else if (type == "ByteFallback") {
    steps.push_back({Kind::byte_fallback, {}, {}});
  } else if (type == "Fuse") {
    fused = true;
  } else if (type == "Strip") {
    read_strip(component, fused, steps);
  } else if (type == "Replace") {
    const Pattern pattern = read_pattern(component);
    if (pattern.is_regex) fail_component("decoder", "Replace with a regular expression");
    steps.push_back({Kind::replace_text, pattern.text, component.at("content").get<std::string>()});
  } else if (type == "Metaspace") {
    const auto mark = option(component, "replacement", std::string("\xE2\x96\x81"));
    if (prepend_scheme(component) == "never") {
      steps.push_back({Kind::replace_text, mark, " "});
    } else {
      steps.push_back({Kind::metaspace, mark, {}});
    }
  } else if (type == "WordPiece") {
    steps.push_back({Kind::wordpiece, option(component, "prefix", std::string("##")), {}});
    if (option(component, "cleanup", true)) steps.push_back({Kind::clean_wordpiece, {}, {}});
  } else {
    fail_component("decoder", type);
  }
  check_count(steps);
}

// ---- post-processors

void append_template_ids(const Json& special_tokens, const Json& item, std::vector<int32_t>& ids) {
  const Json& token = special_tokens.at(item.at("SpecialToken").at("id").get<std::string>());
  for (const Json& id : token.at("ids")) ids.push_back(id.get<int32_t>());
}

// Of [prefix] A [between] B [suffix]; other orders of two texts have nothing between.
void read_pair_template(const Json& component, AroundIds& around) {
  if (!component.contains("pair")) return;
  int texts = 0;
  for (const Json& item : component.at("pair")) {
    if (item.contains("Sequence")) {
      ++texts;
      if (texts == 2) around.second_type = option(item.at("Sequence"), "type_id", 0);
    } else if (texts == 1) {
      append_template_ids(component.at("special_tokens"), item, around.between);
    }
  }
  if (around.second_type != 0) around.second_type = 1;
}

AroundIds read_template(const Json& component) {
  AroundIds around;
  bool after_text = false;
  for (const Json& item : component.at("single")) {
    if (item.contains("Sequence")) {
      after_text = true;
    } else {
      append_template_ids(component.at("special_tokens"), item, after_text ? around.suffix : around.prefix);
    }
  }
  read_pair_template(component, around);
  return around;
}

// ["</s>", 2]
int32_t read_token_pair(const Json& pair) { return pair.at(1).get<int32_t>(); }

void read_one_post_processor(const Json& component, AroundIds& around) {
  const std::string type = type_of(component);
  AroundIds outer;
  if (type == "TemplateProcessing") {
    outer = read_template(component);
  } else if (type == "BertProcessing" || type == "RobertaProcessing") {
    const bool twice = type == "RobertaProcessing";
    const int32_t end = read_token_pair(component.at("sep"));
    outer = {{read_token_pair(component.at("cls"))}, {end}, {end}, twice ? 0 : 1};
    if (twice) outer.between.push_back(end);
  } else if (type != "ByteLevel") {  // ByteLevel only moves offsets
    fail_component("post-processor", type);
  }
  around.prefix.insert(around.prefix.begin(), outer.prefix.begin(), outer.prefix.end());
  around.suffix.insert(around.suffix.end(), outer.suffix.begin(), outer.suffix.end());
  around.between.insert(around.between.end(), outer.between.begin(), outer.between.end());
  around.second_type = std::max(around.second_type, outer.second_type);
  check_count(around.prefix);
  check_count(around.suffix);
  check_count(around.between);
}

}  // namespace

std::vector<NormalizerStep> read_normalizer(const Json& component) {
  std::vector<NormalizerStep> steps;
  for_each_component(component, "normalizers", 0, [&](const Json& member) { read_one_normalizer(member, steps); });
  return steps;
}

std::vector<PreTokenizerStep> read_pre_tokenizer(const Json& component) {
  std::vector<PreTokenizerStep> steps;
  for_each_component(component, "pretokenizers", 0, [&](const Json& member) { read_one_pre_tokenizer(member, steps); });
  return steps;
}

std::vector<DecoderStep> read_decoder(const Json& component) {
  std::vector<DecoderStep> steps;
  bool fused = false;
  for_each_component(component, "decoders", 0, [&](const Json& member) { read_one_decoder(member, fused, steps); });
  return steps;
}

AroundIds read_post_processor(const Json& component) {
  AroundIds around;
  for_each_component(component, "processors", 0, [&](const Json& member) { read_one_post_processor(member, around); });
  return around;
}

}  // namespace adze::text
