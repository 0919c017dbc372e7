// Loops over one row of numbers that several light ops share, one table per ISA.
// Plain structs only: files compiled for one ISA include this.
#pragma once

#include <cstdint>

namespace adze::ops {

/// How one head is rotated: pairs are `step` apart, pair i starts at i * stride.
struct PairLayout {
  int64_t pairs;
  int64_t stride;
  int64_t step;
};

/// Of a layer norm; bias may be null.
struct NormWeights {
  const float* weight;
  const float* bias;
  float epsilon;
};

struct ClampedGate {
  float limit;
  float slope;
};

/// One step of a state [rows][count]: state = decay * state + weights[row] * x, sums = sum of readout[row] * state.
struct StateStep {
  int64_t rows;
  float decay;
  const float* weights;
  const float* readout;
  const float* x;
};

/// The last inputs of a causal convolution, oldest first, and a factor for each of their numbers, row by row.
struct ConvolutionTaps {
  const float* const* inputs;
  const float* const* factors;
  int64_t count;
  const float* bias;
};

struct RowKernels {
  /// out = x / sqrt(mean(x^2) + epsilon) * weight
  void (*rms_norm)(const float* x, const float* weight, int64_t count, float epsilon, float* out);
  /// out = gate / (1 + e^-gate) * up
  void (*swiglu)(const float* gate, const float* up, int64_t count, float* out);
  /// gate = min(gate, limit), up = min(max(up, -limit), limit): out = gate / (1 + e^(-slope gate)) * (up + 1)
  void (*clamped_swiglu)(const float* gate, const float* up, const ClampedGate& how, int64_t count, float* out);
  /// Rotates each pair by its angle, given as (cosine, sine).
  void (*rotate)(const PairLayout& layout, const float* angles, const float* in, float* out);
  /// The nearest f16, ties to even.
  void (*narrow_to_f16)(const float* from, int64_t count, uint8_t* to);
  /// out = a + b
  void (*add)(const float* a, const float* b, int64_t count, float* out);
  /// out = (x - mean(x)) / sqrt(variance(x) + epsilon) * weight + bias
  void (*layer_norm)(const float* x, const NormWeights& weights, int64_t count, float* out);
  /// out = gelu(gate) * up, or gelu(gate) where up is null
  void (*gelu)(const float* gate, const float* up, int64_t count, float* out);
  void (*gelu_tanh)(const float* gate, const float* up, int64_t count, float* out);
  /// out = x * factor
  void (*scale)(const float* x, float factor, int64_t count, float* out);
  /// out = cap * tanh(x / cap)
  void (*soft_cap)(const float* x, float cap, int64_t count, float* out);
  /// out = silu(bias + sum of factors * inputs)
  void (*convolve)(const ConvolutionTaps& taps, int64_t count, float* out);
  void (*advance_state)(const StateStep& step, int64_t count, float* state, float* sums);
  /// The sum of a * b.
  float (*dot)(const float* a, const float* b, int64_t count);
  /// out += factor * x
  void (*add_scaled)(const float* x, float factor, int64_t count, float* out);
};

extern const RowKernels kRowKernelsAvx512;
extern const RowKernels kRowKernelsAvx2;
extern const RowKernels kRowKernelsNeon;

}  // namespace adze::ops
