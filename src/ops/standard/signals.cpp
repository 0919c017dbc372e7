// Spectra, and windows over signals.
#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <numbers>

#include "base/error.h"
#include "ops/standard/axis_lines.h"
#include "ops/standard/infer_types.h"
#include "ops/standard/op_families.h"
#include "ops/standard/quantized_numbers.h"
#include "ops/standard/visit_numbers.h"

namespace adze::ops {
namespace {

using Dims = std::vector<int64_t>;
using Complex = std::complex<double>;

constexpr double kTurn = 2 * std::numbers::pi;

/// In O(n log n) for powers of two, by the definition otherwise.
std::vector<Complex> transform(std::vector<Complex> x, double sign) {
  const size_t n = x.size();
  if (n <= 1) return x;
  if (n % 2 == 0) {
    std::vector<Complex> even, odd;
    for (size_t i = 0; i < n; i += 2) {
      even.push_back(x[i]);
      odd.push_back(x[i + 1]);
    }
    even = transform(std::move(even), sign);
    odd = transform(std::move(odd), sign);
    for (size_t k = 0; k < n / 2; ++k) {
      const Complex turned = std::polar(1.0, sign * kTurn * static_cast<double>(k) / static_cast<double>(n)) * odd[k];
      x[k] = even[k] + turned;
      x[k + n / 2] = even[k] - turned;
    }
    return x;
  }
  std::vector<Complex> result(n);
  for (size_t k = 0; k < n; ++k) {
    for (size_t i = 0; i < n; ++i) {
      result[k] += x[i] * std::polar(1.0, sign * kTurn * static_cast<double>(k * i % n) / static_cast<double>(n));
    }
  }
  return result;
}

HostTensor as_type_of(const HostTensor& like, Dims dims, const std::vector<Complex>& numbers, bool real_only) {
  HostTensor result(like.type(), std::move(dims));
  visit_floats(result, [&](auto tag) {
    using T = typename decltype(tag)::type;
    auto to = result.fill<T>().begin();
    for (const Complex& number : numbers) {
      *to++ = static_cast<T>(number.real());
      if (!real_only) *to++ = static_cast<T>(number.imag());
    }
  });
  return result;
}

/// [..., 1] are real numbers, [..., 2] complex ones.
std::vector<Complex> complex_numbers(const HostTensor& x) {
  const HostTensor wide = to_f64(x);
  const auto numbers = wide.numbers<double>();
  const bool is_real = x.dims().back() == 1;
  if (!is_real && x.dims().back() != 2)
    fail(ErrorCode::bad_input, "{} holds neither real nor complex numbers", x.description());
  std::vector<Complex> result;
  for (size_t i = 0; i < numbers.size(); i += is_real ? 1 : 2)
    result.emplace_back(numbers[i], is_real ? 0 : numbers[i + 1]);
  return result;
}

int64_t transform_length(const StandardCall& call, int64_t fallback) {
  const int64_t length = call.has(1) ? read_integer(call.tensor(1)) : fallback;
  if (length < 1) fail(ErrorCode::bad_input, "a transform of {} numbers", length);
  return length;
}

/// One-sided: the first half of a real signal's spectrum; of the inverse, the real signal of such a half.
HostValues evaluate_dft(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  require_rank(x, 2);
  const bool inverse = call.integer("inverse", 0) != 0, half = call.integer("onesided", 0) != 0;
  const size_t axis = checked_axis(call.has(2) ? read_integer(call.tensor(2)) : -2, x.rank());
  if (axis + 1 == x.rank()) fail(ErrorCode::bad_input, "the last axis holds the parts of the numbers");
  const int64_t own = x.dim(axis), length = transform_length(call, half && inverse ? 2 * (own - 1) : own);
  const int64_t kept = half && !inverse ? length / 2 + 1 : length;
  Dims dims = x.dims();
  dims[axis] = kept;
  dims.back() = half && inverse ? 1 : 2;
  HostTensor room(&codecs::f64.info, dims);
  const AxisLines from(Dims(x.dims().begin(), x.dims().end() - 1), axis);
  const AxisLines to(Dims(dims.begin(), dims.end() - 1), axis);
  const auto numbers = complex_numbers(x);
  std::vector<Complex> result(static_cast<size_t>(to.outer * to.length * to.inner));
  for (int64_t line = 0; line < from.outer * from.inner; ++line) {
    std::vector<Complex> signal(static_cast<size_t>(length));
    const int64_t outer = line / from.inner, inner = line % from.inner;
    for (int64_t i = 0; i < std::min(own, length); ++i) {
      signal[static_cast<size_t>(i)] = numbers[static_cast<size_t>((outer * own + i) * from.inner + inner)];
    }
    for (int64_t i = own; half && inverse && i < length; ++i) {
      if (length - i < own) signal[static_cast<size_t>(i)] = std::conj(signal[static_cast<size_t>(length - i)]);
    }
    const auto spectrum = transform(std::move(signal), inverse ? 1 : -1);
    for (int64_t k = 0; k < kept; ++k) {
      result[static_cast<size_t>((outer * kept + k) * to.inner + inner)] =
          spectrum[static_cast<size_t>(k)] / (inverse ? static_cast<double>(length) : 1.0);
    }
  }
  return {as_type_of(x, dims, result, dims.back() == 1)};
}

/// Spectra of a window that moves over the signal [batch, samples, 1 or 2].
HostValues evaluate_stft(const StandardCall& call) {
  HostTensor x = call.tensor(0);
  require_rank(x, 2, 3);
  if (x.rank() == 2) x = x.reshaped({x.dim(0), x.dim(1), 1});
  const int64_t step = read_integer(call.tensor(1));
  const HostTensor window = call.has(2) ? to_f64(call.tensor(2)) : HostTensor();
  const int64_t length = call.has(3) ? read_integer(call.tensor(3)) : window.type() ? window.count() : 0;
  if (step < 1 || length < 1 || length > x.dim(1) || (window.type() && window.count() != length)) {
    fail(ErrorCode::bad_input, "frames of {} numbers in steps of {} over {}", length, step, x.description());
  }
  const int64_t frames = (x.dim(1) - length) / step + 1;
  const int64_t kept = call.integer("onesided", 1) != 0 ? length / 2 + 1 : length;
  const auto numbers = complex_numbers(x);
  std::vector<Complex> result;
  for (int64_t frame = 0; frame < x.dim(0) * frames; ++frame) {
    const int64_t first = frame / frames * x.dim(1) + frame % frames * step;
    std::vector<Complex> signal;
    for (int64_t i = 0; i < length; ++i) {
      const double weight = window.type() ? window.numbers<double>()[static_cast<size_t>(i)] : 1;
      signal.push_back(weight * numbers[static_cast<size_t>(first + i)]);
    }
    const auto spectrum = transform(std::move(signal), -1);
    result.insert(result.end(), spectrum.begin(), spectrum.begin() + kept);
  }
  return {as_type_of(x, {x.dim(0), frames, kept, 2}, result, false)};
}

/// a0 - a1 cos(t) + a2 cos(2 t) over one turn.
HostValues cosine_window(const StandardCall& call, double a0, double a1, double a2) {
  const int64_t size = read_integer(call.tensor(0));
  const StorageType type = element_type(call.integer("output_datatype", 1));
  if (size < 0 || !type) fail(ErrorCode::bad_input, "a window of {} numbers", size);
  HostTensor result(&codecs::f64.info, {size});
  const double length = static_cast<double>(call.integer("periodic", 1) != 0 ? size : size - 1);
  for (int64_t i = 0; i < size; ++i) {
    const double turn = kTurn * static_cast<double>(i) / length;
    result.fill<double>()[static_cast<size_t>(i)] = a0 - a1 * std::cos(turn) + a2 * std::cos(2 * turn);
  }
  if (type == &codecs::f64.info) return {result};
  if (type != &codecs::f32.info) return {round_to_integers(result, type)};
  HostTensor narrow(type, {size});
  std::ranges::transform(result.numbers<double>(), narrow.fill<float>().begin(),
                         [](double v) { return static_cast<float>(v); });
  return {narrow};
}

HostValues evaluate_hann_window(const StandardCall& call) { return cosine_window(call, 0.5, 0.5, 0); }
HostValues evaluate_hamming_window(const StandardCall& call) {
  return cosine_window(call, 25.0 / 46.0, 1 - 25.0 / 46.0, 0);
}
HostValues evaluate_blackman_window(const StandardCall& call) { return cosine_window(call, 0.42, 0.5, 0.08); }

double to_mel(double hertz) { return 2595 * std::log10(1 + hertz / 700); }
double to_hertz(double mel) { return 700 * (std::pow(10, mel / 2595) - 1); }

/// Triangles over the bins of a spectrum, as wide on the mel scale as each other.
HostValues evaluate_mel_weights(const StandardCall& call) {
  const int64_t bands = read_integer(call.tensor(0)), length = read_integer(call.tensor(1));
  const auto rate = static_cast<double>(read_integer(call.tensor(2)));
  const double low = to_mel(read_number(call.tensor(3))), high = to_mel(read_number(call.tensor(4)));
  const StorageType type = element_type(call.integer("output_datatype", 1));
  if (bands < 1 || length < 1 || rate <= 0 || !is_wide_float(type))
    fail(ErrorCode::bad_input, "no spectrum has this form");
  const int64_t bins = length / 2 + 1;
  const HostTensor room(&codecs::f64.info, {bins, bands});
  std::vector<Complex> weights(static_cast<size_t>(bins * bands));
  const auto bin_of = [&](int64_t edge) {
    const double mel = low + static_cast<double>(edge) * (high - low) / static_cast<double>(bands + 2);
    return static_cast<int64_t>(std::floor(static_cast<double>(length + 1) * to_hertz(mel) / rate));
  };
  for (int64_t band = 0; band < bands; ++band) {
    const int64_t first = bin_of(band), middle = bin_of(band + 1), last = bin_of(band + 2);
    const auto set = [&](int64_t bin, double weight) {
      if (bin >= 0 && bin < bins) weights[static_cast<size_t>(bin * bands + band)] = weight;
    };
    if (middle == first) set(middle, 1);
    for (int64_t bin = first; bin <= std::min(middle, bins) && middle > first; ++bin) {
      set(bin, static_cast<double>(bin - first) / static_cast<double>(middle - first));
    }
    for (int64_t bin = middle; bin < std::min(last, bins) && last > middle; ++bin) {
      set(bin, static_cast<double>(last - bin) / static_cast<double>(last - middle));
    }
  }
  return {as_type_of(HostTensor(type, {0}), {bins, bands}, weights, true)};
}

Types infer_window(const graph::NodeTypes& node) {
  return infer_by_attribute(node, "output_datatype", &codecs::f32.info, false);
}

constexpr std::array kOps = {
    StandardOp{{"DFT", "the spectrum along an axis, or back", infer_rank<0>}, evaluate_dft},
    StandardOp{{"STFT", "spectra of frames", infer_storage}, evaluate_stft},
    StandardOp{{"HannWindow", "weights of a frame", infer_window}, evaluate_hann_window},
    StandardOp{{"HammingWindow", "weights of a frame", infer_window}, evaluate_hamming_window},
    StandardOp{{"BlackmanWindow", "weights of a frame", infer_window}, evaluate_blackman_window},
    StandardOp{{"MelWeightMatrix", "from bins of a spectrum to mel bands", infer_window}, evaluate_mel_weights},
};

}  // namespace

std::span<const StandardOp> signal_ops() { return kOps; }

}  // namespace adze::ops
