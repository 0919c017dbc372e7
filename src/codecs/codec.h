// How numbers are packed into bits. One file per codec family; all_codecs.cpp is the table.
//
// Goals: byte-exact layouts of the formats we read and write; the same bytes on every machine, compiler and
// ISA (no fused contraction, one fixed reduction order). Not a goal: choosing which tensor gets which codec
// (policies, quantize/) or fast products (ops/linear/).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "tensor/codec_info.h"

namespace adze::codecs {

struct Codec {
  CodecInfo info;

  /// Decodes `count` numbers (a multiple of the block) from `packed` into `values`.
  void (*decode)(const std::byte* packed, float* values, int64_t count);

  /// Packs `count` numbers of one row. `importance` has one non-negative weight per number, by which the squared
  /// error is to be weighted, or is null (the codec's own default weighting). Null when the codec can only be read.
  void (*encode)(const float* values, const float* importance, std::byte* packed, int64_t count);
};

/// Every codec, in the order of `adze list codecs`.
std::span<const Codec* const> all_codecs();

/// The codec of a storage type. REQUIRES: `type` is in the table (it always is: there is no other source of them).
const Codec& codec_of(StorageType type);

/// By name ("q4_k", upper or lower case); null when unknown.
const Codec* find_codec(std::string_view name);

// Storage types that code refers to by name.
extern const Codec f32, f16, bf16;
extern const Codec f64, i8, i16, i32, i64, u8, boolean;  // plain types: encode rounds to nearest and saturates
extern const Codec q4_0, q4_1, q5_0, q5_1, q8_0;
extern const Codec q2_k, q3_k, q4_k, q5_k, q6_k;

}  // namespace adze::codecs
