// linear with 8-bit activations on AMX: a product of tiles gives the integer sums of one block for 16 tokens and 16
// rows; AVX-512 scales them, while the sums of the next block are on their way.
//
// While tiles are multiplied or stored, the processor does one vector product a cycle in place of two. So the sums
// become floats by an integer addition (kSumStart), and two products are left for 16 of them. With a scale for every 16
// weights there would be twice as many, and AVX-512 alone is as fast.
#include "ops/linear/q8_codes_avx512.h"
#include "ops/linear/tiles_amx.h"

namespace adze::ops {
namespace {

constexpr int kMaxTokens = 128;
constexpr int kMaxGroups = 2;
constexpr int kSpan = 2 * kTileTokens;                // tokens that are multiplied at once
constexpr int kSumsStride = kMaxGroups * kGroupRows;  // from token to token
constexpr int kAheadBytes = 3072;                     // at which activations are fetched

// The sums of one block, [token of the span][group][16].
struct alignas(64) BlockSums {
  int32_t of[kSpan * kSumsStride];
};

void quantize(const float* x, int64_t blocks, const CodeRules& rules, const Panel& column, int tokens) {
  quantize_column(QuantizeLanes{}, x, blocks, rules, column, tokens);
}

// Codes of tiles are int8, less their zero point.
void unpack(const Rows16Layout& layout, const uint8_t* record, int blocks, const CodeTile& tile) {
  unpack_tile(layout, record, blocks, 0, tile);
  if (layout.zero_point == 0) return;
  const __m512i zero_point = _mm512_set1_epi8(static_cast<char>(layout.zero_point));
  for (uint8_t* plane = tile.codes; plane < tile.codes + blocks * kQuads * kPlaneBytes; plane += kPlaneBytes) {
    _mm512_storeu_si512(plane, _mm512_sub_epi8(_mm512_loadu_si512(plane), zero_point));
  }
}

template <int kGroups, SumWords kWords>
class Product {
  static constexpr bool kMinima = kWords != SumWords::start;
  static constexpr int kSumRows = word_count(kWords);

 public:
  Product(const CodeTile* tiles, const Panel& panel, int tokens, float* totals)
      : tokens_(tokens), x_(panel.codes), x_scales_(panel.scales), x_sums_(panel.sums), totals_(totals) {
    for (int g = 0; g < kGroups; ++g) {
      codes_[g] = tiles[g].codes;
      scales_[g] = tiles[g].scales;
      minima_[g] = tiles[g].minima;
    }
  }

  // A turn is one block of one span. At a time one is multiplied, the one before is stored, and the one before that is
  // scaled.
  void run(int blocks) {
    BlockSums sums[2];
    const int turns = blocks * ((tokens_ + kSpan - 1) / kSpan);
    for (int number = 0; number < turns + 2; ++number) {
      int32_t* stored = sums[(number + 1) % 2].of;
      const int32_t* scaled = sums[number % 2].of;
      if (number > 1 && number < turns) {
        take({true, true, true, stored, scaled});
      } else {
        take_end({number < turns, number > 0 && number <= turns, number > 1, stored, scaled});
      }
      if (number < turns) next_codes();
      if (number > 1) next_scales();
    }
  }

 private:
  struct Turn {
    bool multiplies;
    bool stores;
    bool scales;
    int32_t* stored;
    const int32_t* scaled;
  };
  // The scales of a block, and what they scale.
  struct Scales {
    const float* x_scales;
    const int32_t* x_sums;
    float* totals;
    int tokens;  // of the span
    __m512 scale[kGroups];
    __m512 offset[kGroups];
    __m512 minimum[kGroups];
  };
  __attribute__((noinline)) void take_end(const Turn& turn) const { take(turn); }

  inline __attribute__((always_inline)) void take(const Turn& turn) const {
    Scales scales;
    if (turn.scales) load_scales(scales);
    take_tiles<0>(turn, scales);
    take_tiles<1>(turn, scales);
  }

  // A tile's sums are stored just before it takes new ones, and vector work stands between the tiles: all units have
  // something to do.
  template <int kTile>
  inline __attribute__((always_inline)) void take_tiles(const Turn& turn, const Scales& scales) const {
    constexpr int kFirst = kTile * kTileTokens;
    if (turn.multiplies) load_activations<kTile>();
    take_tile<kTile, 0>(turn);
    if (turn.scales) scale_tokens(turn.scaled, kFirst, scales);
    if constexpr (kGroups == 2) take_tile<kTile, 1>(turn);
    if (turn.scales) scale_tokens(turn.scaled, kFirst + kTileTokens / 2, scales);
  }

  template <int kTile>
  inline __attribute__((always_inline)) void load_activations() const {
    const int8_t* x = x_ + (first_ + kTile * kTileTokens) * kBlockNumbers;
#pragma GCC unroll 8
    for (int line = 0; line < kTileTokens * kBlockNumbers / 64; ++line) {
      _mm_prefetch(reinterpret_cast<const char*>(x + kAheadBytes + 64 * line), _MM_HINT_T0);
    }
    load_tile<kFirstActivations + kTile>(x, kBlockNumbers);
  }

  template <int kTile, int kGroup>
  inline __attribute__((always_inline)) void take_tile(const Turn& turn) const {
    constexpr int kSums = 2 * kTile + kGroup;
    if (turn.stores) {
      store_tile<kSums>(turn.stored + kTile * kTileTokens * kSumsStride + kGroup * kGroupRows,
                        kSumsStride * sizeof(int32_t));
    }
    if (!turn.multiplies) return;
    if constexpr (kTile == 0) load_tile<kFirstCodes + kGroup>(codes_[kGroup], kPlaneBytes);
    zero_tile<kSums>();
    add_tile_products<kSums, kFirstActivations + kTile, kFirstCodes + kGroup>();
  }

  inline __attribute__((always_inline)) void load_scales(Scales& scales) const {
    scales.x_scales = x_scales_ + first_scaled_;
    scales.x_sums = x_sums_ + (kSumRows - 1) * tokens_ + first_scaled_;  // where there are minima, scaled ones
    scales.totals = totals_ + first_scaled_ * kGroups * kGroupRows;
    scales.tokens = tokens_ - first_scaled_;
#pragma GCC unroll 2
    for (int g = 0; g < kGroups; ++g) {
      scales.scale[g] = _mm512_loadu_ps(scales_[g]);
      scales.offset[g] = _mm512_mul_ps(scales.scale[g], _mm512_set1_ps(-kSumOffset));
      if constexpr (kMinima) scales.minimum[g] = _mm512_loadu_ps(minima_[g]);
    }
  }

  // Half a tile's tokens from `first` on.
  inline __attribute__((always_inline)) void scale_tokens(const int32_t* sums, int first, const Scales& scales) const {
    if (__builtin_expect(first + kTileTokens / 2 <= scales.tokens, true)) {
#pragma GCC unroll 8
      for (int t = first; t < first + kTileTokens / 2; ++t) scale_token(sums, t, scales);
    } else {
      for (int t = first; t < scales.tokens; ++t) scale_token(sums, t, scales);
    }
  }

  inline __attribute__((always_inline)) void scale_token(const int32_t* sums, int t, const Scales& scales) const {
    const __m512 x_scale = _mm512_set1_ps(scales.x_scales[t]);
#pragma GCC unroll 2
    for (int g = 0; g < kGroups; ++g) {
      float* at = scales.totals + (t * kGroups + g) * kGroupRows;
      const __m512i sum =
          _mm512_add_epi32(_mm512_load_si512(sums + t * kSumsStride + g * kGroupRows), _mm512_set1_epi32(kSumStart));
      const __m512 scaled = _mm512_fmadd_ps(_mm512_castsi512_ps(sum), scales.scale[g], scales.offset[g]);
      __m512 total = _mm512_fmadd_ps(scaled, x_scale, _mm512_loadu_ps(at));
      if constexpr (kMinima) {
        const __m512 code_sum = _mm512_castsi512_ps(_mm512_set1_epi32(scales.x_sums[t]));
        total = _mm512_fnmadd_ps(scales.minimum[g], code_sum, total);
      }
      _mm512_storeu_ps(at, total);
    }
  }

  void next_codes() {
    first_ += kSpan;
    if (first_ < tokens_) return;
    first_ = 0;
    x_ += tokens_ * kBlockNumbers;
    for (int g = 0; g < kGroups; ++g) codes_[g] += kQuads * kPlaneBytes;
  }

  void next_scales() {
    first_scaled_ += kSpan;
    if (first_scaled_ < tokens_) return;
    first_scaled_ = 0;
    x_scales_ += tokens_;
    x_sums_ += kSumRows * tokens_;
    for (int g = 0; g < kGroups; ++g) {
      scales_[g] += kGroupRows;
      minima_[g] += kGroupRows;
    }
  }

  const int tokens_;
  // The turn to be multiplied: the first token of its span, the activations and codes of its block.
  int first_ = 0;
  const int8_t* x_;
  const uint8_t* codes_[kGroups];
  // The turn to be scaled.
  int first_scaled_ = 0;
  const float* x_scales_;
  const int32_t* x_sums_;
  const float* scales_[kGroups];
  const float* minima_[kGroups];
  float* const totals_;
};

template <SumWords kWords>
void multiply_groups(const CodeTile* tiles, const Panel& panel, const Extent& extent, float* sums) {
  if (extent.groups == 2) return Product<2, kWords>(tiles, panel, extent.tokens, sums).run(extent.blocks);
  Product<1, kWords>(tiles, panel, extent.tokens, sums).run(extent.blocks);
}

void multiply(const CodeRules& rules, const CodeTile* tiles, const Panel& panel, const Extent& extent, float* sums) {
  switch (sum_words(*rules.layout)) {
    case SumWords::start:
      return multiply_groups<SumWords::start>(tiles, panel, extent, sums);
    case SumWords::scaled:
      return multiply_groups<SumWords::scaled>(tiles, panel, extent, sums);
    case SumWords::start_and_scaled:
      return multiply_groups<SumWords::start_and_scaled>(tiles, panel, extent, sums);
  }
}

void multiply_packed(const Rows16Layout& layout, const uint8_t* record, const Panel& panel, const Extent& extent,
                     float* sums) {
  kQ8KernelsAvx512.multiply_packed(layout, record, panel, extent, sums);
}

void begin() { configure_tiles(kBlockNumbers); }

}  // namespace

const Q8Kernels kQ8KernelsAmx = {
    .max_tokens = kMaxTokens,
    .max_packed_tokens = 8,
    .max_groups = kMaxGroups,
    .activation_blocks = 1,
    .keeps_bytes_signed = false,
    .largest_code = 0,
    .sums_in_pairs = false,
    .quantize = quantize,
    .unpack = unpack,
    .multiply = multiply,
    .multiply_packed = multiply_packed,
    .begin = begin,
    .end = release_tiles,
    .most_scales_per_block = 1,
};

}  // namespace adze::ops
