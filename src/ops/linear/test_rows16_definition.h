// The rows16 packing code by code, as rows16.h describes it: what the fast packer is compared with. Packing for the
// types whose codes are fields; reading for all.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "codecs/block_access.h"
#include "codecs/block_layouts.h"
#include "codecs/codec.h"
#include "codecs/six_bit_scales.h"
#include "ops/linear/rows16_packing.h"

namespace adze::ops::by_definition {

using codecs::load_u16;

// One row's share of a record. Codes are unsigned: the number code - zero_point is stored as code.
struct RowRecord {
  uint8_t codes[256];
  uint16_t scale;
  uint16_t minimum;
  int8_t group_scales[16];
  uint8_t group_minima[16];
  uint8_t scale_pairs[16];
};

// ---- from the bytes of each storage type

inline void read_nibbles(const uint8_t* low, uint8_t* codes) {
  for (int j = 0; j < 16; ++j) {
    codes[j] = low[j] & 15;
    codes[j + 16] = low[j] >> 4;
  }
}

inline void add_fifth_bits(const uint8_t* high, uint8_t* codes) {
  for (int j = 0; j < 32; ++j) codes[j] = static_cast<uint8_t>(codes[j] | (high[j / 8] >> (j % 8) & 1) << 4);
}

// The minimum is what is subtracted; the file has an offset to add.
inline uint16_t negated(uint16_t half) { return half ^ 0x8000u; }

inline void read_q4_0(const codecs::BlockQ4_0& block, RowRecord& row) {
  row.scale = load_u16(block.scale);
  read_nibbles(block.low, row.codes);
}

inline void read_q4_1(const codecs::BlockQ4_1& block, RowRecord& row) {
  row.scale = load_u16(block.scale);
  row.minimum = negated(load_u16(block.offset));
  read_nibbles(block.low, row.codes);
}

inline void read_q5_0(const codecs::BlockQ5_0& block, RowRecord& row) {
  row.scale = load_u16(block.scale);
  read_nibbles(block.low, row.codes);
  add_fifth_bits(block.high, row.codes);
}

inline void read_q5_1(const codecs::BlockQ5_1& block, RowRecord& row) {
  row.scale = load_u16(block.scale);
  row.minimum = negated(load_u16(block.offset));
  read_nibbles(block.low, row.codes);
  add_fifth_bits(block.high, row.codes);
}

inline void read_q8_0(const codecs::BlockQ8_0& block, RowRecord& row) {
  row.scale = load_u16(block.scale);
  for (int j = 0; j < 32; ++j) row.codes[j] = block.codes[j] ^ 0x80;
}

// Codes whose two low bits lie as in Q2_K and Q3_K: each half of 128 codes in 32 bytes.
inline void read_crumbs(const uint8_t* low, uint8_t* codes) {
  for (int part = 0; part < 8; ++part) {
    const uint8_t* bytes = low + part / 4 * 32;
    for (int j = 0; j < 32; ++j) codes[32 * part + j] = bytes[j] >> (part % 4 * 2) & 3;
  }
}

// Adds bit `to` of 256 codes: that of code 32 k + j is bit k of byte j.
inline void add_high_bits(const uint8_t* high, int to, uint8_t* codes) {
  for (int part = 0; part < 8; ++part) {
    uint8_t* some = codes + 32 * part;
    for (int j = 0; j < 32; ++j) some[j] = static_cast<uint8_t>(some[j] | (high[j] >> part & 1) << to);
  }
}

inline void read_q2_k(const codecs::BlockQ2_K& block, RowRecord& row) {
  row.scale = load_u16(block.scale);
  row.minimum = load_u16(block.minimum);
  std::memcpy(row.scale_pairs, block.scales, 16);
  read_crumbs(block.low, row.codes);
}

inline void read_q3_k(const codecs::BlockQ3_K& block, RowRecord& row) {
  row.scale = load_u16(block.scale);
  for (int group = 0; group < 16; ++group) {
    const int low = block.scales[group % 8] >> (group / 8 * 4) & 15;
    const int high = block.scales[8 + group % 4] >> (group / 4 * 2) & 3;
    row.group_scales[group] = static_cast<int8_t>((low | high << 4) - 32);
  }
  read_crumbs(block.low, row.codes);
  add_high_bits(block.high, 2, row.codes);
}

template <typename Block>
void read_six_bit_scales(const Block& block, RowRecord& row) {
  row.scale = load_u16(block.scale);
  row.minimum = load_u16(block.minimum);
  const auto scales = codecs::unpack_six_bit_scales(block.scales);
  std::memcpy(row.group_scales, scales.scale, 8);
  std::memcpy(row.group_minima, scales.minimum, 8);
}

// Codes whose four low bits lie as in Q4_K and Q5_K: each 64 codes in 32 bytes.
inline void read_wide_nibbles(const uint8_t* low, uint8_t* codes) {
  for (int part = 0; part < 8; ++part) {
    const uint8_t* bytes = low + part / 2 * 32;
    for (int j = 0; j < 32; ++j) codes[32 * part + j] = bytes[j] >> (part % 2 * 4) & 15;
  }
}

inline void read_q4_k(const codecs::BlockQ4_K& block, RowRecord& row) {
  read_six_bit_scales(block, row);
  read_wide_nibbles(block.low, row.codes);
}

inline void read_q5_k(const codecs::BlockQ5_K& block, RowRecord& row) {
  read_six_bit_scales(block, row);
  read_wide_nibbles(block.low, row.codes);
  add_high_bits(block.high, 4, row.codes);
}

inline void read_q6_k(const codecs::BlockQ6_K& block, RowRecord& row) {
  row.scale = load_u16(block.scale);
  std::memcpy(row.group_scales, block.scales, 16);
  for (int part = 0; part < 8; ++part) {
    const uint8_t* low = block.low + part / 4 * 64 + part % 2 * 32;
    const uint8_t* high = block.high + part / 4 * 32;
    for (int j = 0; j < 32; ++j) {
      const int low_bits = low[j] >> (part % 4 / 2 * 4) & 15;
      const int high_bits = high[j] >> (part % 4 * 2) & 3;
      row.codes[32 * part + j] = static_cast<uint8_t>(low_bits | high_bits << 4);
    }
  }
}

// ---- to the planes of a group

// Codes of 16 rows in the order of the planes: quad q, row r, number i of the quad.
struct BlockCodes {
  uint8_t quads[kQuads][kPlaneBytes];
};

inline void write_planes(const BlockCodes& codes, int shift, int bits, uint8_t* planes) {
  const int in_plane = kQuads / bits;  // quads that share a plane
  const int mask = (1 << bits) - 1;
  for (int q = 0; q < kQuads; ++q) {
    const int plane = bits == 4 ? q % 4 : q / in_plane;
    const int at = bits * (bits == 4 ? q / 4 : q % in_plane);
    uint8_t* out = planes + plane * kPlaneBytes;
    for (int i = 0; i < kPlaneBytes; ++i) {
      out[i] = static_cast<uint8_t>(out[i] | (codes.quads[q][i] >> shift & mask) << at);
    }
  }
}

inline void write_header(const Rows16Layout& layout, const RowRecord& row, int lane, uint8_t* header) {
  codecs::store_u16(header + 2 * lane, row.scale);
  header += 2 * kGroupRows;
  if (layout.has_minima) {
    codecs::store_u16(header + 2 * lane, row.minimum);
    header += 2 * kGroupRows;
  }
  if (layout.group_scales == GroupScales::none) return;
  const int groups = layout.record_blocks * layout.scales_per_block;
  const bool pairs = layout.group_scales == GroupScales::nibble_pairs;
  for (int g = 0; g < groups; ++g) {
    header[g * kGroupRows + lane] = pairs ? row.scale_pairs[g] : static_cast<uint8_t>(row.group_scales[g]);
  }
  if (pairs || !layout.has_minima) return;
  header += groups * kGroupRows;
  for (int g = 0; g < groups; ++g) header[g * kGroupRows + lane] = row.group_minima[g];
}

// `record` must be zero. Rows beyond `rows` stay zero: scale 0.
template <typename Block, void (*kRead)(const Block&, RowRecord&)>
void pack_record(const Rows16Layout& layout, const Block* const* row_blocks, int64_t rows, uint8_t* record) {
  BlockCodes codes[8] = {};
  RowRecord row = {};
  for (int lane = 0; lane < static_cast<int>(rows); ++lane) {
    kRead(*row_blocks[lane], row);
    write_header(layout, row, lane, record);
    for (int b = 0; b < layout.record_blocks; ++b) {
      for (int q = 0; q < kQuads; ++q) {
        std::memcpy(codes[b].quads[q] + 4 * lane, row.codes + kBlockNumbers * b + 4 * q, 4);
      }
    }
  }
  uint8_t* planes = record + header_bytes(layout);
  for (int b = 0; b < layout.record_blocks; ++b, planes += block_bytes(layout)) {
    write_planes(codes[b], 0, layout.low_bits, planes);
    if (layout.high_bits) {
      write_planes(codes[b], layout.low_bits, layout.high_bits, planes + kPlaneBytes * layout.low_bits);
    }
  }
}

struct Rows {
  const std::byte* source;
  int64_t count;
  int64_t length;
};

template <typename Block, void (*kRead)(const Block&, RowRecord&)>
void pack_records(const Rows16Layout& layout, const Rows& rows, std::byte* group) {
  const int64_t records = rows.length / (kBlockNumbers * layout.record_blocks);
  const auto* blocks = codecs::blocks_at<Block>(rows.source);
  const Block* row_blocks[kGroupRows] = {};
  for (int64_t r = 0; r < records; ++r) {
    for (int64_t lane = 0; lane < rows.count; ++lane) row_blocks[lane] = blocks + lane * records + r;
    pack_record<Block, kRead>(layout, row_blocks, rows.count, reinterpret_cast<uint8_t*>(group));
    group += record_bytes(layout);
  }
}

template <typename Number>
void pack_plain(const Rows& rows, std::byte* group) {
  for (int64_t lane = 0; lane < rows.count; ++lane) {
    const std::byte* row = rows.source + lane * rows.length * static_cast<int64_t>(sizeof(Number));
    for (int64_t k = 0; k < rows.length; ++k) {
      std::memcpy(group + (k * kGroupRows + lane) * static_cast<int64_t>(sizeof(Number)),
                  row + k * static_cast<int64_t>(sizeof(Number)), sizeof(Number));
    }
  }
}

struct DefinedType {
  const codecs::Codec* codec;
  void (*pack)(const Rows16Layout& layout, const Rows& rows, std::byte* group);
};

inline const DefinedType kDefinedTypes[] = {
    {&codecs::q4_0, pack_records<codecs::BlockQ4_0, read_q4_0>},
    {&codecs::q4_1, pack_records<codecs::BlockQ4_1, read_q4_1>},
    {&codecs::q5_0, pack_records<codecs::BlockQ5_0, read_q5_0>},
    {&codecs::q5_1, pack_records<codecs::BlockQ5_1, read_q5_1>},
    {&codecs::q8_0, pack_records<codecs::BlockQ8_0, read_q8_0>},
    {&codecs::q2_k, pack_records<codecs::BlockQ2_K, read_q2_k>},
    {&codecs::q3_k, pack_records<codecs::BlockQ3_K, read_q3_k>},
    {&codecs::q4_k, pack_records<codecs::BlockQ4_K, read_q4_k>},
    {&codecs::q5_k, pack_records<codecs::BlockQ5_K, read_q5_k>},
    {&codecs::q6_k, pack_records<codecs::BlockQ6_K, read_q6_k>},
};

inline bool is_defined(const codecs::Codec& codec) {
  return std::ranges::any_of(kDefinedTypes, [&](const DefinedType& type) { return type.codec == &codec; });
}

/// Packs a group code by code. `group` is zero.
inline void pack_group_by_definition(const codecs::Codec& codec, const Rows& rows, std::byte* group) {
  for (const DefinedType& type : kDefinedTypes) {
    if (type.codec == &codec) return type.pack(*rows16_layout(&codec.info), rows, group);
  }
  if (codec.info.block_bytes == 4) return pack_plain<uint32_t>(rows, group);
  pack_plain<uint16_t>(rows, group);
}

// ---- from a record back to numbers

inline int code_at(const Rows16Layout& layout, const uint8_t* planes, int lane, int number) {
  const int quad = number / 4;
  const int byte = 4 * lane + number % 4;
  const auto field = [&](const uint8_t* first, int bits) {
    const int in_plane = kQuads / bits;
    const int plane = bits == 4 ? quad % 4 : quad / in_plane;
    const int shift = bits * (bits == 4 ? quad / 4 : quad % in_plane);
    return first[plane * kPlaneBytes + byte] >> shift & ((1 << bits) - 1);
  };
  int code = field(planes, layout.low_bits);
  if (layout.high_bits) code |= field(planes + kPlaneBytes * layout.low_bits, layout.high_bits) << layout.low_bits;
  return code;
}

struct PartScales {
  float scale;
  float minimum;
};

inline PartScales float_scales_at(const uint8_t* header, int lane) {
  PartScales scales;
  std::memcpy(&scales.scale, header + 4 * lane, 4);
  std::memcpy(&scales.minimum, header + 4 * (kGroupRows + lane), 4);
  return scales;
}

inline float own_scale(GroupScales kind, uint8_t byte) {
  if (kind == GroupScales::e8m0)
    return byte > 232 ? std::numeric_limits<float>::quiet_NaN() : std::ldexp(1.0f, byte - 128);
  const int exponent = byte >> 3;
  return std::ldexp(exponent ? 8.0f + (byte & 7) : byte & 7, (exponent ? exponent : 1) - 11);
}

inline PartScales scales_at(const Rows16Layout& layout, const uint8_t* header, int lane, int part) {
  const int parts = layout.record_blocks * layout.scales_per_block;
  if (layout.group_scales == GroupScales::floats) return float_scales_at(header, lane);
  if (has_own_scales(layout)) return {own_scale(layout.group_scales, header[part * kGroupRows + lane]), 0};
  PartScales scales{std::ldexp(codecs::load_f16(header + 2 * lane), layout.scale_exponent), 0};
  header += 2 * kGroupRows;
  if (layout.has_minima) {
    scales.minimum = codecs::load_f16(header + 2 * lane);
    header += 2 * kGroupRows;
  }
  const uint8_t byte = header[part * kGroupRows + lane];
  if (layout.group_scales == GroupScales::nibble_pairs) {
    return {scales.scale * static_cast<float>(byte & 15), scales.minimum * static_cast<float>(byte >> 4)};
  }
  if (layout.group_scales == GroupScales::none) return scales;
  scales.scale *= static_cast<float>(static_cast<int8_t>(byte));
  if (layout.has_minima) scales.minimum *= static_cast<float>(header[(parts + part) * kGroupRows + lane]);
  return scales;
}

/// The numbers of row `lane` of a packed group.
inline std::vector<float> read_row(const Rows16Layout& layout, const std::byte* group, int lane, int64_t length) {
  const auto* record = reinterpret_cast<const uint8_t*>(group);
  std::vector<float> row;
  const int numbers = layout.record_blocks * kBlockNumbers;
  for (int64_t first = 0; first < length; first += numbers, record += record_bytes(layout)) {
    for (int i = 0; i < numbers; ++i) {
      const int block = i / kBlockNumbers;
      const uint8_t* planes = record + header_bytes(layout) + block * block_bytes(layout);
      const int code = code_at(layout, planes, lane, i % kBlockNumbers);
      const int level =
          layout.levels == Levels::even ? code - layout.zero_point : level_table(layout.levels).levels[code];
      const PartScales scales = scales_at(layout, record, lane, i * layout.scales_per_block / kBlockNumbers);
      const float product = scales.scale * static_cast<float>(level);
      row.push_back(layout.has_minima ? product - scales.minimum : product);
    }
  }
  return row;
}

}  // namespace adze::ops::by_definition
