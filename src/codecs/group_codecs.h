// The family of group codecs: consecutive numbers of a row share a scale, and perhaps an offset. What MLX, GPTQ, AWQ,
// OpenVINO and ONNX keep in several arrays is one member of this family; formats map its blocks to their arrays.
//
//   block   scale | offset or zero point | codes        codes: a stream of bits, lowest first, padded to a byte
//   value   integers, no offset         scale * (code - 2^(bits - 1))
//           integers, zero point        scale * (code - zero)             zero: one byte
//           integers, offset            scale * code + offset             offset: of the scale's type
//           tables (nf4, e2m1 ...)      scale * level[code]
//
// The parameters are in the name: "int4_g128_f16", "uint4_g128_f16" (zero points), "affine4_g64_bf16" (offsets),
// "nf4_g64_f16", "e2m1_g16_e4m3", "e4m3_g32_e8m0" (also called mxfp8). One group per row is a group as long as the row.
//
// Integers whose columns are in groups of any order ("act-order" of GPTQ) have a whole row as their block, which says
// of each column in which group it is: "int4_g128_f16_c4096". They can be read and copied only; column_groups.cpp.
//
//   block   scales of all groups | their zero points | u16 group of each column | codes
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "codecs/code_lattice.h"
#include "codecs/codec.h"

namespace adze::codecs {

enum class GroupLevels : uint8_t { integers, nf4, e2m1, e4m3, e5m2 };
enum class GroupOffset : uint8_t { none, zero_point, offset };
enum class GroupScale : uint8_t { float16, bfloat16, float32, e8m0, e4m3 };

/// Members of the family are told apart by these.
struct GroupLayout {
  GroupLevels levels = GroupLevels::integers;
  GroupOffset offset = GroupOffset::none;
  GroupScale scale = GroupScale::float16;
  int bits = 4;         // per code: 2, 3, 4, 5, 6 or 8 for integers
  int64_t group = 32;   // numbers that share a scale
  int64_t columns = 0;  // of a row whose columns are in groups of any order; 0: groups are consecutive numbers

  auto operator<=>(const GroupLayout&) const = default;

  int64_t scale_bytes() const;
  int64_t offset_bytes() const;
  int64_t numbers() const { return columns > 0 ? columns : group; }  // of a block
  int64_t groups() const { return (numbers() + group - 1) / group; }
  int64_t code_bytes() const { return (numbers() * bits + 7) / 8; }
  int64_t block_bytes() const { return groups() * (scale_bytes() + offset_bytes()) + 2 * columns + code_bytes(); }
};

inline constexpr int64_t kMinGroup = 8;
inline constexpr int64_t kMaxGroup = 1 << 20;
inline constexpr int64_t kMaxColumnGroups = 1 << 16;  // of a row whose columns name their group

/// Whether there is such a member: bits that the levels have, a group within the limits, offsets in a float type.
bool is_group_layout(const GroupLayout& layout);

std::string group_codec_name(const GroupLayout& layout);
/// Empty for a name that no member has. Letter case does not matter.
std::optional<GroupLayout> parse_group_codec_name(std::string_view name);

/// The one codec with this layout; made when first asked for, and then there for good. Safe from any thread.
/// REQUIRES: is_group_layout(layout).
const Codec& group_codec(const GroupLayout& layout);

/// The parameters of a member of the family whose groups are consecutive numbers; null for other storage types.
const GroupLayout* group_layout_of(StorageType storage);
/// The parameters of one whose columns name their group; null for other storage types.
const GroupLayout* column_group_layout_of(StorageType storage);
/// Null for other storage types.
const Codec* find_group_codec(StorageType storage);
const CodeLattice* find_group_lattice(StorageType storage);

/// What `adze list codecs` says about the family.
struct GroupFamily {
  std::string_view pattern;  // "int<bits>_g<group>_<scale>"
  std::string_view summary;
  std::string_view example;  // a name
  bool is_written = true;
};
std::span<const GroupFamily> group_families();

/// A member for every kind of levels, offset, scale and bits, and of small and large groups: what tests and fuzzing
/// go through beside all_codecs().
std::span<const Codec* const> group_codec_samples();

}  // namespace adze::codecs
