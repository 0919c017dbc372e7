#include "tensor/packed_bits.h"

#include "tensor/element_types.h"

namespace adze {

size_t packed_bits(StorageType type) {
  if (type == &kI2 || type == &kU2) return 2;
  return type == &kI4 || type == &kU4 || type == &kF4E2M1 ? 4 : 8;
}

void unpack_bits(std::span<const std::byte> packed, StorageType type, std::span<std::byte> numbers) {
  const size_t bits = packed_bits(type), in_a_byte = 8 / bits;
  const bool is_signed = type == &kI2 || type == &kI4;
  const unsigned mask = (1u << bits) - 1, sign = 1u << (bits - 1);
  for (size_t i = 0; i < numbers.size(); ++i) {
    const unsigned code = static_cast<unsigned>(packed[i / in_a_byte]) >> (i % in_a_byte * bits) & mask;
    numbers[i] = static_cast<std::byte>(is_signed && (code & sign) != 0 ? code | ~mask : code);
  }
}

std::vector<std::byte> pack_bits(std::span<const std::byte> numbers, StorageType type) {
  const size_t bits = packed_bits(type), in_a_byte = 8 / bits;
  const auto mask = static_cast<std::byte>((1u << bits) - 1);
  std::vector<std::byte> packed((numbers.size() + in_a_byte - 1) / in_a_byte, std::byte{0});
  for (size_t i = 0; i < numbers.size(); ++i) packed[i / in_a_byte] |= (numbers[i] & mask) << (i % in_a_byte * bits);
  return packed;
}

}  // namespace adze
