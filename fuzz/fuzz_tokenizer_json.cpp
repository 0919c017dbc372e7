// Any bytes as tokenizer.json: reading, building, encoding, decoding and rewriting, also as graphs of OpenVINO, end in
// a result or an adze::Error. What comes after a zero byte is the text to encode.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/error.h"
#include "base/utf8.h"
#include "formats/openvino_tokenizer/write_tokenizer_ir.h"
#include "text/tokenizers/gguf_vocabulary.h"
#include "text/tokenizers/tokenizer.h"
#include "text/tokenizers/tokenizer_json.h"

namespace {

using namespace adze;

void round_trip(const text::Tokenizer& tokenizer, std::string_view input) {
  const auto ids = tokenizer.encode(input);
  if (!is_valid_utf8(tokenizer.decode(ids))) __builtin_trap();
}

void rewrite_as_graphs(const text::Tokenizer& tokenizer) {
  try {
    formats::tokenizer_graphs(tokenizer, {.context_length = 64});
  } catch (const Error& error) {
    if (error.code() != ErrorCode::unsupported) __builtin_trap();
  }
}

void rewrite(text::TokenizerSpec spec) {
  spec.tokenizer_json.clear();
  const auto written = text::to_tokenizer_json(spec);
  text::read_tokenizer_json(written, "", "rewritten");
  text::from_gguf_vocabulary(text::to_gguf_vocabulary(spec));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto json = input.substr(0, input.find('\0'));
  const auto text = json.size() < size ? input.substr(json.size() + 1) : std::string_view("The caf\u00e9's 12  <s>\n");
  try {
    auto spec = text::read_tokenizer_json(json, "", "fuzz");
    const text::Tokenizer tokenizer(spec);
    round_trip(tokenizer, text);
    rewrite_as_graphs(tokenizer);
    rewrite(std::move(spec));
  } catch (const Error&) {
  }
  return 0;
}
