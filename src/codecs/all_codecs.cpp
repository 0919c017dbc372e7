// The table of storage types. To add one: write its file, declare it in codec.h, add a line here.
#include <algorithm>
#include <array>
#include <string>

#include "base/error.h"
#include "codecs/codec.h"
#include "codecs/group_codecs.h"

namespace adze::codecs {
namespace {

constexpr std::array kAllCodecs = {
    &f32,     &f16,     &bf16,                                    // floats
    &q8_0,    &q5_1,    &q5_0,    &q4_1,  &q4_0,                  // 32 numbers share one scale
    &q6_k,    &q5_k,    &q4_k,    &q3_k,  &q2_k,                  // 256 numbers, scales within a scale
    &mxfp4,   &nvfp4,                                             // 4-bit floats
    &iq4_nl,  &iq4_xs,                                            // 16 uneven levels
    &iq3_s,   &iq3_xxs,                                           // four numbers are a point of a codebook
    &iq2_s,   &iq2_xs,  &iq2_xxs, &iq1_m, &iq1_s,                 // eight numbers are a point of a codebook
    &tq2_0,   &tq1_0,   &q2_0,    &q1_0,                          // two, three or four levels
    &f8_e4m3, &f8_e5m2,                                           // 8-bit floats without a scale
    &f64,     &i64,     &i32,     &i16,   &i8,    &u8, &boolean,  // data that is not weights
};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool same_name(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) { return lower(x) == lower(y); });
}

}  // namespace

std::span<const Codec* const> all_codecs() { return kAllCodecs; }

const Codec& codec_of(StorageType type) {
  for (const Codec* codec : kAllCodecs) {
    if (&codec->info == type) return *codec;
  }
  if (const Codec* codec = find_group_codec(type)) return *codec;
  if (!type) fail(ErrorCode::internal, "a tensor without a storage type");
  fail(ErrorCode::unsupported, "{} can be listed and copied, but not decoded yet", type->name);
}

const Codec* find_codec(std::string_view name) {
  for (const Codec* codec : kAllCodecs) {
    if (same_name(codec->info.name, name)) return codec;
  }
  const auto layout = parse_group_codec_name(name);
  return layout ? &group_codec(*layout) : nullptr;
}

const Codec& require_codec(std::string_view name) {
  if (const Codec* codec = find_codec(name)) return *codec;
  std::string known;
  for (const Codec* codec : kAllCodecs) known += (known.empty() ? "" : ", ") + std::string(codec->info.name);
  for (const GroupFamily& family : group_families()) known += ", " + std::string(family.pattern);
  fail(ErrorCode::unsupported, "unknown storage type \"{}\"; known are {}", name, known);
}

}  // namespace adze::codecs
