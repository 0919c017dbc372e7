// lint: foreign names: llama.cpp names its pre-tokenizers after the models that brought them
#include "text/tokenizers/gguf_pre_tokenizers.h"

#include <algorithm>

#include "text/tokenizers/bpe_model.h"
#include "text/tokenizers/byte_alphabet.h"
#include "text/tokenizers/standard_patterns.h"

namespace adze::text {
namespace {

// The patterns of the tokenizer.json files that llama.cpp's ids stand for, in Oniguruma syntax.
constexpr std::string_view kLlama3 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kQwen2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kQwen35 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?[\p{L}\p{M}]+|\p{N}| ?[^\s\p{L}\p{M}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kNoContractions =
    R"([^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kSeedCoder =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1}| ?[^\s\p{L}\p{N}\r\n]+|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kJais2 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s{512}(?!\S)|\s{256}(?!\S)|\s{128}(?!\S)|\s{64}(?!\S)|\s{32}(?!\S)|\s{16}(?!\S)|\s{8}(?!\S)|\s{4}(?!\S)|\s{1,2}(?!\S)|\s{1})";
constexpr std::string_view kMiniCpm5 =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}+| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kBailingMoe =
    R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]|\s+(?!\S)|\s+)";
constexpr std::string_view kExaoneMoe =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?(?:\p{L}\p{M}*(?: \p{L}\p{M}*)*)+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]?|\s*[\r\n]|\s+(?!\S)|\s+)";
constexpr std::string_view kTekken =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kGpt4o =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kYoutu =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kKimiK2 =
    R"([\p{Han}]+|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]+[\p{Ll}\p{Lm}\p{Lo}\p{M}&&[^\p{Han}]]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kBloom = R"( ?[^(\s|[.,!?…。，、।۔،])]+)";

constexpr std::string_view kUpTo3Digits = R"(\p{N}{1,3})";
constexpr std::string_view k3Digits = "[0-9][0-9][0-9]";
constexpr std::string_view kEachNewline = R"([\r\n])";
constexpr std::string_view kCjkAndHangul = "[一-龥ࠀ-一가-퟿]+";
constexpr std::string_view kCjkAndKana = "[一-龥぀-ゟ゠-ヿ]+";
constexpr std::string_view kDeepSeekLetters =
    R"(\s?[A-Za-zµÀ-ÖØ-öø-ƺƼ-ƿǄ-ʓʕ-ʯͰ-ͳͶͷͻ-ͽͿΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ҁҊ-ԯԱ-ՖႠ-ჅᎠ-Ᏽᏸ-ᏽᲐ-ᲺᲽ-Ჿᴀ-ᴫᵫ-ᵷᵹ-ᶚḀ-ἕἘ-Ἕἠ-ὅὈ-Ὅὐ-ὗὙὛὝὟ-ώᾀ-ᾴᾶ-ᾼιῂ-ῄῆ-ῌῐ-ΐῖ-Ίῠ-Ῥῲ-ῴῶ-ῼℂℇℊ-ℓℕℙ-ℝℤΩℨK-ℭℯ-ℴℹℼ-ℿⅅ-ⅉⅎↃↄⰀ-ⱻⱾ-ⳤⳫ-ⳮⳲⳳꙀ-ꙭꚀ-ꚛꜢ-ꝯꝱ-ꞇꞋ-ꞎꭰ-ꮿﬀ-ﬆﬓ-ﬗＡ-Ｚａ-ｚ𐐀-𐑏𐒰-𐓓𐓘-𐓻𐲀-𐲲𐳀-𐳲𑢠-𑣟𞤀-𞥃]+)";
constexpr std::string_view kDeepSeekSymbols = R"(\s?[!-/:-~！-／：-～‘-‟　-。]+)";
constexpr std::string_view kDeepSeek3 =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kSpark =
    R"([!"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+|[\r\n]|\s+(?!\S)|\s+)";
constexpr std::string_view kYoutuScripts =
    R"([가-힣ㄱ-ㆎ]+|[！…“”‘’—：；，、-〿︰-﹏]+|[ㄅ-ㄯ]+|[一-龥぀-ゟ゠-ヿ]+)";
constexpr std::string_view kGroupsOf3FromTheRight = R"(\d{1,3}(?=(?:\d{3})*\b))";
constexpr std::string_view kBefore3DigitsFromTheRight = R"((?=(\d{3})+(?!\d)))";
constexpr std::string_view kPunctuationRuns = R"((?:[\p{P}$+<=>^`|~])+)";

GgufPreTokenizer row(std::vector<std::string_view> ids, std::vector<std::string_view> patterns) {
  return {std::move(ids), std::move(patterns)};
}

GgufPreTokenizer tidy(GgufPreTokenizer row) {
  row.clean_spaces = true;
  return row;
}

GgufPreTokenizer whole_words(GgufPreTokenizer row) {
  row.ignore_merges = true;
  return row;
}

GgufPreTokenizer with_bos(GgufPreTokenizer row) {
  row.add_bos = true;
  return row;
}

// Of rows that do the same, the first is the one that deduce_gguf_pre finds.
const std::vector<GgufPreTokenizer>& table() {
  static const std::vector<GgufPreTokenizer> kTable = {
      tidy(row({"gpt-2", "phi-2", "mpt", "olmo", "jais", "gigachat", "jina-es", "jina-de", "jina-v2-es", "jina-v2-de",
                "jina-v1-en", "jina-v2-code", "roberta-bpe", "a.x-4.0", "mellum", "modern-bert", "exaone4"},
               {kGpt2Pattern})),
      row({"trillion", "granite-docling"}, {kGpt2Pattern}),
      row({"smollm", "command-r"}, {kDigitPattern, kGpt2Pattern}),
      tidy(row({"starcoder", "refact", "codeshell", "exaone", "minerva-7b", "mellum2"}, {kDigitPattern, kGpt2Pattern})),
      with_bos(whole_words(tidy(row(
          {"llama-bpe", "llama3", "llama-v3", "falcon3", "falcon-h1", "pixtral", "midm-2.0", "lfm2", "jina-v5-nano"},
          {kLlama3})))),
      tidy(row({"dbrx", "smaug-bpe", "chatglm-bpe"}, {kLlama3})),
      whole_words(tidy(row({"glm4", "glm5"}, {kLlama3}))),
      row({"qwen2", "deepseek-r1-qwen", "kormo", "f2llmv2", "megrez", "hunyuan", "solar-open", "grok-2"}, {kQwen2}),
      tidy(row({"stablelm2"}, {kQwen2})),
      row({"qwen35"}, {kQwen35}),
      row({"ufakzeka"}, {kNoContractions}),
      row({"seed-coder"}, {kSeedCoder}),
      tidy(row({"jais-2"}, {kJais2})),
      whole_words(tidy(row({"minicpm5"}, {kUpTo3Digits, kMiniCpm5}))),
      row({"bailingmoe", "bailingmoe2", "llada-moe"}, {kBailingMoe}),
      tidy(row({"exaone-moe"}, {kExaoneMoe})),
      with_bos(whole_words(row({"tekken"}, {kTekken}))),
      row({"gpt-4o", "llama4", "kanana2", "talkie", "minimax-m2"}, {kGpt4o}),
      whole_words(row({"granite-embed-multi-97m"}, {kGpt4o})),
      row({"tiny_aya", "cohere2moe"}, {kGroupsOf3FromTheRight, kGpt4o}),
      row({"kimi-k2"}, {kKimiK2}),
      row({"superbpe"}, {kDigitsPattern, kBefore3DigitsFromTheRight}),
      row({"deepseek-llm"},
          {kEachNewline, kDeepSeekLetters, kDeepSeekSymbols, R"(\s+$)", kCjkAndHangul, kDigitPattern}),
      row({"deepseek-coder"}, {kEachNewline, R"(\s?\p{L}+)", R"(\s?\p{P}+)", kCjkAndHangul, kDigitPattern}),
      row({"deepseek-v3", "hunyuan-dense", "joyai-llm", "hy_v4"}, {kUpTo3Digits, kCjkAndKana, kDeepSeek3}),
      row({"spark2_5"}, {kUpTo3Digits, kCjkAndKana, kSpark, kDigitPattern}),
      whole_words(row({"youtu"}, {kYoutuScripts, kYoutu})),
      row({"laguna"}, {R"([^\n]+|[\n]+)", kQwen2}),
      tidy(row({"falcon"}, {kPunctuationRuns, kGpt2Pattern, k3Digits})),
      tidy(row({"default"}, {kPunctuationRuns, kGpt2Pattern, kDigitsPattern, k3Digits})),
      row({"poro-chat"}, {kBloom}),
      tidy(row({"bloom", "gpt3-finnish"}, {kBloom})),
      row({"viking"}, {kBloom, kDigitPattern}),
      with_bos(row({"chameleon"}, {"<sentinel:[0-9]+>", "(IMGIMG)((A|B|C|D|E|F|G|H|I){1,4})Z", R"(([\t\n]|    |  ))",
                                   kDigitPattern, R"([\p{P}!-/:-@\[-`{-~])", kGpt2Pattern})),
  };
  return kTable;
}

// What the steps of a spec come to in the terms of the table; empty if they do more than isolate patterns.
std::vector<std::string> isolating_patterns(const TokenizerSpec& spec) {
  std::vector<std::string> patterns;
  for (const PreTokenizerStep& step : spec.pre_tokenizer) {
    if (step.kind == PreTokenizerStep::Kind::byte_alphabet) continue;
    const bool split = step.kind == PreTokenizerStep::Kind::split_regex;
    // Removing what is between matches is the same where the pattern matches everything, as these do.
    const bool isolates = (step.behavior == SplitBehavior::isolated && !step.invert) ||
                          (step.behavior == SplitBehavior::removed && step.invert);
    if (split && isolates) {
      patterns.push_back(step.pattern);
    } else if (split && step.behavior == SplitBehavior::contiguous && !step.invert) {
      patterns.push_back("(?:" + step.pattern + ")+");
    } else {
      return {};
    }
  }
  return patterns;
}

bool same_patterns(const GgufPreTokenizer& row, const std::vector<std::string>& patterns) {
  return std::equal(row.patterns.begin(), row.patterns.end(), patterns.begin(), patterns.end());
}

const GgufPreTokenizer* best_row(const TokenizerSpec& spec, const std::vector<std::string>& patterns,
                                 bool ignore_merges) {
  const GgufPreTokenizer* best = nullptr;
  for (const GgufPreTokenizer& entry : table()) {
    if (entry.ignore_merges != ignore_merges || !same_patterns(entry, patterns)) continue;
    if (best == nullptr) best = &entry;
    if (entry.clean_spaces == spec.clean_up_spaces && best->clean_spaces != spec.clean_up_spaces) best = &entry;
  }
  return best;
}

// Then it is the same whether a word that is a token is taken whole or merged.
bool merges_make_all_tokens(const TokenizerSpec& spec) {
  TokenizerSpec merging = spec;
  merging.ignore_merges = false;
  const BpeModel model(merging);
  Scratch scratch;
  std::vector<int32_t> ids;
  return std::ranges::all_of(spec.tokens, [&](const VocabularyToken& token) {
    const auto bytes = bytes_of_alphabet(token.text);
    if (token.type != TokenType::normal || !bytes) return true;
    ids.clear();
    model.encode(*bytes, scratch, ids);
    return ids.size() == 1;
  });
}

}  // namespace

std::span<const GgufPreTokenizer> gguf_pre_tokenizers() { return table(); }

const GgufPreTokenizer* find_gguf_pre_tokenizer(std::string_view id) {
  if (id.empty()) id = "default";
  for (const GgufPreTokenizer& entry : table()) {
    if (std::find(entry.ids.begin(), entry.ids.end(), id) != entry.ids.end()) return &entry;
  }
  return nullptr;
}

std::string deduce_gguf_pre(const TokenizerSpec& spec) {
  if (!spec.gguf_pre.empty()) return spec.gguf_pre;
  const auto patterns = isolating_patterns(spec);
  const GgufPreTokenizer* best = best_row(spec, patterns, spec.ignore_merges);
  if (best == nullptr) {
    best = best_row(spec, patterns, !spec.ignore_merges);
    if (best != nullptr && !merges_make_all_tokens(spec)) best = nullptr;
  }
  return best == nullptr ? std::string() : std::string(best->ids.front());
}

}  // namespace adze::text
