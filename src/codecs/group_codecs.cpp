// Names, the table of members and decoding. group_encode.cpp has encoding, group_lattice.cpp the codes.
#include "codecs/group_codecs.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <unordered_map>

#include "codecs/column_groups.h"
#include "codecs/group_blocks.h"
#include "codecs/group_lattice.h"

namespace adze::codecs {
namespace {

struct Kind {
  std::string_view prefix;
  GroupLevels levels;
  GroupOffset offset;
  bool bits_in_name;
  int bits;  // where they are not in the name
};
constexpr std::array kKinds = {
    Kind{"int", GroupLevels::integers, GroupOffset::none, true, 0},
    Kind{"uint", GroupLevels::integers, GroupOffset::zero_point, true, 0},
    Kind{"affine", GroupLevels::integers, GroupOffset::offset, true, 0},
    Kind{"nf4", GroupLevels::nf4, GroupOffset::none, false, 4},
    Kind{"e2m1", GroupLevels::e2m1, GroupOffset::none, false, 4},
    Kind{"e4m3", GroupLevels::e4m3, GroupOffset::none, false, 8},
    Kind{"e5m2", GroupLevels::e5m2, GroupOffset::none, false, 8},
};

// By GroupScale.
constexpr std::array<std::string_view, 5> kScaleNames = {"f16", "bf16", "f32", "e8m0", "e4m3"};

constexpr std::array kFamilies = {
    GroupFamily{"int<bits>_g<group>_<scale>", "signed integers of 2 to 8 bits, a group shares a scale",
                "int4_g128_f16"},
    GroupFamily{"uint<bits>_g<group>_<scale>", "integers of 2 to 8 bits, a group shares a scale and a zero point",
                "uint4_g128_f16"},
    GroupFamily{"affine<bits>_g<group>_<scale>", "integers of 2 to 8 bits, a group shares a scale and an offset",
                "affine4_g64_bf16"},
    GroupFamily{"[u]int<bits>_g<group>_<scale>_c<columns>", "rows whose columns name their group, as GPTQ's act-order",
                "int4_g128_f16_c4096", false},
    GroupFamily{"nf4_g<group>_<scale>", "16 levels for normally distributed numbers", "nf4_g64_f16"},
    GroupFamily{"e2m1_g<group>_<scale>", "4-bit floats, a group shares a scale", "e2m1_g16_e4m3"},
    GroupFamily{"e4m3_g<group>_<scale>", "8-bit floats; e4m3_g32_e8m0 is MXFP8", "e4m3_g32_e8m0"},
    GroupFamily{"e5m2_g<group>_<scale>", "8-bit floats with more range", "e5m2_g32_e8m0"},
};

constexpr std::array kSampleNames = {
    "int2_g16_f16",    "int3_g64_f16",     "int4_g32_bf16",    "int4_g128_f16",    "int5_g64_f32",
    "int6_g32_f16",    "int8_g64_f16",     "int8_g256_f32",    "uint2_g32_f16",    "uint4_g128_f16",
    "uint8_g64_f32",   "affine2_g32_f16",  "affine3_g64_f16",  "affine4_g64_bf16", "affine5_g32_f32",
    "affine6_g64_f16", "affine8_g128_f16", "affine4_g256_f16", "nf4_g64_f16",      "nf4_g256_f32",
    "e2m1_g32_f16",    "e2m1_g16_e4m3",    "e4m3_g32_e8m0",    "e4m3_g128_f32",    "e5m2_g32_e8m0",
};

const Kind& kind_of(const GroupLayout& layout) {
  return *std::ranges::find_if(
      kKinds, [&](const Kind& kind) { return kind.levels == layout.levels && kind.offset == layout.offset; });
}

bool is_column_layout(const GroupLayout& layout) {
  return layout.levels == GroupLevels::integers && layout.offset != GroupOffset::offset && layout.columns > 0 &&
         layout.columns <= kMaxGroup && layout.group > 0 && layout.groups() <= kMaxColumnGroups;
}

bool is_float_scale(GroupScale scale) {
  return scale == GroupScale::float16 || scale == GroupScale::bfloat16 || scale == GroupScale::float32;
}

std::string summary_of(const GroupLayout& layout) {
  const Kind& kind = kind_of(layout);
  const std::string codes =
      kind.bits_in_name ? fmt::format("{}-bit codes", layout.bits) : fmt::format("{} codes", kind.prefix);
  constexpr std::array kOffsets = {"", " and zero point", " and offset"};
  const std::string any_order = layout.columns > 0 ? fmt::format(", in any order of {} columns", layout.columns) : "";
  return fmt::format("{}, {} share one {} scale{}{}", codes, layout.group,
                     kScaleNames[static_cast<size_t>(layout.scale)], kOffsets[static_cast<size_t>(layout.offset)],
                     any_order);
}

// ---- decoding

constexpr int64_t kCodesAtATime = 256;

void decode_block(const GroupLayout& layout, const std::byte* packed, float* values) {
  const GroupBlock block(layout, packed);
  const float scale = load_scale(layout.scale, block.scale);
  const auto levels = group_level_table(layout.levels);
  int zero = 0;
  float offset = 0;
  if (layout.offset == GroupOffset::offset) offset = load_scale(layout.scale, block.offset);
  if (layout.offset == GroupOffset::zero_point) zero = *block.offset;
  if (layout.offset == GroupOffset::none && levels.empty()) zero = 1 << (layout.bits - 1);
  uint8_t codes[kCodesAtATime];
  for (int64_t first = 0; first < layout.group; first += kCodesAtATime) {
    const int64_t count = std::min(kCodesAtATime, layout.group - first);
    unpack_codes(block.codes + first * layout.bits / 8, layout.bits, count, codes);
    float* to = values + first;
    if (!levels.empty()) {
      for (int64_t i = 0; i < count; ++i) to[i] = scale * levels[codes[i]];
    } else if (layout.offset == GroupOffset::offset) {
      for (int64_t i = 0; i < count; ++i) to[i] = scale * static_cast<float>(codes[i]) + offset;
    } else {
      for (int64_t i = 0; i < count; ++i) to[i] = scale * static_cast<float>(codes[i] - zero);
    }
  }
}

void decode_groups(const GroupLayout& layout, const std::byte* packed, float* values, int64_t count) {
  const int64_t block_bytes = layout.block_bytes();
  for (int64_t at = 0; at < count; at += layout.group, packed += block_bytes) decode_block(layout, packed, values + at);
}

// ---- the table of members

struct Member {
  explicit Member(const GroupLayout& wanted)
      : layout(wanted),
        name(group_codec_name(wanted)),
        summary(summary_of(wanted)),
        codec{{name, summary, static_cast<uint32_t>(layout.numbers()), static_cast<uint32_t>(layout.block_bytes())},
              {layout.columns > 0 ? decode_column_groups : decode_groups, layout},
              layout.columns > 0 ? EncodeFunction(nullptr) : EncodeFunction(encode_groups, layout)},
        lattice(group_lattice(layout, &codec.info)) {}
  Member(const Member&) = delete;
  Member& operator=(const Member&) = delete;

  const GroupLayout layout;
  const std::string name;
  const std::string summary;
  const Codec codec;
  const CodeLattice lattice;
};

class Members {
 public:
  const Member& get(const GroupLayout& layout) {
    if (const Member* found = find(layout)) return *found;
    const std::unique_lock lock(mutex_);
    auto& slot = by_layout_[layout];
    if (!slot) {
      slot = std::make_unique<Member>(layout);
      by_info_.emplace(&slot->codec.info, slot.get());
    }
    return *slot;
  }
  const Member* find(StorageType storage) const {
    const std::shared_lock lock(mutex_);
    const auto found = by_info_.find(storage);
    return found == by_info_.end() ? nullptr : found->second;
  }

 private:
  const Member* find(const GroupLayout& layout) const {
    const std::shared_lock lock(mutex_);
    const auto found = by_layout_.find(layout);
    return found == by_layout_.end() ? nullptr : found->second.get();
  }

  mutable std::shared_mutex mutex_;
  std::map<GroupLayout, std::unique_ptr<Member>> by_layout_;
  std::unordered_map<StorageType, const Member*> by_info_;
};

// Storage types are compared by address for as long as the program runs, so members are never destroyed.
Members& members() {
  static Members& all = *new Members;
  return all;
}

bool take_number(std::string_view& text, int64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || text.front() == '0' || text.front() == '-') return false;
  text.remove_prefix(static_cast<size_t>(end - text.data()));
  return true;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

std::optional<GroupLayout> parse_as(const Kind& kind, std::string_view name) {
  GroupLayout layout{.levels = kind.levels, .offset = kind.offset, .bits = kind.bits};
  int64_t bits = kind.bits;
  if (!take_prefix(name, kind.prefix)) return std::nullopt;
  if (kind.bits_in_name && (name.empty() || !take_number(name, bits))) return std::nullopt;
  if (!take_prefix(name, "_g") || name.empty() || !take_number(name, layout.group)) return std::nullopt;
  if (!take_prefix(name, "_")) return std::nullopt;
  const auto scale = std::ranges::find(kScaleNames, name.substr(0, name.find('_')));
  if (scale == kScaleNames.end() || bits > 8) return std::nullopt;
  name.remove_prefix(scale->size());
  if (take_prefix(name, "_c") && (name.empty() || !take_number(name, layout.columns))) return std::nullopt;
  if (!name.empty()) return std::nullopt;
  layout.bits = static_cast<int>(bits);
  layout.scale = static_cast<GroupScale>(scale - kScaleNames.begin());
  return is_group_layout(layout) ? std::optional(layout) : std::nullopt;
}

}  // namespace

int64_t GroupLayout::scale_bytes() const {
  constexpr std::array<int64_t, 5> kBytes = {2, 2, 4, 1, 1};
  return kBytes[static_cast<size_t>(scale)];
}

int64_t GroupLayout::offset_bytes() const {
  return offset == GroupOffset::none ? 0 : offset == GroupOffset::zero_point ? 1 : scale_bytes();
}

bool is_group_layout(const GroupLayout& layout) {
  if (layout.columns != 0 && !is_column_layout(layout)) return false;
  if (layout.group < kMinGroup || layout.group > kMaxGroup) return false;
  if (layout.levels != GroupLevels::integers) {
    const bool one_byte = layout.levels == GroupLevels::e4m3 || layout.levels == GroupLevels::e5m2;
    return layout.bits == (one_byte ? 8 : 4) && layout.offset == GroupOffset::none;
  }
  if (layout.bits < 2 || layout.bits > 8 || layout.bits == 7) return false;
  return is_float_scale(layout.scale);
}

std::string group_codec_name(const GroupLayout& layout) {
  const Kind& kind = kind_of(layout);
  const std::string bits = kind.bits_in_name ? std::to_string(layout.bits) : "";
  const std::string columns = layout.columns > 0 ? fmt::format("_c{}", layout.columns) : "";
  return fmt::format("{}{}_g{}_{}{}", kind.prefix, bits, layout.group, kScaleNames[static_cast<size_t>(layout.scale)],
                     columns);
}

std::optional<GroupLayout> parse_group_codec_name(std::string_view name) {
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (lower == "mxfp8") lower = "e4m3_g32_e8m0";
  for (const Kind& kind : kKinds) {
    if (const auto layout = parse_as(kind, lower)) return layout;
  }
  return std::nullopt;
}

const Codec& group_codec(const GroupLayout& layout) { return members().get(layout).codec; }

const GroupLayout* group_layout_of(StorageType storage) {
  const Member* member = members().find(storage);
  return member && member->layout.columns == 0 ? &member->layout : nullptr;
}

const GroupLayout* column_group_layout_of(StorageType storage) {
  const Member* member = members().find(storage);
  return member && member->layout.columns > 0 ? &member->layout : nullptr;
}

const Codec* find_group_codec(StorageType storage) {
  const Member* member = members().find(storage);
  return member ? &member->codec : nullptr;
}

const CodeLattice* find_group_lattice(StorageType storage) {
  const Member* member = members().find(storage);
  return member && member->layout.columns == 0 ? &member->lattice : nullptr;
}

std::span<const GroupFamily> group_families() { return kFamilies; }

std::span<const Codec* const> group_codec_samples() {
  static const auto samples = [] {
    std::array<const Codec*, kSampleNames.size()> codecs{};
    std::ranges::transform(kSampleNames, codecs.begin(),
                           [](const char* name) { return &group_codec(*parse_group_codec_name(name)); });
    return codecs;
  }();
  return samples;
}

}  // namespace adze::codecs
