#include "codecs/code_lattice.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <utility>

#include "codecs/block_access.h"
#include "codecs/block_layouts.h"
#include "codecs/code_packing.h"
#include "codecs/codec.h"
#include "codecs/float8.h"
#include "codecs/group_blocks.h"
#include "codecs/group_codecs.h"
#include "codecs/lane_fit.h"
#include "codecs/six_bit_scales.h"
#include "codecs/uneven_levels.h"

namespace adze::codecs {
namespace {

template <typename Block>
LatticeScales read_scale(const CodeLattice&, const std::byte* packed) {
  LatticeScales scales;
  scales.scale = load_f16(blocks_at<Block>(packed)->scale);
  scales.group_scale[0] = 1;
  return scales;
}

template <typename Block>
LatticeScales read_scale_and_offset(const CodeLattice& lattice, const std::byte* packed) {
  LatticeScales scales = read_scale<Block>(lattice, packed);
  scales.minimum = -load_f16(blocks_at<Block>(packed)->offset);
  scales.group_minimum[0] = 1;
  return scales;
}

template <typename Block>
void write_scale(const CodeLattice&, const LatticeScales& scales, std::byte* packed) {
  store_f16(blocks_at<Block>(packed)->scale, scales.scale);
}

template <typename Block>
void write_scale_and_offset(const CodeLattice& lattice, const LatticeScales& scales, std::byte* packed) {
  write_scale<Block>(lattice, scales, packed);
  store_f16(blocks_at<Block>(packed)->offset, -scales.minimum);
}

template <typename Block>
void write_scale_and_minimum(const CodeLattice& lattice, const LatticeScales& scales, std::byte* packed) {
  write_scale<Block>(lattice, scales, packed);
  store_f16(blocks_at<Block>(packed)->minimum, scales.minimum);
}

template <typename Block>
LatticeScales read_six_bit_scales(const CodeLattice& lattice, const std::byte* packed) {
  LatticeScales scales = read_scale<Block>(lattice, packed);
  scales.minimum = load_f16(blocks_at<Block>(packed)->minimum);
  const SixBitScales groups = unpack_six_bit_scales(blocks_at<Block>(packed)->scales);
  std::copy_n(groups.scale, 8, scales.group_scale.begin());
  std::copy_n(groups.minimum, 8, scales.group_minimum.begin());
  return scales;
}

LatticeScales read_q2_k(const CodeLattice& lattice, const std::byte* packed) {
  LatticeScales scales = read_scale<BlockQ2_K>(lattice, packed);
  scales.minimum = load_f16(blocks_at<BlockQ2_K>(packed)->minimum);
  for (size_t g = 0; g < 16; ++g) {
    scales.group_scale[g] = static_cast<float>(blocks_at<BlockQ2_K>(packed)->scales[g] & 15);
    scales.group_minimum[g] = static_cast<float>(blocks_at<BlockQ2_K>(packed)->scales[g] >> 4);
  }
  return scales;
}

LatticeScales read_q3_k(const CodeLattice& lattice, const std::byte* packed) {
  LatticeScales scales = read_scale<BlockQ3_K>(lattice, packed);
  const uint8_t* bytes = blocks_at<BlockQ3_K>(packed)->scales;
  for (size_t g = 0; g < 16; ++g) {
    const int low = g < 8 ? bytes[g] & 15 : bytes[g - 8] >> 4;
    const int high = bytes[8 + g % 4] >> (2 * (g / 4)) & 3;
    scales.group_scale[g] = static_cast<float>((low | high << 4) - 32);
  }
  return scales;
}

LatticeScales read_q6_k(const CodeLattice& lattice, const std::byte* packed) {
  LatticeScales scales = read_scale<BlockQ6_K>(lattice, packed);
  for (size_t g = 0; g < 16; ++g) {
    scales.group_scale[g] = static_cast<float>(static_cast<int8_t>(blocks_at<BlockQ6_K>(packed)->scales[g]));
  }
  return scales;
}

LatticeScales read_iq4_xs(const CodeLattice& lattice, const std::byte* packed) {
  LatticeScales scales = read_scale<BlockIQ4_XS>(lattice, packed);
  const auto& block = *blocks_at<BlockIQ4_XS>(packed);
  for (size_t g = 0; g < 8; ++g) {
    const int low = block.scales_low[g / 2] >> (4 * (g % 2)) & 15;
    const int high = load_u16(block.scales_high) >> (2 * g) & 3;
    scales.group_scale[g] = static_cast<float>((low | high << 4) - 32);
  }
  return scales;
}

LatticeScales read_mxfp4(const CodeLattice&, const std::byte* packed) {
  LatticeScales scales;
  scales.scale = e8m0_to_f32(blocks_at<BlockMXFP4>(packed)->exponent);
  scales.group_scale[0] = 1;
  return scales;
}

void write_mxfp4(const CodeLattice&, const LatticeScales& scales, std::byte* packed) {
  store_scale(GroupScale::e8m0, scales.scale, &blocks_at<BlockMXFP4>(packed)->exponent);
}

LatticeScales read_nvfp4(const CodeLattice&, const std::byte* packed) {
  LatticeScales scales;
  scales.scale = 1;
  for (size_t g = 0; g < 4; ++g) {
    const uint8_t byte = blocks_at<BlockNVFP4>(packed)->scales[g] & 0x7F;
    scales.group_scale[g] = byte == 0x7F ? 0 : e4m3_to_f32(byte);
  }
  return scales;
}

void write_nvfp4(const CodeLattice&, const LatticeScales& scales, std::byte* packed) {
  for (int g = 0; g < 4; ++g) store_scale(GroupScale::e4m3, scales.step(g), &blocks_at<BlockNVFP4>(packed)->scales[g]);
}

template <typename Block>
void read_codes(const CodeLattice&, const std::byte* packed, uint8_t* codes) {
  unpack_codes(*blocks_at<Block>(packed), codes);
}

template <typename Block>
void write_codes(const CodeLattice&, const uint8_t* codes, std::byte* packed) {
  pack_codes(codes, *blocks_at<Block>(packed));
}

// Encoders count from -127 on, but a file may hold -128.
void read_q8_0(const CodeLattice&, const std::byte* packed, uint8_t* codes) {
  for (int j = 0; j < kBlockElements; ++j) {
    codes[j] = static_cast<uint8_t>(blocks_at<BlockQ8_0>(packed)->codes[j] ^ 0x80);
  }
}

void write_q8_0(const CodeLattice&, const uint8_t* codes, std::byte* packed) {
  for (int j = 0; j < kBlockElements; ++j) {
    blocks_at<BlockQ8_0>(packed)->codes[j] = static_cast<uint8_t>(codes[j] ^ 0x80);
  }
}

// Tables of integers as floats.
template <size_t... kCode>
constexpr std::array<float, 16> as_floats(const std::array<int8_t, 16>& levels, std::index_sequence<kCode...>) {
  return {static_cast<float>(levels[kCode])...};
}
constexpr auto kIq4FloatLevels = as_floats(kIq4Levels, std::make_index_sequence<16>());

template <typename Block>
constexpr CodeLattice::Access access_to(LatticeScales (*read)(const CodeLattice&, const std::byte*),
                                        void (*write)(const CodeLattice&, const LatticeScales&, std::byte*)) {
  return {read, write, read_codes<Block>, write_codes<Block>};
}
template <typename Block>
constexpr auto kScale = access_to<Block>(read_scale<Block>, write_scale<Block>);
template <typename Block>
constexpr auto kScaleAndOffset = access_to<Block>(read_scale_and_offset<Block>, write_scale_and_offset<Block>);
template <typename Block>
constexpr auto kSixBitScales = access_to<Block>(read_six_bit_scales<Block>, write_scale_and_minimum<Block>);
constexpr CodeLattice::Access kQ8_0{read_scale<BlockQ8_0>, write_scale<BlockQ8_0>, read_q8_0, write_q8_0};
constexpr auto kQ6K = access_to<BlockQ6_K>(read_q6_k, write_scale<BlockQ6_K>);
constexpr auto kQ3K = access_to<BlockQ3_K>(read_q3_k, write_scale<BlockQ3_K>);
constexpr auto kQ2K = access_to<BlockQ2_K>(read_q2_k, write_scale_and_minimum<BlockQ2_K>);
constexpr auto kIq4Xs = access_to<BlockIQ4_XS>(read_iq4_xs, write_scale<BlockIQ4_XS>);
constexpr auto kMxfp4 = access_to<BlockMXFP4>(read_mxfp4, write_mxfp4);
constexpr auto kNvfp4 = access_to<BlockNVFP4>(read_nvfp4, write_nvfp4);

constexpr std::span<const float> kEven;

const std::array kLattices = {
    CodeLattice{&q8_0.info, 32, -128, 127, kEven, false, nearest_f16, kQ8_0, nullptr, 1},
    CodeLattice{&q5_1.info, 32, 0, 31, kEven, true, nearest_f16, kScaleAndOffset<BlockQ5_1>},
    CodeLattice{&q5_0.info, 32, -16, 15, kEven, false, nearest_f16, kScale<BlockQ5_0>},
    CodeLattice{&q4_1.info, 32, 0, 15, kEven, true, nearest_f16, kScaleAndOffset<BlockQ4_1>},
    CodeLattice{&q4_0.info, 32, -8, 7, kEven, false, nearest_f16, kScale<BlockQ4_0>},
    CodeLattice{&q6_k.info, 16, -32, 31, kEven, false, nearest_f16, kQ6K},
    CodeLattice{&q5_k.info, 32, 0, 31, kEven, true, nearest_f16, kSixBitScales<BlockQ5_K>},
    CodeLattice{&q4_k.info, 32, 0, 15, kEven, true, nearest_f16, kSixBitScales<BlockQ4_K>},
    CodeLattice{&q3_k.info, 16, -4, 3, kEven, false, nearest_f16, kQ3K},
    CodeLattice{&q2_k.info, 16, 0, 3, kEven, true, nearest_f16, kQ2K},
    CodeLattice{&iq4_nl.info, 32, 0, 15, kIq4FloatLevels, false, nearest_f16, kScale<BlockIQ4_NL>},
    CodeLattice{&iq4_xs.info, 32, 0, 15, kIq4FloatLevels, false, nearest_f16, kIq4Xs},
    CodeLattice{&mxfp4.info, 32, 0, 15, group_level_table(GroupLevels::e2m1), false, nullptr, kMxfp4},
    CodeLattice{&nvfp4.info, 16, 0, 15, group_level_table(GroupLevels::e2m1), false, nullptr, kNvfp4},
};

}  // namespace

const CodeLattice* code_lattice_of(StorageType storage) {
  const auto found =
      std::find_if(kLattices.begin(), kLattices.end(), [&](const auto& l) { return l.storage == storage; });
  return found == kLattices.end() ? find_group_lattice(storage) : &*found;
}

uint8_t nearest_code(const CodeLattice& lattice, float wanted) {
  if (lattice.levels.empty()) {
    const float level =
        std::clamp(wanted, static_cast<float>(lattice.smallest_choice()), static_cast<float>(lattice.highest));
    // 1.5 * 2^23 leaves no bits for a fraction.
    const float rounded = (level + 12582912.0f) - 12582912.0f;
    return static_cast<uint8_t>(static_cast<int>(rounded) - lattice.lowest);
  }
  if (lattice.layout) return nearest_level_code(lattice.layout->levels, wanted);
  uint8_t best = 0;
  for (uint8_t code = 1; code < 16; ++code) {
    if (std::fabs(wanted - lattice.levels[code]) < std::fabs(wanted - lattice.levels[best])) best = code;
  }
  return best;
}

float level_of(const CodeLattice& lattice, uint8_t code) {
  return lattice.levels.empty() ? static_cast<float>(lattice.lowest + code) : lattice.levels[code];
}

}  // namespace adze::codecs
