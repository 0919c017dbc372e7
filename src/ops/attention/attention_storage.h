// How keys and values are read: as stored, or from the floats of a widened segment.
// Over the operations of lanes_<isa>.h (to be included before).
#pragma once

#include "ops/attention/attention_tile.h"

namespace adze::ops {
namespace {

// ---- stored numbers: keys are loaded for 16 tokens side by side, values for 16 dimensions
// kParts: of a block, whose bytes are gone through once for each: the low, then the high four bits.

template <StoredAs kStored>
struct Storage;

template <>
struct Storage<StoredAs::f32> {
  static constexpr int kCodeBytes = 4;  // of one number of one token, as keys lie
  static constexpr int kScaleBytes = 0;
  static constexpr int kBlockBytes = 0;
  static constexpr int kParts = 1;
  template <int kPart>
  static Lanes load_keys(const uint8_t* from) {
    return load_float_bytes(from);
  }
  static Lanes load_values(const uint8_t* row, int column) { return load_float_bytes(row + 64 * column); }
};

template <>
struct Storage<StoredAs::f16> {
  static constexpr int kCodeBytes = 2;
  static constexpr int kScaleBytes = 0;
  static constexpr int kBlockBytes = 0;
  static constexpr int kParts = 1;
  template <int kPart>
  static Lanes load_keys(const uint8_t* from) {
    return load_f16(from);
  }
  static Lanes load_values(const uint8_t* row, int column) { return load_f16(row + 32 * column); }
};

template <>
struct Storage<StoredAs::q8_0> {
  static constexpr int kCodeBytes = 1;
  static constexpr int kScaleBytes = 2;
  static constexpr int kBlockBytes = 34;
  static constexpr int kParts = 1;
  template <int kPart>
  static Lanes load_keys(const uint8_t* from) {
    return load_codes(from);
  }
  static Lanes load_values(const uint8_t* row, int column) {
    return load_codes(row + column / 2 * kBlockBytes + kScaleBytes + column % 2 * 16);
  }
};

template <>
struct Storage<StoredAs::q4_0> {
  static constexpr int kCodeBytes = 1;
  static constexpr int kScaleBytes = 2;
  static constexpr int kBlockBytes = 18;
  static constexpr int kParts = 2;
  template <int kPart>
  static Lanes load_keys(const uint8_t* from) {
    return kPart == 0 ? load_low_nibbles(from) : load_high_nibbles(from);
  }
  static Lanes load_values(const uint8_t* row, int column) {
    const uint8_t* codes = row + column / 2 * kBlockBytes + kScaleBytes;
    return column % 2 == 0 ? load_low_nibbles(codes) : load_high_nibbles(codes);
  }
};

template <StoredAs kStored>
constexpr bool kHasScales = Storage<kStored>::kScaleBytes > 0;

// ---- operands of products: load(k, n) is sixteen numbers of step k, n sixteens to the right

// Into the second-level cache, once for each line where n is known: the first level has too few places for lines that
// are on their way.
inline void fetch_early(const uint8_t* at) { __builtin_prefetch(at, 0, 2); }

template <StoredAs kStored, int kPart = 0>
struct StoredKeyRun {
  const uint8_t* at;
  int64_t next;

  Lanes load(int k, int n) const {
    constexpr int kBytes = Storage<kStored>::kCodeBytes;
    const uint8_t* from = at + kBytes * (k * kSegmentTokens + 16 * n);
    if (16 * kBytes * n % 64 == 0) fetch_early(from + next);
    return Storage<kStored>::template load_keys<kPart>(from);
  }
};

template <StoredAs kStored>
struct StoredValueColumns {
  const uint8_t* at;
  int64_t next;
  int token_bytes;
  int column;  // the first sixteen

  Lanes load(int k, int n) const {
    const uint8_t* row = at + static_cast<int64_t>(k) * token_bytes;
    constexpr int kBytes = Storage<kStored>::kCodeBytes;
    if (16 * kBytes * n % 64 == 0) fetch_early(row + next + 16 * kBytes * (column + n));
    return Storage<kStored>::load_values(row, column + n);
  }
};

struct WideNumbers {
  const float* at;
  int stride;

  Lanes load(int k, int n) const { return adze::ops::load(at + k * stride + 16 * n); }
};

// ---- keys and values of a segment
// run<part>(block, n): numbers of a block (of all dimensions, where there are no scales) from position 16 n on.

template <StoredAs kStored>
struct StoredKeys {
  static constexpr bool kScaled = kHasScales<kStored>;
  static constexpr int kParts = Storage<kStored>::kParts;
  const AttentionSegment& segment;

  template <int kPart>
  StoredKeyRun<kStored, kPart> run(int block, int n) const {
    constexpr int kCodes = Storage<kStored>::kScaleBytes * kSegmentTokens;
    const int64_t at = block * Storage<kStored>::kBlockBytes * kSegmentTokens + kCodes;
    return {segment.keys + at + 16 * n * Storage<kStored>::kCodeBytes, segment.next_keys};
  }
};

template <bool kHasScalesToo>
struct WideKeys {
  static constexpr bool kScaled = kHasScalesToo;
  static constexpr int kParts = 1;
  const AttentionSegment& segment;

  template <int kPart>
  WideNumbers run(int block, int n) const {
    return {segment.wide_keys + block * kScaledNumbers * kSegmentTokens + 16 * n, kSegmentTokens};
  }
};

template <StoredAs kStored>
struct StoredValues {
  static constexpr bool kScaled = kHasScales<kStored>;
  const AttentionRules& rules;
  const AttentionSegment& segment;

  StoredValueColumns<kStored> from(int token, int column) const {
    return {segment.values + token * rules.value_token_bytes, segment.next_values, rules.value_token_bytes, column};
  }
};

template <bool kHasScalesToo>
struct WideValues {
  static constexpr bool kScaled = kHasScalesToo;
  const AttentionRules& rules;
  const AttentionSegment& segment;

  WideNumbers from(int token, int column) const {
    return {segment.wide_values + token * rules.padded_value_dim + 16 * column, rules.padded_value_dim};
  }
};

// Scales of the keys' block, of sixteen tokens from position 16 n on.
inline Lanes key_scales(const AttentionRules& rules, const AttentionSegment& segment, int block, int n) {
  const int block_bytes = rules.token_bytes * kScaledNumbers / rules.head_dim;
  return load_f16(segment.keys + block * block_bytes * kSegmentTokens + 32 * n);
}

// ---- widening

template <StoredAs kStored, int kPart>
void widen_key_run(const StoredKeys<kStored>& keys, int block, int first, int count) {
  const AttentionSegment& segment = keys.segment;
  const int columns = (segment.tokens + 15) / 16;
  for (int n = 0; n < columns; ++n) {
    const auto run = keys.template run<kPart>(block, n);
    float* to = segment.wide_keys + first * kSegmentTokens + 16 * n;
    for (int k = 0; k < count; ++k) store(to + k * kSegmentTokens, run.load(k, 0));
  }
}

template <StoredAs kStored>
void widen_keys(const AttentionRules& rules, const AttentionSegment& segment) {
  const StoredKeys<kStored> keys{segment};
  if constexpr (!keys.kScaled) {
    widen_key_run<kStored, 0>(keys, 0, 0, rules.head_dim);
  } else {
    constexpr int kCount = kScaledNumbers / keys.kParts;
    for (int first = 0; first < rules.head_dim; first += kScaledNumbers) {
      widen_key_run<kStored, 0>(keys, first / kScaledNumbers, first, kCount);
      if constexpr (keys.kParts == 2) widen_key_run<kStored, 1>(keys, first / kScaledNumbers, first + kCount, kCount);
    }
  }
}

// The last numbers of a row where value_dim is no multiple of 16; zeros behind them.
template <StoredAs kStored>
void widen_rest(const AttentionRules& rules, const uint8_t* row, float* to) {
  constexpr int kBytes = Storage<kStored>::kCodeBytes;
  const int first = rules.value_dim / 16 * 16;
  alignas(64) uint8_t rest[64] = {};
  __builtin_memcpy(rest, row + first * kBytes, static_cast<unsigned>((rules.value_dim - first) * kBytes));
  store(to + first, Storage<kStored>::load_values(rest, 0));
}

template <StoredAs kStored>
void widen_values(const AttentionRules& rules, const AttentionSegment& segment) {
  const StoredValues<kStored> values{rules, segment};
  const int columns = rules.value_dim / 16;
  for (int token = 0; token < segment.tokens; ++token) {
    float* to = segment.wide_values + token * rules.padded_value_dim;
    for (int n = 0; n < columns; ++n) store(to + 16 * n, values.from(token, n).load(0, 0));
    if (columns * 16 != rules.value_dim)
      widen_rest<kStored>(rules, segment.values + token * rules.value_token_bytes, to);
  }
}

template <StoredAs kStored>
void gather_value_scales(const AttentionRules& rules, const AttentionSegment& segment) {
  for (int block = 0; block < rules.value_dim / kScaledNumbers; ++block) {
    alignas(64) uint8_t halves[2 * kSegmentTokens];
    const uint8_t* from = segment.values + block * Storage<kStored>::kBlockBytes;
    for (int token = 0; token < kSegmentTokens; ++token) {
      __builtin_memcpy(halves + 2 * token, from + token * rules.value_token_bytes, 2);
    }
    for (int i = 0; i < kSegmentTokens; i += 16) {
      store(segment.value_scales + block * kSegmentTokens + i, load_f16(halves + 2 * i));
    }
  }
}

}  // namespace
}  // namespace adze::ops
