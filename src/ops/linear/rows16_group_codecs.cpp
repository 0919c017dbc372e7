#include "ops/linear/rows16_group_codecs.h"

#include <bit>
#include <cmath>
#include <cstring>

#include "codecs/block_access.h"
#include "codecs/group_blocks.h"
#include "ops/linear/rows16_words.h"

namespace adze::ops {
namespace {

constexpr int kRecordNumbers = 2 * kBlockNumbers;

// Keeps kSumOffset * scale exact.
float with_nineteen_digits(float scale) {
  if (!std::isfinite(scale)) return scale;
  constexpr uint32_t kDropped = 0x1F;
  const auto bits = std::bit_cast<uint32_t>(scale);
  return std::bit_cast<float>((bits + kDropped / 2 + (bits >> 5 & 1)) & ~kDropped);
}

struct ScaleAndMinimum {
  float scale = 0;
  float minimum = 0;
};

// value = scale * (code - the layout's zero point) - minimum
ScaleAndMinimum read_scales(const codecs::GroupLayout& layout, const codecs::GroupBlock& block, int zero_point) {
  const float scale = with_nineteen_digits(codecs::load_scale(layout.scale, block.scale));
  double offset = 0;  // of code 0
  switch (layout.offset) {
    case codecs::GroupOffset::none:
      offset = -std::ldexp(static_cast<double>(scale), layout.bits - 1);
      break;
    case codecs::GroupOffset::zero_point:
      offset = -static_cast<double>(scale) * *block.offset;
      break;
    case codecs::GroupOffset::offset:
      offset = static_cast<double>(codecs::load_scale(layout.scale, block.offset));
      break;
  }
  return {scale, static_cast<float>(-offset - static_cast<double>(scale) * zero_point)};
}

/// The record of kRecordNumbers numbers that starts at number `first` of each row.
struct RecordSource {
  const codecs::GroupLayout& layout;
  const GroupCodecRows& rows;
  int64_t first;

  codecs::GroupBlock block_of(int lane) const {
    const uint8_t* row = rows.source + lane * rows.row_bytes;
    return {layout, reinterpret_cast<const std::byte*>(row + first / layout.group * layout.block_bytes())};
  }
};

void write_scales(const RecordSource& source, int zero_point, uint8_t* header) {
  for (int lane = 0; lane < kGroupRows; ++lane) {
    const bool is_there = lane < source.rows.count;
    const auto numbers = is_there ? read_scales(source.layout, source.block_of(lane), zero_point) : ScaleAndMinimum{};
    codecs::store_u32(header + 4 * lane, std::bit_cast<uint32_t>(numbers.scale));
    codecs::store_u32(header + 4 * (kGroupRows + lane), std::bit_cast<uint32_t>(numbers.minimum));
  }
}

void write_codes(const RecordSource& source, const Rows16Layout& layout, uint8_t* planes) {
  uint8_t codes[kGroupRows][kRecordNumbers];
  const uint8_t* code_rows[kGroupRows];
  const int bits = source.layout.bits;
  for (int lane = 0; lane < kGroupRows; ++lane) {
    code_rows[lane] = codes[lane];
    if (lane < source.rows.count) {
      const int64_t in_group = source.first % source.layout.group;
      codecs::unpack_codes(source.block_of(lane).codes + in_group * bits / 8, bits, kRecordNumbers, codes[lane]);
    } else {
      std::memset(codes[lane], 0, kRecordNumbers);
    }
  }
  uint8_t words[kRecordNumbers / 4 * kPlaneBytes];
  gather_words(code_rows, 0, layout.record_blocks * kQuads, words);
  if (layout.low_bits == 8) {
    std::memcpy(planes, words, sizeof words);
    return;
  }
  const FieldPlanes low{planes, layout.record_blocks, block_bytes(layout)};
  const FieldPlanes high{planes + layout.low_bits * kPlaneBytes, low.blocks, low.stride};
  spread_byte_codes<4>(words, 0, low);
  if (layout.high_bits == 1) spread_byte_codes<1>(words, layout.low_bits, high);
  if (layout.high_bits == 2) spread_byte_codes<2>(words, layout.low_bits, high);
}

}  // namespace

const Rows16Layout* group_codec_rows16_layout(const codecs::GroupLayout& layout) {
  const bool has_float_scales = layout.scale == codecs::GroupScale::float16 ||
                                layout.scale == codecs::GroupScale::bfloat16 ||
                                layout.scale == codecs::GroupScale::float32;
  if (layout.levels != codecs::GroupLevels::integers || !has_float_scales) return nullptr;
  if (layout.group % kRecordNumbers != 0) return nullptr;
  if (layout.bits <= 4) return &kGroupNibbles;
  return layout.bits == 5 ? &kGroupFiveBits : layout.bits == 6 ? &kGroupSixBits : &kGroupBytes;
}

void pack_group_codec_rows(const codecs::GroupLayout& layout, const GroupCodecRows& rows, uint8_t* group) {
  const Rows16Layout& packed = *group_codec_rows16_layout(layout);
  for (int64_t first = 0; first < rows.length; first += kRecordNumbers, group += record_bytes(packed)) {
    const RecordSource source{layout, rows, first};
    write_scales(source, packed.zero_point, group);
    write_codes(source, packed, group + header_bytes(packed));
  }
}

}  // namespace adze::ops
