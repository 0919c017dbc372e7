// linear with 8-bit activations of one scale per super-block on AMX: sums within it are integers, so tiles add them up.
//
// Codes of tiles have the scales of their parts in them. Where no byte holds such codes they are spread over two: code
// = 64 * high + low, and so are their sums. Where one byte does, blocks in turns take the places of high and low, so
// that there are as many sums that do not wait for each other.
#include "ops/linear/q8_codes_avx512.h"
#include "ops/linear/tiles_amx.h"

namespace adze::ops {
namespace {

constexpr int kMaxTokens = 128;
constexpr int kSpan = 2 * kTileTokens;  // tokens that are multiplied at once
constexpr int kMaxGroups = 2;
constexpr int kLargestCode = 255;
constexpr int kSuperNumbers = kSuperBlocks * kBlockNumbers;
constexpr int kRowBytes = 64;  // of a token's activations in a tile: two blocks
constexpr int kTileQuads = kRowBytes / 4;
constexpr int kTileBytes = kTileQuads * kPlaneBytes;
constexpr int kLowBits = 6;

void quantize(const float* x, int64_t blocks, const CodeRules& rules, const Panel& column, int tokens) {
  quantize_super_column(QuantizeLanes{}, x, blocks, rules, column, tokens);
}

// ---- weights

// 64 codes less their zero point, times the scales of their rows, as bytes high and low.
inline __attribute__((always_inline)) void spread_codes(__m512i codes, __m512i scale, __m512i offset, uint8_t* high,
                                                        uint8_t* low) {
  const __m512i low_mask = _mm512_set1_epi16((1 << kLowBits) - 1);
  const __m512i byte_mask = _mm512_set1_epi16(255);
  const __m512i even = _mm512_sub_epi16(_mm512_mullo_epi16(_mm512_and_si512(codes, byte_mask), scale), offset);
  const __m512i odd = _mm512_sub_epi16(_mm512_mullo_epi16(_mm512_srli_epi16(codes, 8), scale), offset);
  const __m512i high_even = _mm512_and_si512(_mm512_srai_epi16(even, kLowBits), byte_mask);
  const __m512i high_odd = _mm512_slli_epi16(_mm512_srai_epi16(odd, kLowBits), 8);
  const __m512i low_odd = _mm512_slli_epi16(_mm512_and_si512(odd, low_mask), 8);
  _mm512_storeu_si512(high, _mm512_or_si512(high_even, high_odd));
  _mm512_storeu_si512(low, _mm512_or_si512(_mm512_and_si512(even, low_mask), low_odd));
}

// The codes of a super-block as [two blocks][high, low][quad].
void spread_super_block(const Rows16Layout& layout, const SuperBlockScales& scales, const uint8_t* codes,
                        uint8_t* planes) {
  const int quads_in_part = kQuads / layout.scales_per_block;
  const __m512i zero_point = _mm512_set1_epi16(static_cast<int16_t>(layout.zero_point));
  for (int first = 0; first < kSuperBlocks * kQuads; first += quads_in_part) {
    const __m512i lanes = _mm512_loadu_si512(scales.parts[first / quads_in_part]);
    const __m512i scale =
        _mm512_or_si512(_mm512_and_si512(lanes, _mm512_set1_epi32(0xFFFF)), _mm512_slli_epi32(lanes, 16));
    const __m512i offset = _mm512_mullo_epi16(scale, zero_point);
    for (int quad = first; quad < first + quads_in_part; ++quad) {
      uint8_t* high = planes + quad / kTileQuads * 2 * kTileBytes + quad % kTileQuads * kPlaneBytes;
      spread_codes(_mm512_loadu_si512(codes + quad * kPlaneBytes), scale, offset, high, high + kTileBytes);
    }
  }
}

void unpack(const Rows16Layout& layout, const uint8_t* record, int blocks, const CodeTile& tile) {
  if (puts_scales_in_codes(layout, kLargestCode)) return unpack_super_tile(layout, record, blocks, true, tile);
  constexpr int kCodeBytes = kSuperNumbers * kGroupRows;
  alignas(64) uint8_t codes[kCodeBytes];
  for (int s = 0; s < blocks / kSuperBlocks; ++s, record += record_bytes(layout)) {
    unpack_super_block_scales(layout, record, tile.super_blocks[s]);
    unpack_record_codes(layout, record + header_bytes(layout), 0, codes);
    spread_super_block(layout, tile.super_blocks[s], codes, tile.codes + s * 2 * kCodeBytes);
  }
}

// ---- products

struct Recipe {
  int code_planes;
  int minimum_pairs;  // 0: no minima
};

// The sums of a unit, of either plane.
struct alignas(64) UnitSums {
  int32_t of[2][kSpan][kGroupRows];
};

template <Recipe kRecipe>
class Product {
 public:
  Product(const CodeTile* tiles, const Panel& panel, const Extent& extent, float* totals)
      : tiles_(tiles), panel_(panel), tokens_(extent.tokens), groups_(extent.groups), totals_(totals) {}

  // At a time one unit is multiplied, and the one before is stored and scaled.
  void run(int super_blocks) {
    UnitSums sums;
    const Unit first{0, 0, 0};
    Unit unit = first, before = first;
    const int units = super_blocks * ((tokens_ + kSpan - 1) / kSpan) * groups_;
    for (int number = 0; number <= units; ++number) {
      const bool multiplies = number < units, scales = number > 0;
      const int8_t* x = panel_.codes + (int64_t{unit.super_block} * tokens_ + unit.token) * kSuperNumbers;
      const uint8_t* codes = tiles_[unit.group].codes + unit.super_block * kUnitBytes;
      take_steps<0>({multiplies, scales, x, codes, &sums}, scaled_of(before));
      before = unit;
      unit = after(unit);
    }
  }

 private:
  static constexpr bool kMinima = kRecipe.minimum_pairs > 0;
  static constexpr int kWords = kMinima ? kRecipe.minimum_pairs : 1;
  static constexpr int kSteps = kRecipe.code_planes == 2 ? 4 : 2;  // of two code tiles each
  static constexpr int kUnitBytes = kSteps * 2 * kTileBytes;

  // One group of rows, one super-block, and the tokens from `token` on that are multiplied at once.
  struct Unit {
    int super_block;
    int token;
    int group;
  };
  struct Turn {
    bool multiplies;
    bool scales;
    const int8_t* x;
    const uint8_t* codes;
    UnitSums* sums;
  };
  // What belongs to the sums that are stored.
  struct Scaled {
    const SuperBlockScales* scales;
    const float* x_scales;
    const int32_t* words;
    float* totals;
    int tokens;
    __m512 scale;
    __m512 minimum;
  };

  Unit after(Unit unit) const {
    if (++unit.group < groups_) return unit;
    unit.group = 0;
    unit.token += kSpan;
    if (unit.token < tokens_) return unit;
    return {unit.super_block + 1, 0, 0};
  }

  Scaled scaled_of(const Unit& unit) const {
    const SuperBlockScales& scales = tiles_[unit.group].super_blocks[unit.super_block];
    const float* x_scales = panel_.scales + unit.super_block * tokens_ + unit.token;
    const int32_t* words = panel_.sums + unit.super_block * kWords * tokens_ + unit.token;
    float* totals = totals_ + (unit.token * groups_ + unit.group) * kGroupRows;
    return {&scales,
            x_scales,
            words,
            totals,
            tokens_ - unit.token,
            _mm512_loadu_ps(scales.scale),
            kMinima ? _mm512_loadu_ps(scales.minimum) : _mm512_setzero_ps()};
  }

  template <int kStep>
  inline __attribute__((always_inline)) void take_steps(const Turn& turn, const Scaled& scaled) const {
    constexpr int kTokensInStep = kSpan / kSteps;
    take_tiles<kStep, 0>(turn);
    take_tiles<kStep, 1>(turn);
    if (turn.scales) {
      const int end = (kStep + 1) * kTokensInStep;
      const int last = end < scaled.tokens ? end : scaled.tokens;
      for (int t = kStep * kTokensInStep; t < last; ++t) scale_token(*turn.sums, t, scaled);
    }
    if constexpr (kStep + 1 < kSteps) take_steps<kStep + 1>(turn, scaled);
  }

  // The products of 16 tokens with the two code tiles of a step.
  template <int kStep, int kTile>
  inline __attribute__((always_inline)) void take_tiles(const Turn& turn) const {
    const int8_t* x = turn.x + kTile * kTileTokens * kSuperNumbers;
    constexpr int kFirstRow = kRecipe.code_planes == 2 ? kStep : 2 * kStep;
    if (turn.multiplies) load_tile<kFirstActivations + kTile>(x + kFirstRow * kRowBytes, kSuperNumbers);
    take_tile<kStep, kTile, 0>(turn);
    if (kRecipe.code_planes == 1 && turn.multiplies) {
      load_tile<kFirstActivations + kTile>(x + (kFirstRow + 1) * kRowBytes, kSuperNumbers);
    }
    take_tile<kStep, kTile, 1>(turn);
  }

  template <int kStep, int kTile, int kPlane>
  inline __attribute__((always_inline)) void take_tile(const Turn& turn) const {
    constexpr int kSums = 2 * kTile + kPlane;
    if (kStep == 0 && turn.scales) store_tile<kSums>(turn.sums->of[kPlane][kTile * kTileTokens], kPlaneBytes);
    if (!turn.multiplies) return;
    if constexpr (kStep == 0) zero_tile<kSums>();
    if constexpr (kTile == 0)
      load_tile<kFirstCodes + kPlane>(turn.codes + (2 * kStep + kPlane) * kTileBytes, kPlaneBytes);
    if constexpr (kRecipe.code_planes == 2) {
      add_tile_products<kSums, kFirstActivations + kTile, kFirstCodes + kPlane>();
    } else {
      add_tile_products_unsigned_codes<kSums, kFirstActivations + kTile, kFirstCodes + kPlane>();
    }
  }

  // total += the value of the super-block, see code_tile.h.
  inline __attribute__((always_inline)) void scale_token(const UnitSums& sums, int t, const Scaled& scaled) const {
    const __m512i high = _mm512_load_si512(sums.of[0][t]);
    const __m512i low = _mm512_load_si512(sums.of[1][t]);
    const __m512i sum = _mm512_add_epi32(kRecipe.code_planes == 2 ? _mm512_slli_epi32(high, kLowBits) : high, low);
    __m512 value;
    if constexpr (kMinima) {
      const __m512 minimum = times_offset_sum(sum_minima(t, scaled), scaled.minimum);
      value = _mm512_fmsub_ps(_mm512_cvtepi32_ps(sum), scaled.scale, minimum);
    } else if constexpr (kRecipe.code_planes == 1) {
      value = times_offset_sum(_mm512_add_epi32(sum, _mm512_set1_epi32(scaled.words[t])), scaled.scale);
    } else {
      value = _mm512_mul_ps(_mm512_cvtepi32_ps(sum), scaled.scale);
    }
    float* total = scaled.totals + t * groups_ * kGroupRows;
    _mm512_storeu_ps(total, _mm512_fmadd_ps(value, _mm512_set1_ps(scaled.x_scales[t]), _mm512_loadu_ps(total)));
  }

  // M, from kSumStart on.
  inline __attribute__((always_inline)) __m512i sum_minima(int t, const Scaled& scaled) const {
    __m512i sum = _mm512_set1_epi32(kSumStart);
#pragma GCC unroll 8
    for (int pair = 0; pair < kRecipe.minimum_pairs; ++pair) {
      add_pair_products(sum, _mm512_loadu_si512(scaled.scales->minimum_pairs[pair]),
                        _mm512_set1_epi32(scaled.words[pair * tokens_ + t]));
    }
    return sum;
  }

  const CodeTile* const tiles_;
  const Panel& panel_;
  const int tokens_;
  const int groups_;
  float* const totals_;
};

void multiply(const CodeRules& rules, const CodeTile* tiles, const Panel& panel, const Extent& extent, float* sums) {
  const auto run = [&]<Recipe kRecipe>() {
    Product<kRecipe>(tiles, panel, extent, sums).run(extent.blocks / kSuperBlocks);
  };
  if (rules.code_planes == 1 && rules.has_minima) return run.template operator()<Recipe{1, 8}>();
  if (rules.code_planes == 1) return run.template operator()<Recipe{1, 0}>();
  if (rules.has_minima) return run.template operator()<Recipe{2, 4}>();
  run.template operator()<Recipe{2, 0}>();
}

void multiply_packed(const Rows16Layout& layout, const uint8_t* record, const Panel& panel, const Extent& extent,
                     float* sums) {
  kQ8SuperKernelsAvx512.multiply_packed(layout, record, panel, extent, sums);
}

void begin() { configure_tiles(kRowBytes); }

}  // namespace

const Q8Kernels kQ8SuperKernelsAmx = {
    .max_tokens = kMaxTokens,
    .max_packed_tokens = 8,
    .max_groups = kMaxGroups,
    .activation_blocks = kSuperBlocks,
    .keeps_bytes_signed = false,
    .largest_code = kLargestCode,
    .sums_in_pairs = false,
    .quantize = quantize,
    .unpack = unpack,
    .multiply = multiply,
    .multiply_packed = multiply_packed,
    .begin = begin,
    .end = release_tiles,
    .code_planes = 2,
    .keeps_super_blocks_together = true,
};

}  // namespace adze::ops
