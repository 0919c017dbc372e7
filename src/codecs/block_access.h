// Reading and writing the fields of a block.
#pragma once

#include <cstddef>
#include <cstdint>

#include "tensor/half.h"

namespace adze::codecs {

template <typename Block>
const Block* blocks_at(const std::byte* packed) {
  static_assert(alignof(Block) == 1);
  return reinterpret_cast<const Block*>(packed);
}

template <typename Block>
Block* blocks_at(std::byte* packed) {
  static_assert(alignof(Block) == 1);
  return reinterpret_cast<Block*>(packed);
}

/// Decodes blocks of kElements numbers one after another.
template <typename Block, int kElements, void (*decode_block)(const Block&, float*)>
void decode_blocks(const std::byte* packed, float* values, int64_t count) {
  const auto* blocks = blocks_at<Block>(packed);
  for (int64_t b = 0; b < count / kElements; ++b) decode_block(blocks[b], values + b * kElements);
}

inline uint16_t load_u16(const uint8_t* bytes) { return static_cast<uint16_t>(bytes[0] | bytes[1] << 8); }

inline uint32_t load_u32(const uint8_t* bytes) {
  return load_u16(bytes) | static_cast<uint32_t>(load_u16(bytes + 2)) << 16;
}

inline float load_f16(const uint8_t* bytes) { return f16_to_f32(load_u16(bytes)); }

inline void store_u16(uint8_t* bytes, uint16_t value) {
  bytes[0] = static_cast<uint8_t>(value);
  bytes[1] = static_cast<uint8_t>(value >> 8);
}

inline void store_u32(uint8_t* bytes, uint32_t value) {
  store_u16(bytes, static_cast<uint16_t>(value));
  store_u16(bytes + 2, static_cast<uint16_t>(value >> 16));
}

inline void store_f16(uint8_t* bytes, float value) { store_u16(bytes, f32_to_f16(value)); }

}  // namespace adze::codecs
