// Tokenizes for the peer scripts: tokenize_tool TOKENIZER [as-gguf|write-json] < requests > answers
// TOKENIZER is a tokenizer.json (a tokenizer_config.json may lie beside it) or a GGUF file; as-gguf takes it through
// GGUF's keys first. A request is one line of JSON, {"text": ..., "add_special": false, "parse_special": true}; the
// answer is {"ids": [...], "text": decoded}. write-json prints it as a tokenizer.json instead.
#include <filesystem>
#include <iostream>
#include <string>

#include "base/file.h"
#include "base/json.h"
#include "formats/gguf/read_gguf.h"
#include "text/tokenizers/gguf_vocabulary.h"
#include "text/tokenizers/tokenizer.h"
#include "text/tokenizers/tokenizer_json.h"

namespace {

using namespace adze;

template <typename T>
void take(const model::KeyValues& keys, const char* key, T& out) {
  const auto* value = keys.find(key);
  if (value != nullptr) out = std::get<T>(*value);
}

text::TokenizerSpec read_gguf_spec(const std::string& path) {
  const model::Model model = formats::read_gguf(path);
  const auto& keys = model.stored_tokenizer;
  text::GgufVocabulary vocabulary;
  vocabulary.source = path;
  take(keys, "tokenizer.ggml.model", vocabulary.model);
  take(keys, "tokenizer.ggml.pre", vocabulary.pre);
  take(keys, "tokenizer.ggml.tokens", vocabulary.tokens);
  take(keys, "tokenizer.ggml.scores", vocabulary.scores);
  take(keys, "tokenizer.ggml.token_type", vocabulary.token_types);
  take(keys, "tokenizer.ggml.merges", vocabulary.merges);
  for (const auto& entry : text::kGgufTokenIdKeys) {
    const auto id = keys.find_int(entry.key);
    if (id) vocabulary.*entry.value = static_cast<uint32_t>(*id);
  }
  for (const auto& entry : text::kGgufFlagKeys) vocabulary.*entry.value = keys.find_bool(entry.key);
  return text::from_gguf_vocabulary(vocabulary);
}

text::TokenizerSpec read_spec(const std::filesystem::path& path) {
  if (formats::is_gguf(path)) return read_gguf_spec(path);
  const auto config = path.parent_path() / "tokenizer_config.json";
  const bool has_config = std::filesystem::exists(config);
  return text::read_tokenizer_json(read_text_file(path), has_config ? read_text_file(config) : std::string(), path);
}

void answer(const text::Tokenizer& tokenizer, const std::string& line) {
  const Json request = parse_json(line, "request");
  text::EncodeOptions options;
  options.add_special = request.value("add_special", false);
  options.parse_special = request.value("parse_special", true);
  const auto ids = tokenizer.encode(request.at("text").get<std::string>(), options);
  const Json reply = {{"ids", ids}, {"text", tokenizer.decode(ids)}};
  std::cout << reply.dump() << "\n";
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc < 2) fail(ErrorCode::bad_input, "usage: tokenize_tool TOKENIZER [as-gguf|write-json] < requests");
    const std::string mode = argc > 2 ? argv[2] : "";
    text::TokenizerSpec spec = read_spec(argv[1]);
    if (mode == "write-json") {
      std::cout << text::to_tokenizer_json(spec);
      return 0;
    }
    if (mode == "as-gguf") spec = text::from_gguf_vocabulary(text::to_gguf_vocabulary(spec));
    const text::Tokenizer tokenizer(std::move(spec));
    for (std::string line; std::getline(std::cin, line);) answer(tokenizer, line);
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
  return 0;
}
