// lint: foreign names: encodings of tiktoken, and those that models brought in the same form
#include "text/tokenizers/standard_patterns.h"
#include "text/tokenizers/tiktoken_file.h"

namespace adze::text {
namespace {

// tiktoken's patterns in Oniguruma syntax: "$" is the end of the text there.
constexpr std::string_view kCl100k =
    R"('(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++\z|\s*[\r\n]|\s+(?!\S)|\s)";
constexpr std::string_view kO200k =
    R"([^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
constexpr std::string_view kQwen =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";

using ControlTokens = std::vector<std::pair<std::string, int32_t>>;

// "<|extra_0|>", "<|extra_1|>" … from `id` on.
void add_numbered(const std::string& name, int count, int32_t id, ControlTokens& tokens) {
  for (int i = 0; i < count; ++i) tokens.emplace_back("<|" + name + "_" + std::to_string(i) + "|>", id + i);
}

ControlTokens qwen_tokens() {
  ControlTokens tokens = {{"<|endoftext|>", 151643}, {"<|im_start|>", 151644}, {"<|im_end|>", 151645}};
  add_numbered("extra", 205, 151646, tokens);
  return tokens;
}

}  // namespace

std::span<const TiktokenEncoding> tiktoken_encodings() {
  static const std::vector<TiktokenEncoding> kEncodings = {
      {"cl100k_base",
       kCl100k,
       {{"<|endoftext|>", 100257},
        {"<|fim_prefix|>", 100258},
        {"<|fim_middle|>", 100259},
        {"<|fim_suffix|>", 100260},
        {"<|endofprompt|>", 100276}}},
      {"gpt2", kGpt2Pattern, {{"<|endoftext|>", 50256}}},
      {"o200k_base", kO200k, {{"<|endoftext|>", 199999}, {"<|endofprompt|>", 200018}}},
      {"p50k_base", kGpt2Pattern, {{"<|endoftext|>", 50256}}},
      {"qwen", kQwen, qwen_tokens()},
      {"r50k_base", kGpt2Pattern, {{"<|endoftext|>", 50256}}},
  };
  return kEncodings;
}

}  // namespace adze::text
