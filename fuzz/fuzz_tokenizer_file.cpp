// Any bytes as SentencePiece's model, tekken.json or a file of tiktoken, by the first byte: reading, building,
// encoding, decoding and rewriting end in a result or an adze::Error.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/utf8.h"
#include "text/tokenizers/gguf_vocabulary.h"
#include "text/tokenizers/tokenizer.h"
#include "text/tokenizers/tokenizer_file.h"
#include "text/tokenizers/tokenizer_json.h"

namespace {

using namespace adze;

constexpr const char* kNames[] = {"tokenizer.model", "tekken.json", "gpt2.tiktoken"};

void try_out(const text::TokenizerSpec& spec) {
  const text::Tokenizer tokenizer(spec);
  const auto ids = tokenizer.encode("The caf\u00e9's  12 \u2581<s>[INST]\n");
  if (!is_valid_utf8(tokenizer.decode(ids))) __builtin_trap();
  text::read_tokenizer_json(text::to_tokenizer_json(spec), "", "rewritten");
  text::from_gguf_vocabulary(text::to_gguf_vocabulary(spec));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view input(reinterpret_cast<const char*>(data) + 1, size - 1);
  try {
    try_out(text::read_tokenizer_file(input, "", kNames[data[0] % 3]));
  } catch (const Error&) {
  }
  return 0;
}
