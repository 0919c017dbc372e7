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

struct GroupLayout;

/// A function of a codec; for members of the family of group codecs together with the member's parameters.
template <typename... Arguments>
class CodecFunction {
 public:
  using Plain = void (*)(Arguments...);
  using OfGroups = void (*)(const GroupLayout&, Arguments...);

  constexpr CodecFunction(Plain plain) : plain_(plain) {}
  constexpr CodecFunction(OfGroups of_groups, const GroupLayout& layout) : of_groups_(of_groups), layout_(&layout) {}

  void operator()(Arguments... arguments) const { layout_ ? of_groups_(*layout_, arguments...) : plain_(arguments...); }
  constexpr explicit operator bool() const { return plain_ || layout_; }

 private:
  Plain plain_ = nullptr;
  OfGroups of_groups_ = nullptr;
  const GroupLayout* layout_ = nullptr;
};

using DecodeFunction = CodecFunction<const std::byte*, float*, int64_t>;
using EncodeFunction = CodecFunction<const float*, const float*, std::byte*, int64_t>;

struct Codec {
  CodecInfo info;

  /// decode(packed, values, count) decodes `count` numbers (a multiple of the block) from `packed` into `values`.
  DecodeFunction decode;

  /// encode(values, importance, packed, count) packs `count` numbers (a multiple of the block; any number of rows, as
  /// blocks do not depend on each other). `importance` has one non-negative weight per number, by which the squared
  /// error is to be weighted, or is null (the codec's own default weighting). False when the codec can only be read.
  EncodeFunction encode;
};

/// Every codec with a name of its own, in the order of `adze list codecs`. The members of the family of group codecs,
/// which come into being when somebody asks for one, are described by group_families() (group_codecs.h).
std::span<const Codec* const> all_codecs();

/// The codec of a storage type. Error(unsupported) for one that formats can only list and copy.
const Codec& codec_of(StorageType type);

/// By name ("q4_k", "affine4_g64_bf16", upper or lower case); null when unknown.
const Codec* find_codec(std::string_view name);

/// By name; throws Error(unsupported) that lists the known names.
const Codec& require_codec(std::string_view name);

// Storage types that code refers to by name.
extern const Codec f32, f16, bf16;
extern const Codec f64, i8, i16, i32, i64, u8, boolean;  // plain types
extern const Codec f8_e4m3, f8_e5m2;
extern const Codec q4_0, q4_1, q5_0, q5_1, q8_0;
extern const Codec q2_k, q3_k, q4_k, q5_k, q6_k;
extern const Codec iq1_s, iq1_m, iq2_xxs, iq2_xs, iq2_s, iq3_xxs, iq3_s, iq4_nl, iq4_xs;
extern const Codec tq1_0, tq2_0, q1_0, q2_0;
extern const Codec mxfp4, nvfp4;

}  // namespace adze::codecs
