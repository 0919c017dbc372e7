#include "codecs/code_lattice.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "codecs/block_access.h"
#include "codecs/block_layouts.h"
#include "codecs/code_packing.h"
#include "codecs/codec.h"
#include "codecs/six_bit_scales.h"
#include "codecs/uneven_levels.h"

namespace adze::codecs {
namespace {

template <typename Block>
LatticeScales read_scale(const std::byte* packed) {
  LatticeScales scales;
  scales.scale = load_f16(blocks_at<Block>(packed)->scale);
  scales.group_scale[0] = 1;
  return scales;
}

template <typename Block>
LatticeScales read_scale_and_offset(const std::byte* packed) {
  LatticeScales scales = read_scale<Block>(packed);
  scales.minimum = -load_f16(blocks_at<Block>(packed)->offset);
  scales.group_minimum[0] = 1;
  return scales;
}

template <typename Block>
void write_scale(const LatticeScales& scales, std::byte* packed) {
  store_f16(blocks_at<Block>(packed)->scale, scales.scale);
}

template <typename Block>
void write_scale_and_offset(const LatticeScales& scales, std::byte* packed) {
  write_scale<Block>(scales, packed);
  store_f16(blocks_at<Block>(packed)->offset, -scales.minimum);
}

template <typename Block>
void write_scale_and_minimum(const LatticeScales& scales, std::byte* packed) {
  write_scale<Block>(scales, packed);
  store_f16(blocks_at<Block>(packed)->minimum, scales.minimum);
}

template <typename Block>
LatticeScales read_six_bit_scales(const std::byte* packed) {
  LatticeScales scales = read_scale<Block>(packed);
  scales.minimum = load_f16(blocks_at<Block>(packed)->minimum);
  const SixBitScales groups = unpack_six_bit_scales(blocks_at<Block>(packed)->scales);
  std::copy_n(groups.scale, 8, scales.group_scale.begin());
  std::copy_n(groups.minimum, 8, scales.group_minimum.begin());
  return scales;
}

LatticeScales read_q2_k(const std::byte* packed) {
  LatticeScales scales = read_scale<BlockQ2_K>(packed);
  scales.minimum = load_f16(blocks_at<BlockQ2_K>(packed)->minimum);
  for (size_t g = 0; g < 16; ++g) {
    scales.group_scale[g] = static_cast<float>(blocks_at<BlockQ2_K>(packed)->scales[g] & 15);
    scales.group_minimum[g] = static_cast<float>(blocks_at<BlockQ2_K>(packed)->scales[g] >> 4);
  }
  return scales;
}

LatticeScales read_q3_k(const std::byte* packed) {
  LatticeScales scales = read_scale<BlockQ3_K>(packed);
  const uint8_t* bytes = blocks_at<BlockQ3_K>(packed)->scales;
  for (size_t g = 0; g < 16; ++g) {
    const int low = g < 8 ? bytes[g] & 15 : bytes[g - 8] >> 4;
    const int high = bytes[8 + g % 4] >> (2 * (g / 4)) & 3;
    scales.group_scale[g] = static_cast<float>((low | high << 4) - 32);
  }
  return scales;
}

LatticeScales read_q6_k(const std::byte* packed) {
  LatticeScales scales = read_scale<BlockQ6_K>(packed);
  for (size_t g = 0; g < 16; ++g) {
    scales.group_scale[g] = static_cast<float>(static_cast<int8_t>(blocks_at<BlockQ6_K>(packed)->scales[g]));
  }
  return scales;
}

LatticeScales read_iq4_xs(const std::byte* packed) {
  LatticeScales scales = read_scale<BlockIQ4_XS>(packed);
  const auto& block = *blocks_at<BlockIQ4_XS>(packed);
  for (size_t g = 0; g < 8; ++g) {
    const int low = block.scales_low[g / 2] >> (4 * (g % 2)) & 15;
    const int high = load_u16(block.scales_high) >> (2 * g) & 3;
    scales.group_scale[g] = static_cast<float>((low | high << 4) - 32);
  }
  return scales;
}

template <typename Block>
void write_codes(const uint8_t* codes, std::byte* packed) {
  pack_codes(codes, *blocks_at<Block>(packed));
}

constexpr const int8_t* kEven = nullptr;

const std::array kLattices = {
    CodeLattice{&q8_0.info, 32, -127, 127, kEven, false, true, read_scale<BlockQ8_0>, write_scale<BlockQ8_0>,
                write_codes<BlockQ8_0>},
    CodeLattice{&q5_1.info, 32, 0, 31, kEven, true, true, read_scale_and_offset<BlockQ5_1>,
                write_scale_and_offset<BlockQ5_1>, write_codes<BlockQ5_1>},
    CodeLattice{&q5_0.info, 32, -16, 15, kEven, false, true, read_scale<BlockQ5_0>, write_scale<BlockQ5_0>,
                write_codes<BlockQ5_0>},
    CodeLattice{&q4_1.info, 32, 0, 15, kEven, true, true, read_scale_and_offset<BlockQ4_1>,
                write_scale_and_offset<BlockQ4_1>, write_codes<BlockQ4_1>},
    CodeLattice{&q4_0.info, 32, -8, 7, kEven, false, true, read_scale<BlockQ4_0>, write_scale<BlockQ4_0>,
                write_codes<BlockQ4_0>},
    CodeLattice{&q6_k.info, 16, -32, 31, kEven, false, true, read_q6_k, write_scale<BlockQ6_K>, write_codes<BlockQ6_K>},
    CodeLattice{&q5_k.info, 32, 0, 31, kEven, true, true, read_six_bit_scales<BlockQ5_K>,
                write_scale_and_minimum<BlockQ5_K>, write_codes<BlockQ5_K>},
    CodeLattice{&q4_k.info, 32, 0, 15, kEven, true, true, read_six_bit_scales<BlockQ4_K>,
                write_scale_and_minimum<BlockQ4_K>, write_codes<BlockQ4_K>},
    CodeLattice{&q3_k.info, 16, -4, 3, kEven, false, true, read_q3_k, write_scale<BlockQ3_K>, write_codes<BlockQ3_K>},
    CodeLattice{&q2_k.info, 16, 0, 3, kEven, true, true, read_q2_k, write_scale_and_minimum<BlockQ2_K>,
                write_codes<BlockQ2_K>},
    CodeLattice{&iq4_nl.info, 32, 0, 15, kIq4Levels.data(), false, true, read_scale<BlockIQ4_NL>,
                write_scale<BlockIQ4_NL>, write_codes<BlockIQ4_NL>},
    CodeLattice{&iq4_xs.info, 32, 0, 15, kIq4Levels.data(), false, true, read_iq4_xs, write_scale<BlockIQ4_XS>,
                write_codes<BlockIQ4_XS>},
};

}  // namespace

const CodeLattice* code_lattice_of(StorageType storage) {
  const auto found =
      std::find_if(kLattices.begin(), kLattices.end(), [&](const auto& l) { return l.storage == storage; });
  return found == kLattices.end() ? nullptr : &*found;
}

uint8_t nearest_code(const CodeLattice& lattice, float wanted) {
  if (!lattice.uneven_levels) {
    const float level = std::clamp(wanted, static_cast<float>(lattice.lowest), static_cast<float>(lattice.highest));
    // 1.5 * 2^23 leaves no bits for a fraction.
    const float rounded = (level + 12582912.0f) - 12582912.0f;
    return static_cast<uint8_t>(static_cast<int>(rounded) - lattice.lowest);
  }
  uint8_t best = 0;
  for (uint8_t code = 1; code < 16; ++code) {
    if (std::fabs(wanted - lattice.uneven_levels[code]) < std::fabs(wanted - lattice.uneven_levels[best])) best = code;
  }
  return best;
}

float level_of(const CodeLattice& lattice, uint8_t code) {
  return static_cast<float>(lattice.uneven_levels ? lattice.uneven_levels[code] : lattice.lowest + code);
}

}  // namespace adze::codecs
