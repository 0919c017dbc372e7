// Raw logits of Adze for given tokens, for comparison with other programs.
//   adze_logits MODEL TOKENS.i32 CONTEXT LOGITS.f32 f32|auto|q8_32|q8_256 [ADAPTER]
// Every chunk of CONTEXT tokens starts with an empty cache in f32; LOGITS gets one row per position.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <memory>
#include <string>

#include "adapters/adapter_format.h"
#include "base/error.h"
#include "base/file.h"
#include "codecs/codec.h"
#include "formats/format.h"
#include "runtime/session.h"

namespace {

using namespace adze;

std::vector<int32_t> read_tokens(const std::string& path) {
  const auto bytes = read_text_file(path);
  std::vector<int32_t> tokens(bytes.size() / sizeof(int32_t));
  std::memcpy(tokens.data(), bytes.data(), tokens.size() * sizeof(int32_t));
  return tokens;
}

void write_logits(runtime::Session& session, std::span<const int32_t> tokens, int64_t context, const char* path) {
  std::ofstream out(path, std::ios::binary);
  for (size_t begin = 0; begin < tokens.size(); begin += static_cast<size_t>(context)) {
    const auto sequence = session.add_sequence();
    auto chunk = tokens.subspan(begin, std::min(tokens.size() - begin, static_cast<size_t>(context)));
    while (!chunk.empty()) {
      const auto part = chunk.first(std::min(chunk.size(), static_cast<size_t>(session.batch_tokens())));
      const runtime::SequenceWork work{sequence, part, runtime::LogitsWanted::all};
      const auto logits = session.run({&work, 1});
      out.write(reinterpret_cast<const char*>(logits.values),
                static_cast<std::streamsize>(sizeof(float)) * logits.rows * logits.vocabulary);
      chunk = chunk.subspan(part.size());
    }
    session.remove_sequence(sequence);
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6 && argc != 7) {
    std::fprintf(stderr, "usage: adze_logits MODEL TOKENS.i32 CONTEXT LOGITS.f32 f32|auto|q8_32|q8_256 [ADAPTER]\n");
    return 2;
  }
  try {
    const int64_t context = std::atoll(argv[3]);
    const auto policy = passes::activation_policy_named(argv[5]);
    auto base = formats::read_model(argv[1], {.tokenizer = false});
    std::vector<runtime::AppliedAdapter> applied;
    if (argc == 7) applied.push_back({std::make_shared<model::Adapter>(adapters::read_adapter(argv[6], base))});
    auto model = std::make_shared<runtime::LoadedModel>(std::move(base), policy, runtime::WeightMemory::packed,
                                                        passes::default_pipeline(), applied);
    runtime::SessionOptions options;
    options.context_tokens = context;
    options.batch_tokens = 128;
    options.kv_storage = &codecs::f32.info;
    runtime::Session session(model, options);
    write_logits(session, read_tokens(argv[2]), context, argv[4]);
  } catch (const Error& error) {
    std::fprintf(stderr, "adze_logits: %s\n", error.what());
    return 1;
  }
}
