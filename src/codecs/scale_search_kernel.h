// Where the search for a block's scale starts: tries many places, keeps what explains most of the numbers, and descends
// from there; for every vector width (lane_vectors.h).
//
// With codes c for numbers x and weights w, the best scale explains (sum w c x)^2 / (sum w c c) of sum w x x, so two
// sums per place tell which is best, and fractions are compared without dividing. With a free offset both sums are
// taken about the means.
#pragma once

#include <cstdint>

#include "codecs/lane_fit_kernel.h"
#include "codecs/lane_kernels.h"

namespace adze::codecs {
namespace {

template <typename Kernel>
struct ScaleSearchKernel {
  using Floats = typename Kernel::Floats;
  using Ints = typename Kernel::Ints;
  using Fit = typename Kernel::Fit;
  static constexpr int kWidth = Kernel::kWidth;
  // Trials that share what they read: as many as there are registers for.
  static constexpr int kTogether = kWidth >= 16 ? 4 : 2;
  // How long the most promising start is followed; after that little changes.
  static constexpr int kRounds = 3;

  /// The largest fraction so far, and the fit behind it.
  struct Best {
    Floats above = {};
    Floats below = Kernel::all(1.0f);
    Floats scale_above = {}, scale_below = Kernel::all(1.0f);
    Floats code = {};  // sum of w c / (sum of w)

    void offer(const Floats& new_above, const Floats& new_below, const Best& candidate) {
      const Ints better = new_above * below > above * new_below;
      above = better ? new_above : above;
      below = better ? new_below : below;
      scale_above = better ? candidate.scale_above : scale_above;
      scale_below = better ? candidate.scale_below : scale_below;
      code = better ? candidate.code : code;
    }
  };

  static Floats extremes(const LaneBlocks& lanes, int first) {
    Floats extreme = {};
    for (int i = 0; i < lanes.elements; ++i) {
      const Floats x = Kernel::load(lanes.x[i] + first);
      extreme = Kernel::magnitude(x) > Kernel::magnitude(extreme) ? x : extreme;
    }
    return extreme;
  }

  static void find_scales(const LaneBlocks& lanes, const FitRules& rules, Trials extreme_codes, LaneFit& fit) {
    Kernel::with_codes(rules.range, [&](const auto& codes) {
      for (int first = 0; first < kLanes; first += kWidth) {
        const Floats inverse = Kernel::inverse_or_zero(extremes(lanes, first));
        Best best;
        for (int trial = 0; trial < extreme_codes.count; trial += kTogether) {
          Floats inverses[kTogether];
          for (int k = 0; k < kTogether; ++k) {
            const int at = trial + k < extreme_codes.count ? trial + k : trial;
            inverses[k] = inverse * extreme_codes.values[at];
          }
          try_scales(lanes, codes, first, inverses, best);
        }
        const Fit start = {best.scale_above / best.scale_below, Floats{}};
        Kernel::store_fit(fit, first, Kernel::template descend_from<false>(lanes, rules, codes, first, start, kRounds));
      }
    });
  }

  template <typename Codes>
  static void try_scales(const LaneBlocks& lanes, const Codes& nearest_code, int first,
                         const Floats (&inverses)[kTogether], Best& best) {
    Floats code_number[kTogether] = {}, code_code[kTogether] = {};
    for (int i = 0; i < lanes.elements; ++i) {
      const Floats x = Kernel::load(lanes.x[i] + first);
      const Floats w = Kernel::load(lanes.w[i] + first);
#pragma GCC unroll 4
      for (int k = 0; k < kTogether; ++k) {
        const Floats c = nearest_code(x * inverses[k]);
        const Floats wc = w * c;
        code_number[k] += wc * x;
        code_code[k] += wc * c;
      }
    }
    for (int k = 0; k < kTogether; ++k) {
      Best candidate;
      candidate.scale_above = code_number[k];
      candidate.scale_below = code_code[k] > Kernel::all(kSmallestDivisor) ? code_code[k] : Kernel::all(1.0f);
      best.offer(code_number[k] * code_number[k], candidate.scale_below, candidate);
    }
  }

  /// What all trials of affine codes share.
  struct Span {
    Floats smallest;
    Floats width;
    Floats inverse_width;
    Floats inverse_weight;
    Floats number;  // sum of w x
    Floats mean;
    bool may_be_positive;  // the offset
  };

  static Span span_of(const LaneBlocks& lanes, OffsetRule rule, int first) {
    Floats smallest = Kernel::load(lanes.x[0] + first), largest = smallest, number = {};
    for (int i = 0; i < lanes.elements; ++i) {
      const Floats x = Kernel::load(lanes.x[i] + first);
      smallest = Kernel::lesser(x, smallest);
      largest = Kernel::greater(x, largest);
      number += Kernel::load(lanes.w[i] + first) * x;
    }
    if (rule == OffsetRule::never_positive) smallest = Kernel::lesser(smallest, Floats{});
    const Floats width = largest - smallest;
    const Floats inverse_weight = Kernel::inverse_or_zero(Kernel::load(lanes.weight + first));
    return {smallest,
            width,
            Kernel::inverse_or_zero(width),
            inverse_weight,
            number,
            number * inverse_weight,
            rule == OffsetRule::free};
  }

  static void find_scales_and_offsets(const LaneBlocks& lanes, const FitRules& rules, OverhangTrials overhangs,
                                      LaneFit& fit) {
    Kernel::with_codes(rules.range, [&](const auto& codes) {
      for (int first = 0; first < kLanes; first += kWidth) {
        const Span span = span_of(lanes, rules.offset, first);
        Best best;
        // The offset alone, where it may stand alone.
        const Floats alone = span.may_be_positive ? span.mean : Kernel::lesser(span.mean, Floats{});
        if (!span.may_be_positive) best.above = alone * span.number;
        for (int trial = 0; trial < overhangs.count; trial += kTogether) {
          Fit starts[kTogether];
          for (int k = 0; k < kTogether; ++k) {
            const Overhang overhang = overhangs.values[trial + k < overhangs.count ? trial + k : trial];
            const float steps = rules.range.highest + overhang.above + overhang.below;
            starts[k] = {span.inverse_width * steps, span.smallest + span.width * (overhang.below / steps)};
            if (!span.may_be_positive) starts[k].offset = Kernel::lesser(starts[k].offset, Floats{});
          }
          try_offsets(lanes, codes, first, starts, span, best);
        }
        const Floats scale = best.scale_above / best.scale_below;
        Fit start = {scale, span.mean - scale * best.code};
        if (!span.may_be_positive) start.offset = Kernel::lesser(start.offset, Floats{});
        Kernel::store_fit(fit, first, Kernel::template descend_from<true>(lanes, rules, codes, first, start, kRounds));
      }
    });
  }

  /// `starts` have inverses for scales.
  template <typename Codes>
  static void try_offsets(const LaneBlocks& lanes, const Codes& nearest_code, int first, const Fit (&starts)[kTogether],
                          const Span& span, Best& best) {
    Floats code_number[kTogether] = {}, code_code[kTogether] = {}, code[kTogether] = {};
    for (int i = 0; i < lanes.elements; ++i) {
      const Floats x = Kernel::load(lanes.x[i] + first);
      const Floats w = Kernel::load(lanes.w[i] + first);
#pragma GCC unroll 4
      for (int k = 0; k < kTogether; ++k) {
        const Floats c = nearest_code((x - starts[k].offset) * starts[k].scale);
        const Floats wc = w * c;
        code[k] += wc;
        code_number[k] += wc * x;
        code_code[k] += wc * c;
      }
    }
    for (int k = 0; k < kTogether; ++k) {
      const Floats mean_code = code[k] * span.inverse_weight;
      const Floats about_means = code_number[k] - mean_code * span.number;
      const Floats spread = code_code[k] - mean_code * code[k];
      const Ints solvable = spread > 1e-6f * code_code[k];
      Best candidate;
      candidate.scale_above = solvable ? about_means : Floats{};
      candidate.scale_below = solvable ? spread : Kernel::all(1.0f);
      candidate.code = mean_code;
      Floats explained = candidate.scale_above * candidate.scale_above;
      if (!span.may_be_positive) {
        explained += span.mean * span.number * candidate.scale_below;
        // Offsets above zero are not allowed: then zero is best.
        const Ints above = span.mean * candidate.scale_below > candidate.scale_above * mean_code;
        const Ints some = code_code[k] > Kernel::all(kSmallestDivisor);
        const Floats codes = some ? code_code[k] : Kernel::all(1.0f);
        explained = above ? (some ? code_number[k] * code_number[k] : Floats{}) : explained;
        candidate.scale_above = above ? (some ? code_number[k] : Floats{}) : candidate.scale_above;
        candidate.scale_below = above ? codes : candidate.scale_below;
      }
      best.offer(explained, candidate.scale_below, candidate);
    }
  }
};

}  // namespace
}  // namespace adze::codecs
