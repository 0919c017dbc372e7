#include "ops/linear/rows16_packing.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "codecs/block_access.h"
#include "codecs/block_layouts.h"
#include "codecs/codec.h"
#include "ops/linear/rows16_block_readers.h"
#include "ops/linear/rows16_group_codecs.h"
#include "ops/linear/rows16_words.h"

namespace adze::ops {
namespace {

using codecs::load_u16;
using codecs::load_u32;

constexpr int kMaxWords = 32;  // of one field of a block in the file: 128 bytes
constexpr int kMaxBlockBytes = 256;
constexpr int kMaxNumbers = 256;  // of a record

// ---- what a storage type looks like in the file

// How the codes lie in the words of a field. Quad q of block b of 32 numbers:
enum class FieldOrder : uint8_t {
  none,
  planes,           // the words are planes already, block behind block
  bit_string,       // word b, bit j is of number j
  nibbles_per_64,   // word 8 (b / 2) + q, bit 4 (b % 2)
  nibbles_per_128,  // word 16 (b / 4) + 8 (b % 2) + q, bit 4 (b % 4 / 2)
  crumbs_per_128,   // word 8 (b / 4) + q, bit 2 (b % 4)
  bits_per_256,     // word q, bit b
};

struct Field {
  FieldOrder order = FieldOrder::none;
  size_t at = 0;  // its first byte in the block
  int words = 0;  // of four bytes
};

struct PackableType {
  const codecs::Codec* codec;
  Rows16Layout layout;
  Field low = {};
  Field high = {};
  /// In place of fields: a byte with the code of each number of a record.
  void (*read_codes)(const uint8_t* block, uint8_t* codes) = nullptr;
  size_t scale_at = 0;       // of the f16 in the block
  size_t minimum_at = 0;     // where there are minima
  bool adds_offset = false;  // the file has an offset to add, records a minimum to subtract
  /// In place of scale_at.
  uint16_t (*read_scale)(const uint8_t* block) = nullptr;
  /// The bytes of a row, at most 16, in the group scales of a record: scales (then minima), or pairs.
  void (*read_group_scales)(const uint8_t* block, uint8_t* bytes) = nullptr;
};

// ---- scales

template <size_t kAt>
void copy_scales(const uint8_t* block, uint8_t* bytes) {
  std::memcpy(bytes, block + kAt, kGroupRows);
}

// As codecs::unpack_six_bit_scales, four at a time.
void read_six_bit_scales(const uint8_t* block, uint8_t* bytes) {
  const uint8_t* packed = block + offsetof(codecs::BlockQ4_K, scales);
  const uint32_t scales = load_u32(packed);
  const uint32_t minima = load_u32(packed + 4);
  const uint32_t low_bits = load_u32(packed + 8);
  codecs::store_u32(bytes, scales & 0x3F3F3F3Fu);
  codecs::store_u32(bytes + 4, (low_bits & 0x0F0F0F0Fu) | (scales >> 6 & 0x03030303u) << 4);
  codecs::store_u32(bytes + 8, minima & 0x3F3F3F3Fu);
  codecs::store_u32(bytes + 12, (low_bits >> 4 & 0x0F0F0F0Fu) | (minima >> 6 & 0x03030303u) << 4);
}

// Scale g has its low bits in nibble g / 8 of byte g % 8, its high bits in byte 8 + g % 4; 32 stands for 0.
void read_q3_k_scales(const uint8_t* block, uint8_t* bytes) {
  const uint8_t* packed = block + offsetof(codecs::BlockQ3_K, scales);
  const uint32_t high_bits = load_u32(packed + 8);
  for (int part = 0; part < 4; ++part) {
    const uint32_t low = load_u32(packed + part % 2 * 4) >> (part / 2 * 4) & 0x0F0F0F0Fu;
    const uint32_t code = low | (high_bits >> (2 * part) & 0x03030303u) << 4;
    codecs::store_u32(bytes + 4 * part, ((code | 0x80808080u) - 0x20202020u) ^ 0x80808080u);
  }
}

using RowPointers = std::array<const uint8_t*, kGroupRows>;

uint16_t scale_of(const PackableType& type, const uint8_t* block) {
  return type.read_scale ? type.read_scale(block) : load_u16(block + type.scale_at);
}

// Lanes beyond `rows` get zeros.
void write_header(const PackableType& type, const RowPointers& blocks, int rows, uint8_t* header) {
  const Rows16Layout& layout = type.layout;
  if (rows < kGroupRows) std::memset(header, 0, static_cast<size_t>(header_bytes(layout)));
  if (!has_own_scales(layout)) {
    for (int lane = 0; lane < rows; ++lane) codecs::store_u16(header + 2 * lane, scale_of(type, blocks[lane]));
    header += 2 * kGroupRows;
  }
  if (layout.has_minima) {
    const uint16_t flip = type.adds_offset ? 0x8000 : 0;
    for (int lane = 0; lane < rows; ++lane) {
      codecs::store_u16(header + 2 * lane, load_u16(blocks[lane] + type.minimum_at) ^ flip);
    }
    header += 2 * kGroupRows;
  }
  if (!type.read_group_scales) return;
  uint8_t bytes[kGroupRows][kGroupRows] = {};
  for (int lane = 0; lane < rows; ++lane) type.read_group_scales(blocks[lane], bytes[lane]);
  uint8_t transposed[kGroupRows * kGroupRows];
  transpose_bytes(bytes, transposed);
  std::memcpy(header, transposed, static_cast<size_t>(group_scale_bytes(layout)));
}

// ---- codes

struct FieldPlace {
  int word;
  int shift;
};

FieldPlace place_of_block(FieldOrder order, int block) {
  switch (order) {
    case FieldOrder::nibbles_per_64:
      return {block / 2 * 8, block % 2 * 4};
    case FieldOrder::nibbles_per_128:
      return {block / 4 * 16 + block % 2 * 8, block % 4 / 2 * 4};
    case FieldOrder::crumbs_per_128:
      return {block / 4 * 8, block % 4 * 2};
    case FieldOrder::bits_per_256:
      return {0, block};
    case FieldOrder::none:
    case FieldOrder::planes:
    case FieldOrder::bit_string:
      break;
  }
  return {0, 0};
}

template <int kBits>
void pack_field(const Field& field, const RowPointers& rows, uint8_t* words, const FieldPlanes& planes) {
  gather_words(rows.data(), field.at, field.words, words);
  for (int block = 0; block < planes.blocks; ++block) {
    const FieldPlace place = place_of_block(field.order, block);
    spread_field<kBits>(words + place.word * kPlaneBytes, place.shift, planes.first + block * planes.stride);
  }
}

void pack_bit_strings(const Field& field, const RowPointers& rows, const FieldPlanes& planes) {
  for (int word = 0; word < field.words; ++word) {
    uint8_t* plane = planes.first + word * planes.stride;
    for (int lane = 0; lane < kGroupRows; ++lane) std::memcpy(plane + 4 * lane, rows[lane] + field.at + 4 * word, 4);
    spread_bit_string(plane);
  }
}

// Q8_0 is stored with its zero point at 128.
void pack_bytes(const Field& field, const RowPointers& blocks, uint8_t* planes) {
  gather_words(blocks.data(), field.at, field.words, planes);
  for (int at = 0; at < field.words * kPlaneBytes; at += 16) store(planes + at, load<Bytes16>(planes + at) ^ 0x80);
}

// By way of a byte for each code. Lanes beyond `rows` get zeros.
void pack_read_codes(const PackableType& type, const RowPointers& blocks, int rows, uint8_t* planes) {
  const Rows16Layout& layout = type.layout;
  uint8_t codes[kGroupRows][kMaxNumbers];
  RowPointers code_rows;
  for (size_t lane = 0; lane < kGroupRows; ++lane) {
    code_rows[lane] = codes[lane];
    if (static_cast<int>(lane) < rows) {
      type.read_codes(blocks[lane], codes[lane]);
    } else {
      std::memset(codes[lane], 0, sizeof codes[lane]);
    }
  }
  uint8_t words[kMaxNumbers / 4 * kPlaneBytes];
  gather_words(code_rows.data(), 0, layout.record_blocks * kQuads, words);
  const FieldPlanes low{planes, layout.record_blocks, block_bytes(layout)};
  if (layout.low_bits == 4) return spread_byte_codes<4>(words, 0, low);
  spread_byte_codes<2>(words, 0, low);
  if (layout.high_bits == 0) return;
  spread_byte_codes<1>(words, 2, {planes + 2 * kPlaneBytes, low.blocks, low.stride});
}

// `words` has room for kMaxWords word rows.
void pack_fields(const PackableType& type, const RowPointers& blocks, uint8_t* words, uint8_t* planes) {
  const FieldPlanes low{planes, type.layout.record_blocks, block_bytes(type.layout)};
  const FieldPlanes high{planes + kPlaneBytes * type.layout.low_bits, low.blocks, low.stride};
  if (type.layout.low_bits == 8) {
    pack_bytes(type.low, blocks, planes);
  } else if (type.low.order == FieldOrder::planes) {
    gather_words(blocks.data(), type.low.at, type.low.words, planes);
  } else if (type.low.order == FieldOrder::bit_string) {
    pack_bit_strings(type.low, blocks, low);
  } else if (type.layout.low_bits == 4) {
    pack_field<4>(type.low, blocks, words, low);
  } else {
    pack_field<2>(type.low, blocks, words, low);
  }
  if (type.high.order == FieldOrder::bit_string) {
    pack_bit_strings(type.high, blocks, high);
  } else if (type.layout.high_bits == 1) {
    pack_field<1>(type.high, blocks, words, high);
  } else if (type.layout.high_bits == 2) {
    pack_field<2>(type.high, blocks, words, high);
  }
}

// ---- the table

using codecs::BlockQ2_K, codecs::BlockQ3_K, codecs::BlockQ4_K, codecs::BlockQ5_K, codecs::BlockQ6_K;
using codecs::BlockQ4_0, codecs::BlockQ4_1, codecs::BlockQ5_0, codecs::BlockQ5_1, codecs::BlockQ8_0;
using Order = FieldOrder;

const std::array kTypes{
    PackableType{.codec = &codecs::q4_0, .layout = kNibbles, .low = {Order::planes, offsetof(BlockQ4_0, low), 4}},
    PackableType{.codec = &codecs::q4_1,
                 .layout = kNibblesMinima,
                 .low = {Order::planes, offsetof(BlockQ4_1, low), 4},
                 .minimum_at = offsetof(BlockQ4_1, offset),
                 .adds_offset = true},
    PackableType{.codec = &codecs::q5_0,
                 .layout = kFiveBits,
                 .low = {Order::planes, offsetof(BlockQ5_0, low), 4},
                 .high = {Order::bit_string, offsetof(BlockQ5_0, high), 1}},
    PackableType{.codec = &codecs::q5_1,
                 .layout = kFiveBitsMinima,
                 .low = {Order::planes, offsetof(BlockQ5_1, low), 4},
                 .high = {Order::bit_string, offsetof(BlockQ5_1, high), 1},
                 .minimum_at = offsetof(BlockQ5_1, offset),
                 .adds_offset = true},
    PackableType{.codec = &codecs::q8_0, .layout = kBytes, .low = {Order::planes, offsetof(BlockQ8_0, codes), 8}},
    PackableType{.codec = &codecs::q2_k,
                 .layout = kSuperTwoBits,
                 .low = {Order::crumbs_per_128, offsetof(BlockQ2_K, low), 16},
                 .scale_at = offsetof(BlockQ2_K, scale),
                 .minimum_at = offsetof(BlockQ2_K, minimum),
                 .read_group_scales = copy_scales<offsetof(BlockQ2_K, scales)>},
    PackableType{.codec = &codecs::q3_k,
                 .layout = kSuperThreeBits,
                 .low = {Order::crumbs_per_128, offsetof(BlockQ3_K, low), 16},
                 .high = {Order::bits_per_256, offsetof(BlockQ3_K, high), 8},
                 .scale_at = offsetof(BlockQ3_K, scale),
                 .read_group_scales = read_q3_k_scales},
    PackableType{.codec = &codecs::q4_k,
                 .layout = kSuperNibbles,
                 .low = {Order::nibbles_per_64, offsetof(BlockQ4_K, low), 32},
                 .minimum_at = offsetof(BlockQ4_K, minimum),
                 .read_group_scales = read_six_bit_scales},
    PackableType{.codec = &codecs::q5_k,
                 .layout = kSuperFiveBits,
                 .low = {Order::nibbles_per_64, offsetof(BlockQ5_K, low), 32},
                 .high = {Order::bits_per_256, offsetof(BlockQ5_K, high), 8},
                 .minimum_at = offsetof(BlockQ5_K, minimum),
                 .read_group_scales = read_six_bit_scales},
    PackableType{.codec = &codecs::q6_k,
                 .layout = kSuperSixBits,
                 .low = {Order::nibbles_per_128, offsetof(BlockQ6_K, low), 32},
                 .high = {Order::crumbs_per_128, offsetof(BlockQ6_K, high), 16},
                 .scale_at = offsetof(BlockQ6_K, scale),
                 .read_group_scales = copy_scales<offsetof(BlockQ6_K, scales)>},
    PackableType{
        .codec = &codecs::q1_0, .layout = kOneBit, .low = {Order::bit_string, offsetof(codecs::BlockQ1_0, signs), 4}},
    PackableType{.codec = &codecs::q2_0, .layout = kTwoBits, .read_codes = read_q2_0_codes},
    PackableType{.codec = &codecs::tq1_0,
                 .layout = kSuperTernary,
                 .read_codes = read_tq1_0_codes,
                 .scale_at = offsetof(codecs::BlockTQ1_0, scale)},
    PackableType{.codec = &codecs::tq2_0,
                 .layout = kSuperTernary,
                 .low = {Order::crumbs_per_128, offsetof(codecs::BlockTQ2_0, codes), 16},
                 .scale_at = offsetof(codecs::BlockTQ2_0, scale)},
    PackableType{.codec = &codecs::mxfp4,
                 .layout = kFloatNibbles,
                 .low = {Order::planes, offsetof(codecs::BlockMXFP4, low), 4},
                 .read_group_scales = read_mxfp4_scales},
    PackableType{.codec = &codecs::nvfp4,
                 .layout = kFineFloatNibbles,
                 .read_codes = read_nvfp4_codes,
                 .read_group_scales = read_nvfp4_scales},
    PackableType{.codec = &codecs::iq4_nl,
                 .layout = kLevelNibbles,
                 .low = {Order::planes, offsetof(codecs::BlockIQ4_NL, low), 4}},
    PackableType{.codec = &codecs::iq4_xs,
                 .layout = kSuperLevelNibbles,
                 .low = {Order::planes, offsetof(codecs::BlockIQ4_XS, low), 32},
                 .read_group_scales = read_iq4_xs_scales},
    PackableType{.codec = &codecs::iq3_xxs,
                 .layout = kSuperIq3Xxs,
                 .read_codes = read_iq3_xxs_codes,
                 .read_group_scales = read_iq3_xxs_scales},
    PackableType{.codec = &codecs::iq3_s,
                 .layout = kSuperIq3S,
                 .read_codes = read_iq3_s_codes,
                 .read_group_scales = read_iq3_s_scales},
    PackableType{.codec = &codecs::iq2_xxs,
                 .layout = kSuperIq2,
                 .read_codes = read_iq2_xxs_codes,
                 .read_group_scales = read_iq2_xxs_scales},
    PackableType{.codec = &codecs::iq2_xs,
                 .layout = kSuperFineIq2,
                 .read_codes = read_iq2_xs_codes,
                 .read_group_scales = read_iq2_xs_scales},
    PackableType{.codec = &codecs::iq2_s,
                 .layout = kSuperFineIq2,
                 .read_codes = read_iq2_s_codes,
                 .read_group_scales = read_iq2_s_scales},
    PackableType{.codec = &codecs::iq1_s,
                 .layout = kSuperIq1,
                 .read_codes = read_iq1_s_codes,
                 .read_group_scales = read_iq1_s_scales},
    PackableType{.codec = &codecs::iq1_m,
                 .layout = kSuperFineIq1,
                 .read_codes = read_iq1_m_codes,
                 .read_scale = read_iq1_m_scale,
                 .read_group_scales = read_iq1_m_scales},
};

const PackableType* find_type(StorageType storage) {
  for (const PackableType& type : kTypes) {
    if (&type.codec->info == storage) return &type;
  }
  return nullptr;
}

// ---- groups

struct Rows {
  const uint8_t* source;
  int count;
  int64_t length;
  int64_t bytes;  // of a row
};

// Rows that are not there: zeros, once packed.
RowPointers row_pointers(const Rows& rows, const uint8_t* missing) {
  RowPointers pointers;
  for (int lane = 0; lane < kGroupRows; ++lane) {
    pointers[static_cast<size_t>(lane)] = lane < rows.count ? rows.source + lane * rows.bytes : missing;
  }
  return pointers;
}

void pack_records(const PackableType& type, const Rows& rows, uint8_t* group) {
  const int64_t records = rows.length / (kBlockNumbers * type.layout.record_blocks);
  const int block = static_cast<int>(type.codec->info.block_bytes);
  uint8_t missing[kMaxBlockBytes];
  std::memset(missing, type.layout.low_bits == 8 ? 0x80 : 0, sizeof missing);
  uint8_t words[kMaxWords * kPlaneBytes] = {};
  RowPointers blocks = row_pointers(rows, missing);
  for (int64_t r = 0; r < records; ++r) {
    write_header(type, blocks, rows.count, group);
    uint8_t* planes = group + header_bytes(type.layout);
    if (type.read_codes) {
      pack_read_codes(type, blocks, rows.count, planes);
    } else {
      pack_fields(type, blocks, words, planes);
    }
    group += record_bytes(type.layout);
    for (int lane = 0; lane < rows.count; ++lane) blocks[static_cast<size_t>(lane)] += block;
  }
}

// Numbers [first, length) of rows that are there, one by one.
void pack_plain_numbers(const Rows& rows, int64_t first, int64_t number_bytes, uint8_t* group) {
  const auto size = static_cast<size_t>(number_bytes);
  for (int64_t lane = 0; lane < rows.count; ++lane) {
    const uint8_t* row = rows.source + lane * rows.bytes;
    for (int64_t k = first; k < rows.length; ++k) {
      std::memcpy(group + (k * kGroupRows + lane) * number_bytes, row + k * number_bytes, size);
    }
  }
}

void pack_plain(const Rows& rows, int64_t number_bytes, uint8_t* group) {
  int64_t k = 0;
  if (rows.count == kGroupRows) {
    const RowPointers pointers = row_pointers(rows, nullptr);
    if (number_bytes == 4) {
      for (; k + 4 <= rows.length; k += 4)
        gather_four_words(pointers.data(), static_cast<size_t>(4 * k), group + k * kPlaneBytes);
    } else {
      for (; k + 8 <= rows.length; k += 8)
        transpose_eight_halves(pointers.data(), static_cast<size_t>(2 * k), group + 2 * k * kGroupRows);
    }
  } else {
    std::memset(group, 0, static_cast<size_t>(rows.length * kGroupRows * number_bytes));
  }
  pack_plain_numbers(rows, k, number_bytes, group);
}

int64_t used_group_bytes(StorageType storage, int64_t row_length) {
  const Rows16Layout* layout = rows16_layout(storage);
  if (!layout) return row_length * kGroupRows * storage->block_bytes;
  return row_length / (kBlockNumbers * layout->record_blocks) * record_bytes(*layout);
}

int64_t group_bytes(StorageType storage, int64_t row_length) {
  return (used_group_bytes(storage, row_length) + 63) / 64 * 64;
}

void pack_group(StorageType storage, const std::byte* source, int64_t rows, int64_t row_length, std::byte* group) {
  auto* out = reinterpret_cast<uint8_t*>(group);
  const Rows part{reinterpret_cast<const uint8_t*>(source), static_cast<int>(rows), row_length,
                  row_length / storage->block_elements * storage->block_bytes};
  if (const PackableType* type = find_type(storage)) {
    pack_records(*type, part, out);
  } else if (const codecs::GroupLayout* layout = codecs::group_layout_of(storage)) {
    pack_group_codec_rows(*layout, {part.source, part.count, part.length, part.bytes}, out);
  } else {
    pack_plain(part, storage->block_bytes, out);
  }
  const int64_t used = used_group_bytes(storage, row_length);
  std::memset(out + used, 0, static_cast<size_t>(group_bytes(storage, row_length) - used));
}

}  // namespace

const Rows16Layout* rows16_layout(StorageType storage) {
  if (is_plain_rows16(storage)) return nullptr;
  if (const PackableType* type = find_type(storage)) return &type->layout;
  const codecs::GroupLayout* layout = codecs::group_layout_of(storage);
  return layout ? group_codec_rows16_layout(*layout) : nullptr;
}

bool is_plain_rows16(StorageType storage) {
  return storage == &codecs::f32.info || storage == &codecs::f16.info || storage == &codecs::bf16.info;
}

void pack_rows16(const TensorView& rows, int64_t first, int64_t count, std::byte* groups) {
  const int64_t bytes = group_bytes(rows.storage, rows.row_length);
  for (int64_t group = first; group < first + count; ++group) {
    const int64_t row = group * kGroupRows;
    pack_group(rows.storage, rows.data + row * rows.row_bytes, std::min<int64_t>(kGroupRows, rows.rows - row),
               rows.row_length, groups + (group - first) * bytes);
  }
}

const WeightPacking rows16{"rows16", kRows16Version, kGroupRows, group_bytes, pack_group};

}  // namespace adze::ops
