// How numbers are packed into bits. One file per codec family; all_codecs.cpp is the table.
//
// Goals: byte-exact layouts of the formats we read and write; the same bytes on every machine, compiler and
// ISA (no fused contraction, one fixed reduction order). Not a goal: choosing which tensor gets which codec
// (policies, quantize/) or fast products (ops/linear/).
//
// Encoders are total and deterministic. The block types turn NaN into 0, clamp infinities and huge values to the
// largest magnitude the block can hold, and never store a scale that is infinite or NaN. f16 and bf16 follow
// IEEE 754 (NaN stays NaN, overflow gives infinity); the integers saturate and turn NaN into 0.
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

  /// Packs `count` numbers (a multiple of the block; any number of rows, as blocks do not depend on each other).
  /// `importance` has one non-negative weight per number, by which the squared error is to be weighted, or is null
  /// (the codec's own default weighting). The pointer itself is null when the codec can only be read.
  void (*encode)(const float* values, const float* importance, std::byte* packed, int64_t count);
};

/// Every codec, in the order of `adze list codecs`.
std::span<const Codec* const> all_codecs();

/// The codec of a storage type. Error(unsupported) for one that formats can only list and copy.
const Codec& codec_of(StorageType type);

/// By name ("q4_k", upper or lower case); null when unknown.
const Codec* find_codec(std::string_view name);

/// By name; throws Error(unsupported) that lists the known names.
const Codec& require_codec(std::string_view name);

// Storage types that code refers to by name.
extern const Codec f32, f16, bf16;
extern const Codec f64, i8, i16, i32, i64, u8, boolean;  // plain types
extern const Codec q4_0, q4_1, q5_0, q5_1, q8_0;
extern const Codec q2_k, q3_k, q4_k, q5_k, q6_k;
extern const Codec iq1_s, iq1_m, iq2_xxs, iq2_xs, iq2_s, iq3_xxs, iq3_s, iq4_nl, iq4_xs;
extern const Codec tq1_0, tq2_0, q1_0, q2_0;
extern const Codec mxfp4, nvfp4;

}  // namespace adze::codecs
