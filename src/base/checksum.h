// A fast 64-bit checksum against damage, not against intent: the same on every machine.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace adze {

/// Of bytes as they lie in memory, several gigabytes per second. `seed` makes the same bytes in another place differ.
inline uint64_t checksum(std::span<const std::byte> bytes, uint64_t seed = 0) {
  static_assert(std::endian::native == std::endian::little);
  constexpr uint64_t kPrime = 0x9E3779B97F4A7C15u, kOther = 0xC2B2AE3D27D4EB4Fu;
  uint64_t lanes[4] = {seed, seed + kPrime, seed ^ kOther, ~seed};
  const auto mix = [](uint64_t lane, uint64_t word) { return std::rotl((lane ^ word) * kPrime, 29); };
  size_t at = 0;
  for (; at + sizeof lanes <= bytes.size(); at += sizeof lanes) {
    uint64_t words[4];
    std::memcpy(words, bytes.data() + at, sizeof words);
    for (int i = 0; i < 4; ++i) lanes[i] = mix(lanes[i], words[i]);
  }
  uint64_t rest[4] = {};
  if (at < bytes.size()) std::memcpy(rest, bytes.data() + at, bytes.size() - at);
  uint64_t sum = bytes.size();
  for (int i = 0; i < 4; ++i) sum = mix(sum ^ mix(lanes[i], rest[i]), kOther);
  return sum ^ sum >> 32;
}

}  // namespace adze
