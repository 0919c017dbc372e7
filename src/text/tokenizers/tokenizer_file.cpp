#include "text/tokenizers/tokenizer_file.h"

#include <filesystem>

#include "base/error.h"
#include "text/tokenizers/sentencepiece_model.h"
#include "text/tokenizers/tekken_json.h"
#include "text/tokenizers/tiktoken_file.h"
#include "text/tokenizers/tokenizer_json.h"

namespace adze::text {
namespace {

TokenizerSpec read_named_tiktoken(std::string_view bytes, const std::string& path) {
  if (const auto* encoding = find_tiktoken_encoding(path)) return read_tiktoken(bytes, *encoding, path);
  std::string names;
  for (const auto& encoding : tiktoken_encodings()) names += (names.empty() ? "" : ", ") + std::string(encoding.name);
  fail(ErrorCode::unsupported,
       "{}: tiktoken's files do not say how text is split; name it after its encoding, which may be {}", path, names);
}

}  // namespace

TokenizerSpec read_tokenizer_file(std::string_view bytes, std::string_view tokenizer_config_json,
                                  const std::string& path) {
  const std::string name = std::filesystem::path(path).filename().string();
  const bool is_json = name.ends_with(".json");
  if (is_json && !name.starts_with("tekken")) return read_tokenizer_json(bytes, tokenizer_config_json, path);
  TokenizerSpec spec = is_json                      ? read_tekken_json(bytes, path)
                       : looks_like_tiktoken(bytes) ? read_named_tiktoken(bytes, path)
                                                    : read_sentencepiece_model(bytes, path);
  if (!tokenizer_config_json.empty()) apply_tokenizer_config(tokenizer_config_json, spec);
  return spec;
}

}  // namespace adze::text
