// Numbers brought to a mean of 0 and a variance of 1, and relatives.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "ops/standard/axis_lines.h"
#include "ops/standard/broadcast.h"
#include "ops/standard/infer_types.h"
#include "ops/standard/op_families.h"
#include "ops/standard/quantized_numbers.h"
#include "ops/standard/visit_numbers.h"

namespace adze::ops {
namespace {

using Dims = std::vector<int64_t>;

std::vector<double> channel_numbers(const HostTensor& vector, int64_t count) {
  if (vector.count() != count) fail(ErrorCode::bad_input, "{} for {} channels", vector.description(), count);
  const HostTensor wide = to_f64(vector);
  return {wide.numbers<double>().begin(), wide.numbers<double>().end()};
}

/// to = from * factor + shift, where both depend on the channel, dimension 1.
template <typename T>
HostTensor scale_channels(const HostTensor& x, std::span<const double> factors, std::span<const double> shifts) {
  HostTensor result(x.type(), x.dims());
  const T* from = x.numbers<T>().data();
  T* to = result.fill<T>().data();
  const int64_t channels = x.dim(1), run = x.count() / std::max<int64_t>(x.dim(0) * channels, 1);
  for (int64_t row = 0; row < x.dim(0) * channels; ++row, from += run, to += run) {
    const auto channel = static_cast<size_t>(row % channels);
    const T factor = static_cast<T>(factors[channel]), shift = static_cast<T>(shifts[channel]);
    for (int64_t i = 0; i < run; ++i) to[i] = from[i] * factor + shift;
  }
  return result;
}

struct Moments {
  double mean = 0, variance = 0;
};

template <typename T>
Moments moments(const T* numbers, int64_t count, int64_t step = 1) {
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < count; ++i) sum += static_cast<double>(numbers[i * step]);
  const double mean = count == 0 ? 0 : sum / static_cast<double>(count);
  for (int64_t i = 0; i < count; ++i) squares += std::pow(static_cast<double>(numbers[i * step]) - mean, 2);
  return {mean, count == 0 ? 0 : squares / static_cast<double>(count)};
}

/// Of every channel over batch and space.
template <typename T>
std::vector<Moments> channel_moments(const HostTensor& x) {
  const int64_t channels = x.dim(1), run = x.count() / std::max<int64_t>(x.dim(0) * channels, 1);
  std::vector<Moments> result;
  for (int64_t c = 0; c < channels; ++c) {
    std::vector<T> numbers;
    for (int64_t n = 0; n < x.dim(0); ++n) {
      const T* from = x.numbers<T>().data() + (n * channels + c) * run;
      numbers.insert(numbers.end(), from, from + run);
    }
    result.push_back(moments(numbers.data(), static_cast<int64_t>(numbers.size())));
  }
  return result;
}

HostTensor running(const HostTensor& old, const std::vector<double>& current, double momentum) {
  HostTensor result(&codecs::f64.info, old.dims());
  const HostTensor wide = to_f64(old);
  for (size_t i = 0; i < current.size(); ++i) {
    result.fill<double>()[i] = momentum * wide.numbers<double>()[i] + (1 - momentum) * current[i];
  }
  if (old.type() == &codecs::f64.info) return result;
  return map_each<double, float>(result, &codecs::f32.info, [](double v) { return static_cast<float>(v); });
}

/// One dimension is that of the batch, with one channel.
HostTensor with_channels(const HostTensor& x) {
  require_rank(x, 1);
  return x.rank() == 1 ? x.reshaped({x.dim(0), 1}) : x;
}

HostValues evaluate_batch_normalization(const StandardCall& call) {
  const HostTensor x = with_channels(call.tensor(0));
  const auto scale = channel_numbers(call.tensor(1), x.dim(1)), bias = channel_numbers(call.tensor(2), x.dim(1));
  auto mean = channel_numbers(call.tensor(3), x.dim(1)), variance = channel_numbers(call.tensor(4), x.dim(1));
  const bool training = call.integer("training_mode", 0) != 0;
  const double epsilon = call.number("epsilon", 1e-5), momentum = call.number("momentum", 0.9);
  return visit_floats(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    if (training) {
      const auto found = channel_moments<T>(x);
      for (size_t i = 0; i < found.size(); ++i) mean[i] = found[i].mean, variance[i] = found[i].variance;
    }
    auto factors = scale, shifts = bias;
    for (size_t i = 0; i < factors.size(); ++i) {
      factors[i] /= std::sqrt(variance[i] + epsilon);
      shifts[i] -= mean[i] * factors[i];
    }
    HostValues outputs{scale_channels<T>(x, factors, shifts).reshaped(call.tensor(0).dims())};
    if (training) {
      outputs.push_back(running(call.tensor(3), mean, momentum));
      outputs.push_back(running(call.tensor(4), variance, momentum));
    }
    return outputs;
  });
}

/// Groups of `run` numbers one behind the other; channel c of a group is scaled by its factor.
template <typename T>
HostTensor normalize_groups(const HostTensor& x, int64_t groups, double epsilon) {
  HostTensor result(x.type(), x.dims());
  const int64_t run = groups == 0 ? 0 : x.count() / groups;
  for (int64_t g = 0; g < groups; ++g) {
    const T* from = x.numbers<T>().data() + g * run;
    T* to = result.fill<T>().data() + g * run;
    const auto [mean, variance] = moments(from, run);
    const double factor = 1 / std::sqrt(variance + epsilon);
    for (int64_t i = 0; i < run; ++i) to[i] = static_cast<T>((static_cast<double>(from[i]) - mean) * factor);
  }
  return result;
}

HostValues evaluate_instance_normalization(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  require_rank(x, 3);
  const auto scale = channel_numbers(call.tensor(1), x.dim(1)), bias = channel_numbers(call.tensor(2), x.dim(1));
  return {visit_floats(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto plain = normalize_groups<T>(x, x.dim(0) * x.dim(1), call.number("epsilon", 1e-5));
    return scale_channels<T>(plain, scale, bias);
  })};
}

/// Scale and bias are of the channels, or of the groups (ONNX 18 to 20).
HostValues evaluate_group_normalization(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  require_rank(x, 3);
  const int64_t groups = call.integer("num_groups"), channels = x.dim(1);
  if (groups < 1 || channels % groups != 0) fail(ErrorCode::bad_input, "{} channels in {} groups", channels, groups);
  const bool of_groups = call.integer("scale_of_groups", 0) != 0;
  const auto spread = [&](const HostTensor& vector) {
    auto numbers = channel_numbers(vector, of_groups ? groups : channels);
    std::vector<double> result;
    for (int64_t c = 0; c < channels; ++c) {
      result.push_back(numbers[static_cast<size_t>(of_groups ? c / (channels / groups) : c)]);
    }
    return result;
  };
  const auto scale = spread(call.tensor(1)), bias = spread(call.tensor(2));
  return {visit_floats(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return scale_channels<T>(normalize_groups<T>(x, x.dim(0) * groups, call.number("epsilon", 1e-5)), scale, bias);
  })};
}

/// Rows from an axis on; scale and bias are broadcast to them.
struct Rows {
  int64_t count, length;
  Dims lengths;  // of the axes of a row
  Dims outer;    // the result of a mean
};

Rows rows_of(const StandardCall& call, const HostTensor& x) {
  const size_t axis = checked_axis(call.integer("axis", -1), x.rank());
  const auto at = x.dims().begin() + static_cast<std::ptrdiff_t>(axis);
  Rows rows{1, 1, {at, x.dims().end()}, {x.dims().begin(), at}};
  rows.count = checked_element_count(rows.outer);
  rows.length = checked_element_count(rows.lengths);
  rows.outer.resize(x.rank(), 1);
  return rows;
}

template <typename T>
HostTensor scale_rows(const HostTensor& plain, const HostTensor& scale, const HostTensor* bias) {
  const auto times = [](T a, T b) { return a * b; };
  const auto plus = [](T a, T b) { return a + b; };
  require_type(scale, plain.type());
  if (bias) require_type(*bias, plain.type());
  const HostTensor scaled = map_pairs<T, T>(plain, scale, plain.type(), times);
  return bias ? map_pairs<T, T>(scaled, *bias, plain.type(), plus) : scaled;
}

HostValues evaluate_layer_normalization(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const auto rows = rows_of(call, x);
  const double epsilon = call.number("epsilon", 1e-5);
  return visit_floats(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    HostTensor means(x.type(), rows.outer), inverses(x.type(), rows.outer);
    for (int64_t r = 0; r < rows.count; ++r) {
      const auto [mean, variance] = moments(x.numbers<T>().data() + r * rows.length, rows.length);
      means.template fill<T>()[static_cast<size_t>(r)] = static_cast<T>(mean);
      inverses.template fill<T>()[static_cast<size_t>(r)] = static_cast<T>(1 / std::sqrt(variance + epsilon));
    }
    const HostTensor plain = normalize_groups<T>(x, rows.count, epsilon);
    HostValues outputs{scale_rows<T>(plain, call.tensor(1), call.has(2) ? &call.tensor(2) : nullptr)};
    if (call.wants(1)) outputs.push_back(means);
    if (call.wants(2)) outputs.push_back(inverses);
    return outputs;
  });
}

template <typename T>
HostTensor normalize_squares(const HostTensor& x, const Rows& rows, double epsilon) {
  HostTensor result(x.type(), x.dims());
  for (int64_t r = 0; r < rows.count; ++r) {
    const T* from = x.numbers<T>().data() + r * rows.length;
    T* to = result.fill<T>().data() + r * rows.length;
    double squares = 0;
    for (int64_t i = 0; i < rows.length; ++i) squares += static_cast<double>(from[i]) * static_cast<double>(from[i]);
    const double factor = 1 / std::sqrt(squares / static_cast<double>(rows.length) + epsilon);
    for (int64_t i = 0; i < rows.length; ++i) to[i] = static_cast<T>(static_cast<double>(from[i]) * factor);
  }
  return result;
}

HostValues evaluate_rms_normalization(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const auto rows = rows_of(call, x);
  return {visit_floats(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    require_type(call.tensor(1), x.type());
    return scale_rows<T>(normalize_squares<T>(x, rows, call.number("epsilon", 1e-5)), call.tensor(1), nullptr);
  })};
}

HostValues evaluate_lrn(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  require_rank(x, 2);
  const int64_t size = call.integer("size");
  const double alpha = call.number("alpha", 1e-4), beta = call.number("beta", 0.75), bias = call.number("bias", 1);
  const AxisLines lines(x.dims(), 1);
  return {visit_floats(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    HostTensor result(x.type(), x.dims());
    const auto from = x.numbers<T>();
    lines.each([&](int64_t first) {
      for (int64_t c = 0; c < lines.length; ++c) {
        double squares = 0;
        const int64_t begin = std::max<int64_t>(0, c - (size - 1) / 2), end = std::min(lines.length, c + size / 2 + 1);
        for (int64_t i = begin; i < end; ++i) {
          squares += std::pow(static_cast<double>(from[static_cast<size_t>(first + i * lines.inner)]), 2);
        }
        const auto at = static_cast<size_t>(first + c * lines.inner);
        const double factor = std::pow(bias + alpha / static_cast<double>(size) * squares, beta);
        result.template fill<T>()[at] = static_cast<T>(static_cast<double>(from[at]) / factor);
      }
    });
    return result;
  })};
}

HostValues evaluate_mean_variance_normalization(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const auto axes = checked_axes(call.integers("axes").value_or(Dims{0, 2, 3}), x.rank());
  Dims kept = x.dims();
  for (const size_t axis : axes) kept[axis] = 1;
  const std::array strides = {broadcast_strides(kept, x.dims())};
  const StridedWalk walk(x.dims(), strides);
  const auto groups = static_cast<size_t>(checked_element_count(kept));
  return {visit_floats(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    HostTensor result(x.type(), x.dims());
    const auto from = x.numbers<T>();
    std::vector<double> sums(groups, 0), squares(groups, 0);
    const auto each = [&](auto function) {
      walk.each_row([&](int64_t at, const StridedWalk::Offsets& offsets) {
        for (int64_t i = 0; i < walk.row_length(); ++i) {
          function(static_cast<size_t>(at + i), static_cast<size_t>(offsets[0] + i * walk.step(0)));
        }
      });
    };
    const double count = groups == 0 ? 1 : static_cast<double>(x.count()) / static_cast<double>(groups);
    each([&](size_t at, size_t group) { sums[group] += static_cast<double>(from[at]); });
    each([&](size_t at, size_t group) {
      squares[group] += std::pow(static_cast<double>(from[at]) - sums[group] / count, 2);
    });
    each([&](size_t at, size_t group) {
      const double deviation = std::sqrt(squares[group] / count) + 1e-9;
      result.template fill<T>()[at] = static_cast<T>((static_cast<double>(from[at]) - sums[group] / count) / deviation);
    });
    return result;
  })};
}

HostValues evaluate_lp_normalization(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const AxisLines lines(x.dims(), checked_axis(call.integer("axis", -1), x.rank()));
  const bool squares = call.integer("p", 2) == 2;
  return {visit_floats(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    HostTensor result(x.type(), x.dims());
    const auto from = x.numbers<T>();
    lines.each([&](int64_t first) {
      double sum = 0;
      for (int64_t i = first; i < first + lines.length * lines.inner; i += lines.inner) {
        const auto value = static_cast<double>(from[static_cast<size_t>(i)]);
        sum += squares ? value * value : std::fabs(value);
      }
      const double norm = squares ? std::sqrt(sum) : sum;
      for (int64_t i = first; i < first + lines.length * lines.inner; i += lines.inner) {
        const auto at = static_cast<size_t>(i);
        result.template fill<T>()[at] = norm == 0 ? T{0} : static_cast<T>(static_cast<double>(from[at]) / norm);
      }
    });
    return result;
  })};
}

Types infer_batch_normalization(const graph::NodeTypes& node) {
  Types types(node.node.outputs.size(), any_tensor(storage_of_input(node, 3)));
  if (!types.empty()) types[0] = type_of_input(node, 0);
  return types;
}

Types infer_layer_normalization(const graph::NodeTypes& node) {
  Types types(node.node.outputs.size(), any_tensor(&codecs::f32.info));
  if (storage_of_input(node, 0) == &codecs::f64.info) types.assign(types.size(), any_tensor(&codecs::f64.info));
  if (!types.empty()) types[0] = type_of_input(node, 0);
  return types;
}

constexpr std::array kOps = {
    StandardOp{{"BatchNormalization", "channels by running or batch statistics", infer_batch_normalization},
               evaluate_batch_normalization},
    StandardOp{{"InstanceNormalization", "each channel of each image", infer_same}, evaluate_instance_normalization},
    StandardOp{{"GroupNormalization", "groups of channels", infer_same}, evaluate_group_normalization},
    StandardOp{{"LayerNormalization", "all axes from one on", infer_layer_normalization}, evaluate_layer_normalization},
    StandardOp{{"RMSNormalization", "all axes from one on, without a mean", infer_same}, evaluate_rms_normalization},
    StandardOp{{"LRN", "across neighbouring channels", infer_same}, evaluate_lrn},
    StandardOp{{"MeanVarianceNormalization", "over axes", infer_same}, evaluate_mean_variance_normalization},
    StandardOp{{"LpNormalization", "to a norm of 1 along an axis", infer_same}, evaluate_lp_normalization},
};

}  // namespace

std::span<const StandardOp> normalization_ops() { return kOps; }

}  // namespace adze::ops
