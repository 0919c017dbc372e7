// Tokenizes for the peer scripts: tokenize_tool TOKENIZER [as-gguf|write-json|write-gguf PATH] < requests > answers
// TOKENIZER is a file of any kind that Adze reads (a tokenizer_config.json may lie beside it) or a GGUF file; as-gguf
// takes it through GGUF's keys first. A request is one line of JSON, {"text": ..., "add_special": false,
// "parse_special": true}, or {"ids": [...]}, with "skip_special": false for decoding; the answer is {"ids": [...],
// "text": decoded}. write-json prints it as a tokenizer.json instead, write-gguf writes a GGUF file that has a
// vocabulary alone.
#include <filesystem>
#include <iostream>
#include <string>

#include "base/file.h"
#include "base/json.h"
#include "formats/gguf/read_gguf.h"
#include "formats/gguf/write_gguf.h"
#include "text/tokenizers/gguf_vocabulary.h"
#include "text/tokenizers/tokenizer.h"
#include "text/tokenizers/tokenizer_file.h"
#include "text/tokenizers/tokenizer_json.h"

namespace {

using namespace adze;

text::TokenizerSpec read_spec(const std::filesystem::path& path) {
  if (formats::is_gguf(path)) return *formats::read_gguf(path).tokenizer;
  const auto config = path.parent_path() / "tokenizer_config.json";
  const bool has_config = std::filesystem::exists(config);
  return text::read_tokenizer_file(read_text_file(path), has_config ? read_text_file(config) : std::string(), path);
}

void answer(const text::Tokenizer& tokenizer, const std::string& line) {
  const Json request = parse_json(line, "request");
  text::EncodeOptions options;
  options.add_special = request.value("add_special", false);
  options.parse_special = request.value("parse_special", true);
  const auto ids = request.contains("ids") ? request["ids"].get<std::vector<int32_t>>()
                                           : tokenizer.encode(request.at("text").get<std::string>(), options);
  const bool skip_special = request.value("skip_special", false);
  const Json reply = {{"ids", ids}, {"text", tokenizer.decode(ids, {.skip_special = skip_special})}};
  std::cout << reply.dump() << "\n";
}

// The settings are those that llama.cpp wants to find before it looks at the vocabulary.
void write_vocabulary(const text::TokenizerSpec& spec, const std::string& path) {
  model::Model model;
  model.architecture = "llama";
  for (const char* key : {"context_length", "embedding_length", "block_count", "feed_forward_length",
                          "attention.head_count", "vocab_size"}) {
    model.config.set(key, 32u);
  }
  model.config.set("vocab_size", static_cast<uint32_t>(spec.tokens.size()));
  model.config.set("attention.layer_norm_rms_epsilon", 1e-5f);
  model.tokenizer = std::make_shared<const text::TokenizerSpec>(spec);
  formats::write_gguf(model, path);
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
    if (mode == "write-gguf" && argc > 3) {
      write_vocabulary(spec, argv[3]);
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
