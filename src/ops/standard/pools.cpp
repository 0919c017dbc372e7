// Windows reduced to one number.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <type_traits>

#include "base/error.h"
#include "ops/standard/broadcast.h"
#include "ops/standard/channels_last.h"
#include "ops/standard/infer_types.h"
#include "ops/standard/matrix_product.h"
#include "ops/standard/only_result.h"
#include "ops/standard/op_families.h"
#include "ops/standard/pool_products.h"
#include "ops/standard/row_products.h"
#include "ops/standard/visit_numbers.h"
#include "ops/standard/windows.h"

namespace adze::ops {
namespace {

using Dims = std::vector<int64_t>;

Dims spatial_dims(const HostTensor& x) {
  require_rank(x, 3);
  return {x.dims().begin() + 2, x.dims().end()};
}

Windows pool_windows(const StandardCall& call) {
  const auto kernel = call.integers("kernel_shape");
  if (!kernel) fail(ErrorCode::bad_input, "attribute 'kernel_shape' is missing");
  return windows_of(call, spatial_dims(call.tensor(0)), *kernel);
}

/// The same, kept until the input has other dimensions.
std::shared_ptr<const Windows> kept_windows(const StandardCall& call) {
  return call.kept_for_dims(call.tensor(0).dims(), [&] { return pool_windows(call); });
}

Dims pooled_dims(Dims dims, const Dims& spatial) {
  dims.insert(dims.end(), spatial.begin(), spatial.end());
  return dims;
}
Dims pooled_dims(const HostTensor& x, const Dims& spatial) { return pooled_dims({x.dim(0), x.dim(1)}, spatial); }

/// Calls window(plane's first input, output's position, positions of the taps) for every window of every plane.
template <typename Window>
void each_window(const HostTensor& x, const Windows& windows, Window window) {
  const int64_t planes = x.dim(0) * x.dim(1), inputs = windows.input_count(), outputs = windows.output_count();
  std::vector<int64_t> positions(static_cast<size_t>(windows.taps()));
  for (int64_t at = 0; at < outputs; ++at) {
    windows.positions(at, positions);
    std::span<const int64_t> inside(positions.begin(), std::ranges::remove(positions, -1).begin());
    for (int64_t plane = 0; plane < planes; ++plane) window(plane * inputs, plane * outputs + at, inside);
  }
}

/// As the storage order "column major" counts within a plane.
int64_t column_major(int64_t position, const Dims& dims) {
  int64_t result = 0, below = 1;
  for (size_t axis = dims.size(); axis-- > 0;) {
    int64_t stride = 1;
    for (size_t i = 0; i < axis; ++i) stride *= dims[i];
    result += position / below % dims[axis] * stride;
    below *= dims[axis];
  }
  return result;
}

/// Comparisons that are worth a second thread.
constexpr int64_t kSharedWork = 1 << 19;

PoolShape pool_shape(const Windows& w) {
  const bool flat = w.input.size() == 1;
  const auto axis = [&](size_t i) {
    return PoolAxis{w.input[i], w.output[i], w.kernel[i], w.strides[i], w.before[i], w.dilations[i]};
  };
  return {flat ? PoolAxis{1, 1, 1, 1, 0, 1} : axis(0), axis(flat ? 0 : 1)};
}

/// Without places, of f32 or bytes over one or two axes: plane by plane.
bool max_pool_planes(const StandardCall& call, const Windows& windows, HostTensor& result) {
  const HostTensor& x = call.tensor(0);
  const auto shape = pool_shape(windows);
  const int64_t inputs = windows.input_count(), outputs = windows.output_count();
  const auto each_plane = [&](auto tag) {
    using T = typename decltype(tag)::type;
    ThreadPool* sharing = pool_for(call.pool, result.count() * windows.taps(), kSharedWork);
    for_each_index(sharing, x.dim(0) * x.dim(1), [&](int64_t plane) {
      max_pool_plane(shape, x.numbers<T>().data() + plane * inputs, result.fill<T>().data() + plane * outputs);
    });
    return true;
  };
  if (windows.input.size() > 2) return false;
  if (x.type() == &codecs::f32.info) return each_plane(NumberTag<float>());
  if (x.type() == &codecs::u8.info) return each_plane(NumberTag<uint8_t>());
  return x.type() == &codecs::i8.info && each_plane(NumberTag<int8_t>());
}

HostValues evaluate_max_pool(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const auto kept = kept_windows(call);
  const Windows& windows = *kept;
  const bool columns = call.integer("storage_order", 0) != 0, wants_places = call.wants(1);
  HostTensor result(x.type(), pooled_dims(x, windows.output));
  if (!wants_places && max_pool_planes(call, windows, result)) return only_result(std::move(result));
  HostTensor places(&codecs::i64.info, wants_places ? result.dims() : Dims{0});
  visit_numbers(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto from = x.numbers<T>();
    const auto to = result.fill<T>();
    each_window(x, windows, [&](int64_t plane, int64_t output, std::span<const int64_t> taps) {
      T best = std::numeric_limits<T>::lowest();
      int64_t place = taps.empty() ? 0 : taps[0];
      for (const int64_t tap : taps) {
        const T value = from[static_cast<size_t>(plane + tap)];
        if (value > best || value != value) best = value, place = tap;
      }
      to[static_cast<size_t>(output)] = best;
      if (!wants_places) return;
      places.fill<int64_t>()[static_cast<size_t>(output)] =
          plane + (columns ? column_major(place, windows.input) : place);
    });
  });
  return wants_places ? HostValues{result, places} : HostValues{result};
}

/// ONNX Runtime's of 8-bit numbers, and of floats: channels last, places are not told.
HostValues evaluate_nhwc_max_pool(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  require_rank(x, 3);
  const auto dims = channels_first(x.dims());
  const auto kernel = call.integers("kernel_shape");
  if (!kernel) fail(ErrorCode::bad_input, "attribute 'kernel_shape' is missing");
  const auto kept =
      call.kept_for_dims(x.dims(), [&] { return windows_of(call, {dims.begin() + 2, dims.end()}, *kernel); });
  const Windows& windows = *kept;
  const auto pool = [&](auto tag) -> HostValues {
    using T = typename decltype(tag)::type;
    HostTensor result(x.type(), channels_last(pooled_dims({dims[0], dims[1]}, windows.output)));
    const int64_t inputs = windows.input_count() * dims[1], outputs = windows.output_count() * dims[1];
    for_each_index(call.pool, dims[0], [&](int64_t image) {
      max_pool_pixels(pool_shape(windows), x.numbers<T>().data() + image * inputs, dims[1],
                      result.fill<T>().data() + image * outputs);
    });
    return only_result(std::move(result));
  };
  if (windows.input.size() > 2) return evaluate_channels_first(call, {0}, evaluate_max_pool);
  if (x.type() == &codecs::f32.info) return pool(NumberTag<float>());
  if (x.type() == &codecs::u8.info) return pool(NumberTag<uint8_t>());
  if (x.type() == &codecs::i8.info) return pool(NumberTag<int8_t>());
  return evaluate_channels_first(call, {0}, evaluate_max_pool);
}

HostValues evaluate_average_pool(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const auto windows = pool_windows(call);
  const bool count_pads = call.integer("count_include_pad", 0) != 0;
  return only_result(visit_floats(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    HostTensor result(x.type(), pooled_dims(x, windows.output));
    const auto from = x.numbers<T>();
    const auto to = result.template fill<T>();
    const int64_t outputs = windows.output_count();
    each_window(x, windows, [&](int64_t plane, int64_t output, std::span<const int64_t> taps) {
      double sum = 0;
      for (const int64_t tap : taps) sum += static_cast<double>(from[static_cast<size_t>(plane + tap)]);
      const auto count =
          static_cast<double>(count_pads ? windows.padded_taps(output % outputs) : static_cast<int64_t>(taps.size()));
      to[static_cast<size_t>(output)] = static_cast<T>(sum / count);
    });
    return result;
  }));
}

HostTensor lp_pool(const HostTensor& x, const Windows& windows, int64_t power) {
  return visit_floats(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    HostTensor result(x.type(), pooled_dims(x, windows.output));
    const auto from = x.numbers<T>();
    const auto p = static_cast<double>(power);
    each_window(x, windows, [&](int64_t plane, int64_t output, std::span<const int64_t> taps) {
      double sum = 0;
      for (const int64_t tap : taps) {
        sum += std::pow(std::fabs(static_cast<double>(from[static_cast<size_t>(plane + tap)])), p);
      }
      result.template fill<T>()[static_cast<size_t>(output)] = static_cast<T>(std::pow(sum, 1 / p));
    });
    return result;
  });
}

HostValues evaluate_lp_pool(const StandardCall& call) {
  return {lp_pool(call.tensor(0), pool_windows(call), call.integer("p", 2))};
}

/// One window over everything.
Windows whole_window(const HostTensor& x) {
  const auto dims = spatial_dims(x);
  const Dims ones(dims.size(), 1), none(dims.size(), 0);
  return {dims, dims, ones, ones, none, none, ones};
}

HostValues evaluate_global_lp_pool(const StandardCall& call) {
  return {lp_pool(call.tensor(0), whole_window(call.tensor(0)), call.integer("p", 2))};
}

template <typename T>
T largest(const T* from, int64_t count) {
  if (count == 0) return -std::numeric_limits<T>::infinity();
  if constexpr (std::is_same_v<T, float>) return row_products().largest(from, count);
  return *std::max_element(from, from + count);
}

template <typename T>
T mean(const T* from, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) sum += static_cast<double>(from[i]);
  return static_cast<T>(sum / static_cast<double>(count));
}

template <bool kLargest>
HostValues evaluate_global_pool(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const auto windows = whole_window(x);
  return only_result(visit_floats(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    HostTensor result(x.type(), pooled_dims(x, windows.output));
    const int64_t count = windows.input_count();
    const T* from = x.numbers<T>().data();
    for (T& to : result.template fill<T>()) {
      to = kLargest ? largest(from, count) : mean(from, count);
      from += count;
    }
    return result;
  }));
}

/// The mean of each channel; with channels last where the attribute says so.
HostValues evaluate_global_average_pool(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  if (call.integer("channels_last", 0) == 0 || x.type() != &codecs::f32.info) {
    return evaluate_global_pool<false>(call);
  }
  require_rank(x, 3);
  const int64_t channels = x.dims().back(), count = x.count() / std::max<int64_t>(1, x.dim(0) * channels);
  Dims dims(x.rank(), 1);
  dims.front() = x.dim(0);
  dims.back() = channels;
  HostTensor result(x.type(), dims);
  const float* from = x.numbers<float>().data();
  std::vector<double> sums(static_cast<size_t>(channels));
  for (int64_t image = 0; image < x.dim(0); ++image) {
    std::ranges::fill(sums, 0);
    for (int64_t i = 0; i < count; ++i, from += channels) {
      for (size_t c = 0; c < sums.size(); ++c) sums[c] += static_cast<double>(from[c]);
    }
    float* to = result.fill<float>().data() + image * channels;
    for (size_t c = 0; c < sums.size(); ++c) to[c] = static_cast<float>(sums[c] / static_cast<double>(count));
  }
  return only_result(std::move(result));
}

/// Of the tensor that was pooled, as far as the attributes tell.
Dims unpooled_dims(const StandardCall& call, const HostTensor& x) {
  const auto spatial = spatial_dims(x);
  const auto kernel = spatial_attribute(call, "kernel_shape", spatial.size(), 1, 1);
  const auto strides = spatial_attribute(call, "strides", spatial.size(), 1, 1);
  const auto pads = spatial_attribute(call, "pads", 2 * spatial.size(), 0, 0);
  Dims dims{x.dim(0), x.dim(1)};
  for (size_t i = 0; i < spatial.size(); ++i) {
    dims.push_back((spatial[i] - 1) * strides[i] + kernel[i] - pads[i] - pads[spatial.size() + i]);
  }
  return dims;
}

/// In the first corner of a larger shape.
HostTensor enlarged(const HostTensor& x, const Dims& dims) {
  if (dims.size() != x.rank())
    fail(ErrorCode::bad_input, "{} cannot be enlarged to {}", x.description(), dims_text(dims));
  const HostTensor room(x.type(), dims);
  const auto strides = strides_of(dims), own = strides_of(x.dims());
  std::vector<int64_t> positions(static_cast<size_t>(room.count()), 0);
  for (int64_t i = 0; i < room.count(); ++i) {
    int64_t& position = positions[static_cast<size_t>(i)];
    for (size_t axis = 0; axis < dims.size() && position >= 0; ++axis) {
      const int64_t at = i / strides[axis] % dims[axis];
      position = at < x.dim(axis) ? position + at * own[axis] : -1;
    }
  }
  return pick_elements(x, dims, positions);
}

/// Places count in the tensor that was pooled.
HostValues evaluate_max_unpool(const StandardCall& call) {
  const HostTensor &x = call.tensor(0), &places = call.tensor(1);
  const auto at = read_integers(places);
  if (static_cast<int64_t>(at.size()) != x.count()) fail(ErrorCode::bad_input, "one place for each number is needed");
  HostTensor result = zeros(x.type(), unpooled_dims(call, x));
  visit_floats(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    for (size_t i = 0; i < at.size(); ++i) {
      if (at[i] < 0 || at[i] >= result.count()) fail(ErrorCode::bad_input, "place {} does not exist", at[i]);
      result.fill<T>()[static_cast<size_t>(at[i])] = x.numbers<T>()[i];
    }
  });
  return {call.has(2) ? enlarged(result, read_integers(call.tensor(2))) : result};
}

Types infer_max_pool(const graph::NodeTypes& node) {
  auto types = infer_windows(node);
  if (types.size() > 1) types[1].storage = &codecs::i64.info;
  return types;
}

/// One number for each channel.
Types infer_global_pool(const graph::NodeTypes& node) {
  auto types = infer_same_rank(node, 2);
  for (auto& type : types) {
    for (size_t i = 2; i < type.dims.size(); ++i) type.dims[i] = 1;
  }
  return types;
}

Types infer_global_average_pool(const graph::NodeTypes& node) {
  const bool last = int_attribute_or(node.node, "channels_last", 0) != 0;
  return last ? infer_channels_last(node, infer_global_pool) : infer_global_pool(node);
}

Types infer_pool(const graph::NodeTypes& node) { return infer_windows(node); }

Types infer_nhwc_pool(const graph::NodeTypes& node) { return infer_channels_last(node, infer_pool); }

constexpr std::array kOps = {
    StandardOp{{"MaxPool", "the largest in each window, and where", infer_max_pool}, evaluate_max_pool},
    StandardOp{{"NhwcMaxPool", "the largest in each window, channels last", infer_nhwc_pool}, evaluate_nhwc_max_pool},
    StandardOp{{"AveragePool", "the mean of each window", infer_pool}, evaluate_average_pool},
    StandardOp{{"LpPool", "the norm of each window", infer_pool}, evaluate_lp_pool},
    StandardOp{{"GlobalMaxPool", "the largest of each channel", infer_global_pool}, evaluate_global_pool<true>},
    StandardOp{{"GlobalAveragePool", "the mean of each channel", infer_global_average_pool},
               evaluate_global_average_pool},
    StandardOp{{"GlobalLpPool", "the norm of each channel", infer_global_pool}, evaluate_global_lp_pool},
    StandardOp{{"MaxUnpool", "numbers put back where MaxPool found them", infer_rank<2>}, evaluate_max_unpool},
};

}  // namespace

std::span<const StandardOp> pool_ops() { return kOps; }

}  // namespace adze::ops
