// Convolutions of [batch, channels, spatial…].
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "ops/standard/broadcast.h"
#include "ops/standard/infer_types.h"
#include "ops/standard/matrix_product.h"
#include "ops/standard/op_families.h"
#include "ops/standard/quantized_numbers.h"
#include "ops/standard/visit_numbers.h"
#include "ops/standard/windows.h"

namespace adze::ops {
namespace {

using Dims = std::vector<int64_t>;

struct Convolution {
  int64_t batch, channels, outputs, groups;
  Windows windows;

  int64_t group_channels() const { return channels / groups; }
  int64_t group_outputs() const { return outputs / groups; }
  Dims result_dims() const {
    Dims dims{batch, outputs};
    dims.insert(dims.end(), windows.output.begin(), windows.output.end());
    return dims;
  }
};

Dims spatial_dims(const HostTensor& x) { return {x.dims().begin() + 2, x.dims().end()}; }

Convolution convolution_of(const StandardCall& call, const HostTensor& x, const HostTensor& weights) {
  require_rank(x, 3);
  require_rank(weights, x.rank(), x.rank());
  const int64_t groups = call.integer("group", 1);
  if (groups < 1 || x.dim(1) % groups != 0 || weights.dim(0) % groups != 0 || weights.dim(1) != x.dim(1) / groups) {
    fail(ErrorCode::bad_input, "weights {} in {} groups do not fit {}", weights.description(), groups, x.description());
  }
  const auto kernel = call.integers("kernel_shape").value_or(spatial_dims(weights));
  if (kernel != spatial_dims(weights))
    fail(ErrorCode::bad_input, "attribute 'kernel_shape' is not that of the weights");
  return {x.dim(0), x.dim(1), weights.dim(0), groups, windows_of(call, spatial_dims(x), kernel)};
}

void require_bias(const HostTensor& bias, const Convolution& c, StorageType type) {
  require_type(bias, type);
  if (bias.rank() != 1 || bias.dim(0) != c.outputs) {
    fail(ErrorCode::bad_input, "a bias {} for {} channels", bias.description(), c.outputs);
  }
}

/// Computes columns [first, first + count) of every group: the input's windows are laid out as a panel, which is
/// multiplied with the weights.
class ColumnProducts {
 public:
  ColumnProducts(const Convolution& c, const float* x, const float* weights, const float* bias, float* out)
      : c_(c), x_(x), weights_(weights), bias_(bias), out_(out), kernels_(float_products()) {}

  void run(int64_t image, int64_t first, int64_t count) const {
    const int64_t taps = c_.windows.taps(), depth = c_.group_channels() * taps;
    static thread_local std::vector<int64_t> positions, own;
    static thread_local std::vector<float> panel;
    positions.resize(static_cast<size_t>(taps * kPanelColumns));
    own.resize(static_cast<size_t>(taps));
    panel.resize(static_cast<size_t>(depth * kPanelColumns));
    std::ranges::fill(positions, -1);
    for (int64_t i = 0; i < count; ++i) {
      c_.windows.positions(first + i, own);
      for (int64_t tap = 0; tap < taps; ++tap) {
        positions[static_cast<size_t>(tap * kPanelColumns + i)] = own[static_cast<size_t>(tap)];
      }
    }
    static thread_local std::vector<uint8_t> neighbours;
    neighbours.assign(static_cast<size_t>(taps), 1);
    for (size_t i = 0; i < positions.size(); ++i) {
      const size_t tap = i / kPanelColumns, column = i % kPanelColumns;
      const int64_t start = positions[tap * kPanelColumns];
      neighbours[tap] &= start >= 0 && positions[i] == start + static_cast<int64_t>(column);
    }
    for (int64_t group = 0; group < c_.groups; ++group) {
      fill_panel(image, group, {positions.data(), neighbours.data()}, panel.data());
      multiply_group(image, group, first, count, panel.data());
    }
  }

 private:
  /// Where each tap of each column lies, and of which taps all columns are neighbours.
  struct PanelTaps {
    const int64_t* positions;
    const uint8_t* neighbours;
  };

  void fill_panel(int64_t image, int64_t group, const PanelTaps& where, float* panel) const {
    const int64_t taps = c_.windows.taps(), plane = c_.windows.input_count();
    for (int64_t channel = 0; channel < c_.group_channels(); ++channel) {
      const float* from = x_ + (image * c_.channels + group * c_.group_channels() + channel) * plane;
      const int64_t* positions = where.positions;
      for (int64_t tap = 0; tap < taps; ++tap, panel += kPanelColumns, positions += kPanelColumns) {
        if (where.neighbours[tap]) {
          std::copy_n(from + positions[0], kPanelColumns, panel);
        } else {
          for (int64_t i = 0; i < kPanelColumns; ++i) panel[i] = positions[i] < 0 ? 0.0f : from[positions[i]];
        }
      }
    }
  }

  void multiply_group(int64_t image, int64_t group, int64_t first, int64_t count, const float* panel) const {
    const int64_t depth = c_.group_channels() * c_.windows.taps(), plane = c_.windows.output_count();
    const int64_t row = group * c_.group_outputs();
    float* out = out_ + (image * c_.outputs + row) * plane + first;
    kernels_.multiply({weights_ + row * depth, depth, c_.group_outputs(), depth, panel, out, plane, count});
    for (int64_t r = 0; bias_ && r < c_.group_outputs(); ++r) {
      for (int64_t i = 0; i < count; ++i) out[r * plane + i] += bias_[row + r];
    }
  }

  const Convolution& c_;
  const float* x_;
  const float* weights_;
  const float* bias_;
  float* out_;
  const FloatProducts& kernels_;
};

HostTensor convolve_f32(const StandardCall& call, const Convolution& c, const HostTensor* bias) {
  HostTensor result(&codecs::f32.info, c.result_dims());
  const int64_t plane = c.windows.output_count(), panels = (plane + kPanelColumns - 1) / kPanelColumns;
  const ColumnProducts products(c, call.tensor(0).numbers<float>().data(), call.tensor(1).numbers<float>().data(),
                                bias ? bias->numbers<float>().data() : nullptr, result.fill<float>().data());
  for_each_index(call.pool, c.batch * panels, [&](int64_t index) {
    const int64_t first = index % panels * kPanelColumns;
    products.run(index / panels, first, std::min(kPanelColumns, plane - first));
  });
  return result;
}

/// In doubles, which hold sums of products of 8-bit integers exactly.
HostTensor convolve_f64(const Convolution& c, const HostTensor& x, const HostTensor& weights) {
  HostTensor result = zeros(&codecs::f64.info, c.result_dims());
  const int64_t plane = c.windows.output_count(), input_plane = c.windows.input_count(), taps = c.windows.taps();
  std::vector<int64_t> positions(static_cast<size_t>(taps));
  const double *from = x.numbers<double>().data(), *w = weights.numbers<double>().data();
  for (int64_t at = 0; at < plane; ++at) {
    c.windows.positions(at, positions);
    for (int64_t row = 0; row < c.batch * c.outputs; ++row) {
      const int64_t image = row / c.outputs, output = row % c.outputs, group = output / c.group_outputs();
      double sum = 0;
      for (int64_t channel = 0; channel < c.group_channels(); ++channel) {
        const double* line = from + (image * c.channels + group * c.group_channels() + channel) * input_plane;
        const double* tap = w + (output * c.group_channels() + channel) * taps;
        for (size_t i = 0; i < positions.size(); ++i) sum += positions[i] < 0 ? 0 : line[positions[i]] * tap[i];
      }
      result.fill<double>()[static_cast<size_t>(row * plane + at)] = sum;
    }
  }
  return result;
}

/// A vector seen along the channels.
HostTensor along_channels(const HostTensor& vector, size_t rank) {
  Dims dims(rank, 1);
  dims[1] = vector.count();
  return vector.reshaped(dims);
}

HostTensor add_bias(const HostTensor& f64, const HostTensor& bias) {
  return map_pairs<double, double>(f64, along_channels(to_f64(bias), f64.rank()), f64.type(),
                                   [](double a, double b) { return a + b; });
}

HostValues evaluate_conv(const StandardCall& call) {
  const HostTensor &x = call.tensor(0), &weights = call.tensor(1);
  require_type(weights, x.type());
  const auto c = convolution_of(call, x, weights);
  const HostTensor* bias = call.has(2) ? &call.tensor(2) : nullptr;
  if (bias) require_bias(*bias, c, x.type());
  if (x.type() == &codecs::f32.info) return {convolve_f32(call, c, bias)};
  require_type(x, &codecs::f64.info);
  const HostTensor result = convolve_f64(c, x, weights);
  return {bias ? add_bias(result, *bias) : result};
}

HostValues evaluate_conv_integer(const StandardCall& call) {
  const HostTensor &x = call.tensor(0), &weights = call.tensor(1);
  const auto c = convolution_of(call, x, weights);
  const HostTensor result = convolve_f64(c, subtract_zero_point(x, call.has(2) ? &call.tensor(2) : nullptr, 1),
                                         subtract_zero_point(weights, call.has(3) ? &call.tensor(3) : nullptr, 0));
  return {round_to_integers(result, &codecs::i32.info)};
}

HostValues evaluate_q_linear_conv(const StandardCall& call) {
  const HostTensor &x = call.tensor(0), &weights = call.tensor(3);
  const auto c = convolution_of(call, x, weights);
  HostTensor sums =
      convolve_f64(c, subtract_zero_point(x, &call.tensor(2), 1), subtract_zero_point(weights, &call.tensor(5), 0));
  if (call.has(8)) {
    require_bias(call.tensor(8), c, &codecs::i32.info);
    sums = add_bias(sums, call.tensor(8));
  }
  const HostTensor x_scales = spread_parameter(to_f64(call.tensor(1)), sums, 1);
  const HostTensor w_scales = spread_parameter(to_f64(call.tensor(4)), sums, 1);
  const auto times = [](double a, double b) { return a * b; };
  const HostTensor scaled = map_pairs<double, double>(map_pairs<double, double>(sums, x_scales, sums.type(), times),
                                                      w_scales, sums.type(), times);
  return {quantize_along(scaled, call.tensor(6), call.tensor(7), 1)};
}

/// The windows of the convolution that this one is the reverse of: its output is our input.
Windows transposed_windows(const StandardCall& call, const HostTensor& x, Dims kernel) {
  const size_t count = x.rank() - 2;
  Windows w{{}, std::move(kernel), {}, {}, {}, {}, spatial_dims(x)};
  w.strides = spatial_attribute(call, "strides", count, 1, 1);
  w.dilations = spatial_attribute(call, "dilations", count, 1, 1);
  const auto pads = spatial_attribute(call, "pads", 2 * count, 0, 0);
  const auto extra = spatial_attribute(call, "output_padding", count, 0, 0);
  const auto shape = call.integers("output_shape");
  const auto mode = call.word("auto_pad", "NOTSET");
  const bool same = mode == "SAME_UPPER" || mode == "SAME_LOWER";
  if (shape && shape->size() != count) fail(ErrorCode::bad_input, "attribute 'output_shape' needs {} numbers", count);
  for (size_t i = 0; i < count; ++i) {
    const int64_t whole = w.strides[i] * (w.output[i] - 1) + extra[i] + (w.kernel[i] - 1) * w.dilations[i] + 1;
    int64_t first = pads[i], last = pads[count + i];
    if (shape || same) {
      const int64_t size = shape ? (*shape)[i] : w.output[i] * w.strides[i];
      const int64_t total = std::max<int64_t>(whole - size, 0);
      first = mode == "SAME_UPPER" ? total / 2 : total - total / 2;
      last = total - first;
    }
    w.before.push_back(first);
    w.after.push_back(last);
    w.input.push_back(std::max<int64_t>(shape ? (*shape)[i] : whole - first - last, 0));
  }
  return w;
}

template <typename T>
HostTensor spread_windows(const Convolution& c, const HostTensor& x, const HostTensor& weights,
                          const HostTensor* bias) {
  // c.windows.output is x, c.windows.input the result; c.channels are x's.
  const int64_t plane = c.windows.output_count(), result_plane = c.windows.input_count(), taps = c.windows.taps();
  Dims dims{c.batch, c.outputs};
  dims.insert(dims.end(), c.windows.input.begin(), c.windows.input.end());
  HostTensor result(x.type(), dims);
  std::vector<double> sums(static_cast<size_t>(result.count()), 0);
  for (size_t i = 0; bias && i < sums.size(); ++i) {
    sums[i] =
        static_cast<double>(bias->numbers<T>()[i / static_cast<size_t>(result_plane) % static_cast<size_t>(c.outputs)]);
  }
  std::vector<int64_t> positions(static_cast<size_t>(taps));
  const T *from = x.numbers<T>().data(), *w = weights.numbers<T>().data();
  for (int64_t at = 0; at < plane; ++at) {
    c.windows.positions(at, positions);
    for (int64_t row = 0; row < c.batch * c.channels; ++row) {
      const int64_t image = row / c.channels, channel = row % c.channels, group = channel / c.group_channels();
      const auto value = static_cast<double>(from[row * plane + at]);
      for (int64_t o = 0; o < c.group_outputs(); ++o) {
        double* line = sums.data() + (image * c.outputs + group * c.group_outputs() + o) * result_plane;
        const T* tap = w + (channel * c.group_outputs() + o) * taps;
        for (size_t i = 0; i < positions.size(); ++i) {
          if (positions[i] >= 0) line[positions[i]] += value * static_cast<double>(tap[i]);
        }
      }
    }
  }
  std::ranges::transform(sums, result.fill<T>().begin(), [](double sum) { return static_cast<T>(sum); });
  return result;
}

HostValues evaluate_conv_transpose(const StandardCall& call) {
  const HostTensor &x = call.tensor(0), &weights = call.tensor(1);
  require_rank(x, 3);
  require_rank(weights, x.rank(), x.rank());
  require_type(weights, x.type());
  const int64_t groups = call.integer("group", 1);
  if (groups < 1 || x.dim(1) % groups != 0 || weights.dim(0) != x.dim(1)) {
    fail(ErrorCode::bad_input, "weights {} in {} groups do not fit {}", weights.description(), groups, x.description());
  }
  const Convolution c{x.dim(0), x.dim(1), weights.dim(1) * groups, groups,
                      transposed_windows(call, x, spatial_dims(weights))};
  const HostTensor* bias = call.has(2) ? &call.tensor(2) : nullptr;
  if (bias) require_bias(*bias, c, x.type());
  return {visit_floats(x, [&](auto tag) { return spread_windows<typename decltype(tag)::type>(c, x, weights, bias); })};
}

/// Puts the windows [batch, channels * taps, windows] back where they came from and adds what overlaps.
HostValues evaluate_col2im(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  require_rank(x, 3, 3);
  const auto windows = windows_of(call, read_integers(call.tensor(1)), read_integers(call.tensor(2)));
  const int64_t taps = windows.taps(), plane = windows.input_count(), places = windows.output_count();
  if (x.dim(1) % taps != 0 || x.dim(2) != places) fail(ErrorCode::bad_input, "{} does not fit", x.description());
  const int64_t channels = x.dim(1) / taps;
  Dims dims{x.dim(0), channels};
  dims.insert(dims.end(), windows.input.begin(), windows.input.end());
  std::vector<int64_t> positions(static_cast<size_t>(taps));
  return {visit_numbers(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    HostTensor result = zeros(x.type(), dims);
    const auto to = result.template fill<T>();
    const auto from = x.numbers<T>();
    for (int64_t at = 0; at < places; ++at) {
      windows.positions(at, positions);
      for (int64_t row = 0; row < x.dim(0) * x.dim(1); ++row) {
        const int64_t position = positions[static_cast<size_t>(row % taps)];
        if (position < 0) continue;
        T& sum = to[static_cast<size_t>(row / taps * plane + position)];
        sum = static_cast<T>(sum + from[static_cast<size_t>(row * places + at)]);
      }
    }
    return result;
  })};
}

Types infer_convolution(const graph::NodeTypes& node) {
  auto types = infer_same_rank(node, 1);
  const auto weights = type_of_input(node, 1);
  const bool forwards = node.node.op && node.node.op->name == "Conv";
  if (types.empty()) return types;
  if (forwards && weights.rank_known && !weights.dims.empty() && types[0].dims.size() > 1) {
    types[0].dims[1] = weights.dims[0];
  }
  return types;
}

constexpr std::array kOps = {
    StandardOp{{"Conv", "convolution", infer_convolution}, evaluate_conv},
    StandardOp{{"ConvTranspose", "the reverse of a convolution's shape", infer_convolution}, evaluate_conv_transpose},
    StandardOp{{"ConvInteger", "convolution of 8-bit integers in i32", infer_fixed<&codecs::i32>},
               evaluate_conv_integer},
    StandardOp{{"QLinearConv", "convolution of quantized numbers, quantized", infer_storage_of<7>},
               evaluate_q_linear_conv},
    StandardOp{{"Col2Im", "windows put back and added", infer_storage}, evaluate_col2im},
};

}  // namespace

std::span<const StandardOp> convolution_ops() { return kOps; }

}  // namespace adze::ops
