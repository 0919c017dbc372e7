// Any bytes decode with every codec without touching memory outside of their block; any floats are packed into blocks
// that decode to finite numbers, with any importance.
//
// The input: codec; then blocks, which are read as packed bytes and as floats.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <vector>

#include "codecs/codec.h"
#include "codecs/group_codecs.h"

namespace {

using adze::codecs::Codec;

constexpr size_t kMaxBlocks = 40;

std::vector<float> decoded(const Codec& codec, const uint8_t* data, size_t blocks) {
  // Exactly as large as needed, so that a sanitizer sees the first byte beyond.
  std::vector<std::byte> packed(blocks * codec.info.block_bytes);
  if (!packed.empty()) std::memcpy(packed.data(), data, packed.size());
  std::vector<float> values(blocks * codec.info.block_elements);
  codec.decode(packed.data(), values.data(), static_cast<int64_t>(values.size()));
  return values;
}

void encode_and_decode(const Codec& codec, const std::vector<float>& values, const std::vector<float>& importance) {
  std::vector<std::byte> packed(values.size() / codec.info.block_elements * codec.info.block_bytes);
  const auto count = static_cast<int64_t>(values.size());
  codec.encode(values.data(), importance.empty() ? nullptr : importance.data(), packed.data(), count);
  std::vector<float> back(values.size());
  codec.decode(packed.data(), back.data(), count);
  if (codec.info.is_plain()) return;  // floats may be infinite there
  for (const float value : back) {
    if (!std::isfinite(value)) __builtin_trap();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 1) return 0;
  const auto named = adze::codecs::all_codecs();
  const auto samples = adze::codecs::group_codec_samples();
  const size_t choice = data[0] % (named.size() + samples.size());
  const Codec& codec = choice < named.size() ? *named[choice] : *samples[choice - named.size()];
  ++data, --size;
  decoded(codec, data, std::min(size / codec.info.block_bytes, kMaxBlocks));
  if (!codec.encode) return 0;
  const size_t block = codec.info.block_elements;
  std::vector<float> values(std::min((size / 4 + block - 1) / block, kMaxBlocks) * block);
  if (values.empty()) return 0;
  std::memcpy(values.data(), data, std::min(size, values.size() * sizeof(float)));
  encode_and_decode(codec, values, {});
  std::vector<float> importance(values.rbegin(), values.rend());
  encode_and_decode(codec, values, importance);
  return 0;
}
