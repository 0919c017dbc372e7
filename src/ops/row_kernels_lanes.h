// The row kernels over the operations of lanes_<isa>.h (to be included before), compiled once for each ISA.
#pragma once

#include "ops/row_kernels.h"

namespace adze::ops {
namespace {

/// The last `count` < 16 numbers of a row, zero behind them.
inline Lanes load_rest(const float* from, int64_t count) {
  alignas(64) float numbers[16] = {};
  __builtin_memcpy(numbers, from, static_cast<unsigned long>(count) * sizeof(float));
  return load(numbers);
}

inline void store_rest(float* to, Lanes a, int64_t count) {
  alignas(64) float numbers[16];
  store(numbers, a);
  __builtin_memcpy(to, numbers, static_cast<unsigned long>(count) * sizeof(float));
}

inline Lanes rest_from(const float* x, int64_t count, Lanes origin) {
  return within(load_rest(x, count) - origin, 0, static_cast<int>(count), splat(0.0f));
}

// Of (x - origin)^2.
inline float mean_square(const float* x, int64_t count, float origin = 0) {
  const Lanes zero = splat(origin);
  constexpr int kChains = 4;  // independent sums: faster, and each has fewer roundings
  Lanes sum[kChains] = {splat(0.0f), splat(0.0f), splat(0.0f), splat(0.0f)};
  int64_t i = 0;
  for (; i + 16 * kChains <= count; i += 16 * kChains) {
#pragma GCC unroll 4
    for (int chain = 0; chain < kChains; ++chain) {
      const Lanes numbers = load(x + i + 16 * chain) - zero;
      sum[chain] = multiply_add(numbers, numbers, sum[chain]);
    }
  }
  for (; i < count; i += 16) {
    const Lanes numbers = count - i >= 16 ? load(x + i) - zero : rest_from(x + i, count - i, zero);
    sum[0] = multiply_add(numbers, numbers, sum[0]);
  }
  return lane_sum((sum[0] + sum[1]) + (sum[2] + sum[3])) / static_cast<float>(count);
}

void rms_norm_row(const float* x, const float* weight, int64_t count, float epsilon, float* out) {
  const Lanes factor = splat(1.0f / __builtin_sqrtf(mean_square(x, count) + epsilon));
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) store(out + i, load(x + i) * factor * load(weight + i));
  if (i < count)
    store_rest(out + i, load_rest(x + i, count - i) * factor * load_rest(weight + i, count - i), count - i);
}

inline Lanes gated(Lanes gate, Lanes up) { return gate / (splat(1.0f) + exponential(splat(0.0f) - gate)) * up; }

void swiglu_row(const float* gate, const float* up, int64_t count, float* out) {
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) store(out + i, gated(load(gate + i), load(up + i)));
  if (i < count) store_rest(out + i, gated(load_rest(gate + i, count - i), load_rest(up + i, count - i)), count - i);
}

inline Lanes gated_clamped(Lanes gate, Lanes up, const ClampedGate& how) {
  const Lanes limit = splat(how.limit);
  gate = smaller(limit, gate);
  up = larger(splat(-how.limit), smaller(limit, up));
  return gate / (splat(1.0f) + exponential(splat(-how.slope) * gate)) * (up + splat(1.0f));
}

void clamped_swiglu_row(const float* gate, const float* up, const ClampedGate& how, int64_t count, float* out) {
  for (int64_t i = 0; i < count; i += 16) {
    const int64_t rest = count - i;
    const auto next = [&](const float* from) { return rest >= 16 ? load(from + i) : load_rest(from + i, rest); };
    const Lanes product = gated_clamped(next(gate), next(up), how);
    rest >= 16 ? store(out + i, product) : store_rest(out + i, product, rest);
  }
}

inline Pairs rotated(const Lanes& a, const Lanes& b, const Pairs& angles) {
  const Lanes minus_b_sine = b * angles.second * splat(-1.0f);
  return {multiply_add(a, angles.first, minus_b_sine), multiply_add(a, angles.second, b * angles.first)};
}

inline void rotate_pair(const float* angle, float a, float b, float* first, float* second) {
  const float turned = __builtin_fmaf(a, angle[0], -(b * angle[1]));
  *second = __builtin_fmaf(a, angle[1], b * angle[0]);
  *first = turned;
}

void rotate_halves(const PairLayout& layout, const float* angles, const float* in, float* out) {
  int64_t i = 0;
  for (; i + 16 <= layout.pairs; i += 16) {
    const Pairs pairs = rotated(load(in + i), load(in + i + layout.step), load_pairs(angles + 2 * i));
    store(out + i, pairs.first);
    store(out + i + layout.step, pairs.second);
  }
  for (; i < layout.pairs; ++i) {
    rotate_pair(angles + 2 * i, in[i], in[i + layout.step], out + i, out + i + layout.step);
  }
}

void rotate_interleaved(const PairLayout& layout, const float* angles, const float* in, float* out) {
  int64_t i = 0;
  for (; i + 16 <= layout.pairs; i += 16) {
    const Pairs pairs = load_pairs(in + 2 * i);
    store_pairs(out + 2 * i, rotated(pairs.first, pairs.second, load_pairs(angles + 2 * i)));
  }
  for (; i < layout.pairs; ++i) {
    rotate_pair(angles + 2 * i, in[2 * i], in[2 * i + 1], out + 2 * i, out + 2 * i + 1);
  }
}

void rotate_row(const PairLayout& layout, const float* angles, const float* in, float* out) {
  layout.stride == 1 ? rotate_halves(layout, angles, in, out) : rotate_interleaved(layout, angles, in, out);
}

void add_row(const float* a, const float* b, int64_t count, float* out) {
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) store(out + i, load(a + i) + load(b + i));
  for (; i < count; ++i) out[i] = a[i] + b[i];
}

inline float mean(const float* x, int64_t count) {
  Lanes sum[2] = {splat(0.0f), splat(0.0f)};
  int64_t i = 0;
  for (; i + 32 <= count; i += 32) {
    sum[0] = sum[0] + load(x + i);
    sum[1] = sum[1] + load(x + i + 16);
  }
  for (; i < count; i += 16) sum[0] = sum[0] + (count - i >= 16 ? load(x + i) : load_rest(x + i, count - i));
  return lane_sum(sum[0] + sum[1]) / static_cast<float>(count);
}

void layer_norm_row(const float* x, const NormWeights& weights, int64_t count, float* out) {
  const float origin = mean(x, count);
  const Lanes shift = splat(origin);
  const Lanes factor = splat(1.0f / __builtin_sqrtf(mean_square(x, count, origin) + weights.epsilon));
  for (int64_t i = 0; i < count; i += 16) {
    const int64_t rest = count - i;
    const auto next = [&](const float* from) { return rest >= 16 ? load(from + i) : load_rest(from + i, rest); };
    const Lanes bias = weights.bias ? next(weights.bias) : splat(0.0f);
    const Lanes normed = multiply_add((next(x) - shift) * factor, next(weights.weight), bias);
    rest >= 16 ? store(out + i, normed) : store_rest(out + i, normed, rest);
  }
}

// out[i] = function(x[i]), times up[i] where there is one.
template <typename Function>
inline void map_row(const float* x, const float* up, int64_t count, float* out, Function function) {
  for (int64_t i = 0; i < count; i += 16) {
    const int64_t rest = count - i;
    const auto next = [&](const float* from) { return rest >= 16 ? load(from + i) : load_rest(from + i, rest); };
    const Lanes mapped = up ? function(next(x)) * next(up) : function(next(x));
    rest >= 16 ? store(out + i, mapped) : store_rest(out + i, mapped, rest);
  }
}

void gelu_erf_row(const float* gate, const float* up, int64_t count, float* out) {
  map_row(gate, up, count, out, [](Lanes x) { return x * normal_distribution(x); });
}

void gelu_tanh_row(const float* gate, const float* up, int64_t count, float* out) {
  map_row(gate, up, count, out, [](Lanes x) {
    // x / 2 (1 + tanh(y)) = x / (1 + e^-2y)
    const Lanes twice = splat(1.59576912f) * multiply_add(splat(0.044715f) * x * x, x, x);
    return x / (splat(1.0f) + exponential(splat(0.0f) - twice));
  });
}

void scale_row(const float* x, float factor, int64_t count, float* out) {
  map_row(x, nullptr, count, out, [factor](Lanes a) { return a * splat(factor); });
}

void soft_cap_row(const float* x, float cap, int64_t count, float* out) {
  map_row(x, nullptr, count, out, [cap](Lanes a) { return splat(cap) * hyperbolic_tangent(a / splat(cap)); });
}

void convolve_row(const ConvolutionTaps& taps, int64_t count, float* out) {
  for (int64_t i = 0; i < count; i += 16) {
    const int64_t rest = count - i;
    const auto next = [&](const float* from) { return rest >= 16 ? load(from + i) : load_rest(from + i, rest); };
    Lanes sum = next(taps.bias);
    for (int64_t tap = 0; tap < taps.count; ++tap) {
      sum = multiply_add(next(taps.factors[tap]), next(taps.inputs[tap]), sum);
    }
    const Lanes gate = gated(sum, splat(1.0f));
    rest >= 16 ? store(out + i, gate) : store_rest(out + i, gate, rest);
  }
}

/// `kRegisters` times 16 numbers of each row; the rows are added in their order.
template <int kRegisters>
inline void advance_columns(const StateStep& step, int64_t stride, const float* x, float* state, float* sums) {
  const Lanes decay = splat(step.decay);
  Lanes inputs[kRegisters];
  Lanes sum[kRegisters];
  for (int r = 0; r < kRegisters; ++r) {
    inputs[r] = load(x + 16 * r);
    sum[r] = splat(0.0f);
  }
  for (int64_t row = 0; row < step.rows; ++row, state += stride) {
    const Lanes weight = splat(step.weights[row]);
    const Lanes readout = splat(step.readout[row]);
#pragma GCC unroll 4
    for (int r = 0; r < kRegisters; ++r) {
      const Lanes now = multiply_add(weight, inputs[r], decay * load(state + 16 * r));
      store(state + 16 * r, now);
      sum[r] = multiply_add(readout, now, sum[r]);
    }
  }
  for (int r = 0; r < kRegisters; ++r) store(sums + 16 * r, sum[r]);
}

inline void advance_rest(const StateStep& step, int64_t stride, int64_t begin, float* state, float* sums) {
  const int64_t rest = stride - begin;
  const Lanes input = load_rest(step.x + begin, rest);
  Lanes sum = splat(0.0f);
  for (int64_t row = 0; row < step.rows; ++row) {
    float* numbers = state + row * stride + begin;
    const Lanes now = multiply_add(splat(step.weights[row]), input, splat(step.decay) * load_rest(numbers, rest));
    store_rest(numbers, now, rest);
    sum = multiply_add(splat(step.readout[row]), now, sum);
  }
  store_rest(sums + begin, sum, rest);
}

void advance_state_rows(const StateStep& step, int64_t count, float* state, float* sums) {
  int64_t i = 0;
  for (; i + 64 <= count; i += 64) advance_columns<4>(step, count, step.x + i, state + i, sums + i);
  for (; i + 16 <= count; i += 16) advance_columns<1>(step, count, step.x + i, state + i, sums + i);
  if (i < count) advance_rest(step, count, i, state, sums);
}

float dot_of_rows(const float* a, const float* b, int64_t count) {
  constexpr int kChains = 4;
  Lanes sum[kChains] = {splat(0.0f), splat(0.0f), splat(0.0f), splat(0.0f)};
  int64_t i = 0;
  for (; i + 16 * kChains <= count; i += 16 * kChains) {
#pragma GCC unroll 4
    for (int chain = 0; chain < kChains; ++chain) {
      sum[chain] = multiply_add(load(a + i + 16 * chain), load(b + i + 16 * chain), sum[chain]);
    }
  }
  for (; i < count; i += 16) {
    const int64_t rest = count - i;
    const auto next = [&](const float* from) { return rest >= 16 ? load(from + i) : load_rest(from + i, rest); };
    sum[0] = multiply_add(next(a), next(b), sum[0]);
  }
  return lane_sum((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

void add_scaled_row(const float* x, float factor, int64_t count, float* out) {
  const Lanes times = splat(factor);
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) store(out + i, multiply_add(times, load(x + i), load(out + i)));
  if (i == count) return;
  const int64_t rest = count - i;
  store_rest(out + i, multiply_add(times, load_rest(x + i, rest), load_rest(out + i, rest)), rest);
}

void narrow_row(const float* from, int64_t count, uint8_t* to) {
  int64_t i = 0;
  for (; i + 16 <= count; i += 16) store_f16(to + 2 * i, load(from + i));
  if (i == count) return;
  alignas(64) uint8_t rest[32];
  store_f16(rest, load_rest(from + i, count - i));
  __builtin_memcpy(to + 2 * i, rest, static_cast<unsigned long>(count - i) * 2);
}

}  // namespace
}  // namespace adze::ops
