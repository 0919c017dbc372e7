// Filling the lanes with numbers and weights, for every vector width (lane_vectors.h).
#pragma once

#include "codecs/lane_fit.h"
#include "codecs/lane_vectors.h"

namespace adze::codecs {
namespace {

template <int kWidth>
struct LaneLoadKernel {
  using Vectors = LaneVectors<kWidth>;
  using Floats = typename Vectors::Floats;
  using Ints = typename Vectors::Ints;

  /// NaN becomes 0.
  static Floats finite_values(const Floats& value) {
    const Floats clamped =
        Vectors::lesser(Vectors::greater(value, Vectors::all(-kMaxMagnitude)), Vectors::all(kMaxMagnitude));
    return value == value ? clamped : Floats{};
  }
  static Floats finite_weights(const Floats& weight) {
    return weight > Floats{} ? Vectors::lesser(weight, Vectors::all(kMaxWeight)) : Floats{};
  }

  /// out[i][lane] = made_finite(values[lane * elements + i]).
  template <Floats (*made_finite)(const Floats&)>
  static void load_with(const float* values, int elements, float (*out)[kLanes]) {
    for (int lane = 0; lane < kLanes; lane += kWidth) {
      for (int i = 0; i < elements; i += kWidth) {
        Floats rows[kWidth];
#pragma GCC unroll 16
        for (int k = 0; k < kWidth; ++k) rows[k] = made_finite(Vectors::load(values + (lane + k) * elements + i));
        Vectors::transpose(rows);
#pragma GCC unroll 16
        for (int k = 0; k < kWidth; ++k) Vectors::store(out[i + k] + lane, rows[k]);
      }
    }
  }
  static void load(const float* values, int elements, float (*out)[kLanes]) {
    load_with<finite_values>(values, elements, out);
  }
  static void load_weights(const float* importance, int elements, float (*out)[kLanes]) {
    load_with<finite_weights>(importance, elements, out);
  }

  /// What to multiply weights with whose largest are given, so that the largest of lanes together becomes 1; 0 where
  /// they are of no use.
  static void inverse_largest(const float* largest, int lanes_together, float* inverse) {
    for (int first = 0; first < kLanes; first += lanes_together) {
      float most = 0;
      for (int lane = first; lane < first + lanes_together; ++lane) most = largest[lane] > most ? largest[lane] : most;
      const float factor = most > kSmallestDivisor ? 1.0f / most : 0.0f;
      for (int lane = first; lane < first + lanes_together; ++lane) inverse[lane] = factor;
    }
  }

  static void normalize(LaneBlocks& lanes, int lanes_together) {
    alignas(64) float largest[kLanes], inverse[kLanes];
    for (int first = 0; first < kLanes; first += kWidth) {
      Floats most = {};
      for (int i = 0; i < lanes.elements; ++i) most = Vectors::greater(Vectors::load(lanes.w[i] + first), most);
      Vectors::store(largest + first, most);
    }
    inverse_largest(largest, lanes_together, inverse);
    for (int first = 0; first < kLanes; first += kWidth) {
      const Floats factor = Vectors::load(inverse + first);
      const Ints usable = factor > Floats{};
      Floats sum = {};
      for (int i = 0; i < lanes.elements; ++i) {
        const Floats weight = usable ? Vectors::load(lanes.w[i] + first) * factor : Vectors::all(1.0f);
        Vectors::store(lanes.w[i] + first, weight);
        sum += weight;
      }
      Vectors::store(lanes.weight + first, sum);
    }
  }

  /// Root mean square of a lane plus the number's magnitude, then as normalize().
  static void magnitude_weights(LaneBlocks& lanes, int lanes_together) {
    alignas(64) float typical[kLanes], largest[kLanes], inverse[kLanes];
    for (int first = 0; first < kLanes; first += kWidth) {
      Floats power = {}, most = {};
      for (int i = 0; i < lanes.elements; ++i) {
        const Floats x = Vectors::load(lanes.x[i] + first);
        power += x * x;
        most = Vectors::greater(Vectors::magnitude(x), most);
      }
      Vectors::store(typical + first, power / static_cast<float>(lanes.elements));
      Vectors::store(largest + first, most);
    }
    for (int lane = 0; lane < kLanes; ++lane) {
      typical[lane] = __builtin_sqrtf(typical[lane]);
      largest[lane] += typical[lane];
    }
    inverse_largest(largest, lanes_together, inverse);
    for (int first = 0; first < kLanes; first += kWidth) {
      const Floats factor = Vectors::load(inverse + first);
      const Ints usable = factor > Floats{};
      const Floats base = Vectors::load(typical + first);
      Floats sum = {};
      for (int i = 0; i < lanes.elements; ++i) {
        const Floats x = Vectors::load(lanes.x[i] + first);
        const Floats weight = usable ? (base + Vectors::magnitude(x)) * factor : Vectors::all(1.0f);
        Vectors::store(lanes.w[i] + first, weight);
        sum += weight;
      }
      Vectors::store(lanes.weight + first, sum);
    }
  }
};

}  // namespace
}  // namespace adze::codecs
