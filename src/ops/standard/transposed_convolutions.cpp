// Convolutions the other way round: windows that are added up.
#include <algorithm>
#include <array>

#include "base/error.h"
#include "ops/standard/convolution_shape.h"
#include "ops/standard/infer_types.h"
#include "ops/standard/op_families.h"
#include "ops/standard/visit_numbers.h"
#include "ops/standard/windows.h"

namespace adze::ops {
namespace {

using Dims = std::vector<int64_t>;

Dims spatial_dims(const HostTensor& x) { return {x.dims().begin() + 2, x.dims().end()}; }

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
  const bool is_count = groups >= 1 && groups <= std::max<int64_t>(x.dim(1), 1);
  if (!is_count || x.dim(1) % groups != 0 || weights.dim(0) != x.dim(1)) {
    fail(ErrorCode::bad_input, "weights {} in {} groups do not fit {}", weights.description(), groups, x.description());
  }
  const Convolution c{x.dim(0), x.dim(1), weights.dim(1) * groups, groups,
                      transposed_windows(call, x, spatial_dims(weights))};
  const HostTensor* bias = call.has(2) ? &call.tensor(2) : nullptr;
  if (bias) require_type(*bias, x.type());
  if (bias && bias->count() != c.outputs) {
    fail(ErrorCode::bad_input, "a bias {} for {} channels", bias->description(), c.outputs);
  }
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

constexpr std::array kOps = {
    StandardOp{{"ConvTranspose", "the reverse of a convolution's shape", infer_rank<1>}, evaluate_conv_transpose},
    StandardOp{{"Col2Im", "windows put back and added", infer_storage}, evaluate_col2im},
};

}  // namespace

std::span<const StandardOp> transposed_convolution_ops() { return kOps; }

}  // namespace adze::ops
