// Numbers of fewer than eight bits as graph formats store them: several in a byte, the first in the lowest bits.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "tensor/codec_info.h"

namespace adze {

/// Of one number in a file: 2 or 4; 8 for types that share no byte.
size_t packed_bits(StorageType type);

/// A byte for each number, with the sign of signed types. REQUIRES: packed_bits(type) < 8; bytes for all of `numbers`.
void unpack_bits(std::span<const std::byte> packed, StorageType type, std::span<std::byte> numbers);

/// The other way. What is left of the last byte is 0. REQUIRES: packed_bits(type) < 8.
std::vector<std::byte> pack_bits(std::span<const std::byte> numbers, StorageType type);

}  // namespace adze
