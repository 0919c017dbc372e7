#include <cmath>

#include "codecs/codec.h"
#include "runtime/tiny_model_for_test.h"
#include "text/tokenizers/byte_alphabet.h"
#include "text/tokenizers/gguf_vocabulary.h"

namespace adze::runtime {
namespace {

constexpr int64_t kFeatures = 64;
constexpr int64_t kHidden = 96;
constexpr int64_t kHeads = 4;
constexpr int64_t kKeyHeads = 2;
constexpr int64_t kHeadDim = 16;

class RandomWeights {
 public:
  model::Tensor matrix(std::string name, int64_t rows, int64_t columns, StorageType storage) {
    std::vector<float> values(static_cast<size_t>(rows * columns));
    for (float& value : values) value = next() / std::sqrt(static_cast<float>(columns)) * 1.7f;
    std::vector<std::byte> bytes(static_cast<size_t>(rows * row_bytes(*storage, columns)));
    for (int64_t row = 0; row < rows; ++row) {
      codecs::codec_of(storage).encode(values.data() + row * columns, nullptr,
                                       bytes.data() + row * row_bytes(*storage, columns), columns);
    }
    return model::owned_tensor(std::move(name), {rows, columns}, storage, std::move(bytes));
  }
  model::Tensor norm(std::string name) {
    auto tensor = matrix(std::move(name), 1, kFeatures, &codecs::f32.info);
    tensor.shape = Shape{kFeatures};
    return tensor;
  }

 private:
  float next() {  // in [-1, 1)
    state_ = state_ * 6364136223846793005ull + 1442695040888963407ull;
    return static_cast<float>(static_cast<int32_t>(state_ >> 32)) * 0x1p-31f;
  }
  uint64_t state_ = 42;
};

text::GgufVocabulary letters() {
  text::GgufVocabulary vocabulary;
  vocabulary.source = "test";
  vocabulary.model = "gpt2";
  vocabulary.pre = "gpt-2";
  for (int i = 0; i + 1 < kTinyVocabulary; ++i) {
    vocabulary.tokens.emplace_back();
    text::append_byte_alphabet(std::string(1, static_cast<char>('0' + i)), vocabulary.tokens.back());
  }
  vocabulary.tokens.emplace_back("01");
  vocabulary.merges = {"0 1"};
  vocabulary.token_types.assign(vocabulary.tokens.size(), 1);
  return vocabulary;
}

}  // namespace

std::shared_ptr<const text::TokenizerSpec> tiny_tokenizer() {
  return std::make_shared<text::TokenizerSpec>(text::from_gguf_vocabulary(letters()));
}

std::shared_ptr<const text::TokenizerSpec> tiny_tokenizer_ending_with(uint32_t token) {
  auto vocabulary = letters();
  vocabulary.eos_id = token;
  return std::make_shared<text::TokenizerSpec>(text::from_gguf_vocabulary(vocabulary));
}

model::Model tiny_model(StorageType storage) {
  model::Model tiny;
  tiny.source = "tiny";
  tiny.architecture = "llama";
  tiny.config.set("block_count", uint32_t{2});
  tiny.config.set("embedding_length", static_cast<uint32_t>(kFeatures));
  tiny.config.set("feed_forward_length", static_cast<uint32_t>(kHidden));
  tiny.config.set("attention.head_count", static_cast<uint32_t>(kHeads));
  tiny.config.set("attention.head_count_kv", static_cast<uint32_t>(kKeyHeads));
  tiny.config.set("attention.layer_norm_rms_epsilon", 1e-5f);
  RandomWeights random;
  tiny.tensors.add(random.matrix("token_embd.weight", kTinyVocabulary, kFeatures, storage));
  tiny.tensors.add(random.norm("output_norm.weight"));
  for (int layer = 0; layer < 2; ++layer) {
    const auto name = [&](const char* part) { return "blk." + std::to_string(layer) + "." + part + ".weight"; };
    tiny.tensors.add(random.norm(name("attn_norm")));
    tiny.tensors.add(random.matrix(name("attn_q"), kHeads * kHeadDim, kFeatures, storage));
    tiny.tensors.add(random.matrix(name("attn_k"), kKeyHeads * kHeadDim, kFeatures, storage));
    tiny.tensors.add(random.matrix(name("attn_v"), kKeyHeads * kHeadDim, kFeatures, storage));
    tiny.tensors.add(random.matrix(name("attn_output"), kFeatures, kHeads * kHeadDim, storage));
    tiny.tensors.add(random.norm(name("ffn_norm")));
    tiny.tensors.add(random.matrix(name("ffn_gate"), kHidden, kFeatures, storage));
    tiny.tensors.add(random.matrix(name("ffn_up"), kHidden, kFeatures, storage));
    tiny.tensors.add(random.matrix(name("ffn_down"), kFeatures, kHidden, storage));
  }
  return tiny;
}

}  // namespace adze::runtime
