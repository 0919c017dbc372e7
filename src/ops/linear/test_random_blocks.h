// Random weights in any storage type, for tests and benchmarks.
#pragma once

#include <cstdint>
#include <vector>

#include "codecs/codec.h"
#include "codecs/group_blocks.h"

namespace adze::ops {

/// Fills `bytes` with whole blocks: random codes and scales, f16 numbers within 0.005 .. 0.02 (either sign), so that no
/// value is infinite or NaN. The same bytes for the same seed.
inline void fill_random_blocks(const codecs::Codec& codec, uint64_t seed, std::vector<std::byte>& bytes) {
  struct HalfFields {
    const codecs::Codec* codec;
    int at[2];  // offsets of the f16 numbers in a block; -1: none
  };
  static const HalfFields kFields[] = {
      {&codecs::f16, {0, -1}},    {&codecs::bf16, {-1, -1}},   {&codecs::q4_0, {0, -1}},    {&codecs::q4_1, {0, 2}},
      {&codecs::q5_0, {0, -1}},   {&codecs::q5_1, {0, 2}},     {&codecs::q8_0, {0, -1}},    {&codecs::q2_k, {80, 82}},
      {&codecs::q3_k, {108, -1}}, {&codecs::q4_k, {0, 2}},     {&codecs::q5_k, {0, 2}},     {&codecs::q6_k, {208, -1}},
      {&codecs::iq1_s, {0, -1}},  {&codecs::iq1_m, {54, -1}},  {&codecs::iq2_xxs, {0, -1}}, {&codecs::iq2_xs, {0, -1}},
      {&codecs::iq2_s, {0, -1}},  {&codecs::iq3_xxs, {0, -1}}, {&codecs::iq3_s, {0, -1}},   {&codecs::iq4_nl, {0, -1}},
      {&codecs::iq4_xs, {0, -1}}, {&codecs::tq1_0, {52, -1}},  {&codecs::tq2_0, {64, -1}},  {&codecs::q1_0, {0, -1}},
      {&codecs::q2_0, {0, -1}},
  };
  auto next = [state = seed * 2 + 1]() mutable {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
  };
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(next() >> 24);
  const size_t block_bytes = codec.info.block_bytes;
  const codecs::GroupLayout* group = codecs::group_layout_of(&codec.info);
  for (size_t block = 0; block + block_bytes <= bytes.size(); block += block_bytes) {
    if (group) {
      codecs::MutableGroupBlock fields(*group, bytes.data() + block);
      const auto number = [&] {
        return (next() % 2 ? -1.0f : 1.0f) * (0.005f + 1e-6f * static_cast<float>(next() % 15000));
      };
      codecs::store_scale(group->scale, number(), fields.scale);
      if (group->offset == codecs::GroupOffset::offset) codecs::store_scale(group->scale, number(), fields.offset);
      continue;
    }
    if (&codec == &codecs::f32 || &codec == &codecs::bf16) {  // exponents of 2^-7 .. 2^-6
      bytes[block + block_bytes - 1] = std::byte{0x3c} | (bytes[block + block_bytes - 1] & std::byte{0x80});
      continue;
    }
    if (&codec == &codecs::mxfp4) bytes[block] = static_cast<std::byte>(0x74 + next() % 7);
    for (const HalfFields& fields : kFields) {
      for (const int at : fields.at) {
        if (fields.codec != &codec || at < 0) continue;
        const auto high = static_cast<std::byte>(0x1d + next() % 7) | static_cast<std::byte>(next() % 2 << 7);
        bytes[block + static_cast<size_t>(at) + 1] = high;
      }
    }
  }
}

}  // namespace adze::ops
