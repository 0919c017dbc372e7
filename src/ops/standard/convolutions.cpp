// Convolutions of [batch, channels, spatial…].
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <optional>

#include "base/error.h"
#include "ops/standard/broadcast.h"
#include "ops/standard/channels_last.h"
#include "ops/standard/channels_last_convolution.h"
#include "ops/standard/few_places_convolution.h"
#include "ops/standard/float_convolution.h"
#include "ops/standard/fused_activation.h"
#include "ops/standard/infer_types.h"
#include "ops/standard/integer_convolution.h"
#include "ops/standard/only_result.h"
#include "ops/standard/op_families.h"
#include "ops/standard/quantized_numbers.h"
#include "ops/standard/visit_numbers.h"

namespace adze::ops {
namespace {

using Dims = std::vector<int64_t>;

Dims spatial_dims(const HostTensor& x) { return {x.dims().begin() + 2, x.dims().end()}; }

bool has_channels_last(const StandardCall& call) { return call.integer("channels_last", 0) != 0; }

Convolution convolution_of(const StandardCall& call, const HostTensor& x, const HostTensor& weights, bool last) {
  require_rank(x, 3);
  require_rank(weights, x.rank(), x.rank());
  const Dims dims = last ? channels_first(x.dims()) : x.dims();
  const int64_t groups = call.integer("group", 1);
  const bool is_count = groups >= 1 && groups <= std::max<int64_t>(dims[1], 1);
  if (!is_count || dims[1] % groups != 0 || weights.dim(0) % groups != 0 || weights.dim(1) != dims[1] / groups) {
    fail(ErrorCode::bad_input, "weights {} in {} groups do not fit {}", weights.description(), groups, x.description());
  }
  const auto kernel = call.integers("kernel_shape").value_or(spatial_dims(weights));
  if (kernel != spatial_dims(weights))
    fail(ErrorCode::bad_input, "attribute 'kernel_shape' is not that of the weights");
  return {dims[0], dims[1], weights.dim(0), groups, windows_of(call, {dims.begin() + 2, dims.end()}, kernel)};
}

/// The same, kept where the weights are the same in every run.
std::shared_ptr<const Convolution> kept_convolution(const StandardCall& call, size_t weights, bool last = false) {
  const auto make = [&] { return convolution_of(call, call.tensor(0), call.tensor(weights), last); };
  return call.keeps(weights) ? call.kept_for_dims(call.tensor(0).dims(), make)
                             : std::make_shared<const Convolution>(make());
}

void require_bias(const HostTensor& bias, const Convolution& c, StorageType type) {
  require_type(bias, type);
  if (bias.rank() != 1 || bias.dim(0) != c.outputs) {
    fail(ErrorCode::bad_input, "a bias {} for {} channels", bias.description(), c.outputs);
  }
}

ProductEnd end_of(const StandardCall& call, const FusedActivation& activation) {
  ProductEnd end;
  if (call.has(2)) end.bias = call.tensor(2).numbers<float>().data();
  if (call.has(3)) end.addend = call.tensor(3).numbers<float>().data();
  end.clips = activation.kind == FusedActivation::Kind::clip;
  end.leaks = activation.kind == FusedActivation::Kind::leaky_relu;
  end.least = activation.alpha;
  end.most = activation.beta;
  end.slope = activation.alpha;
  return end;
}

/// Packed when they are first needed in one of these ways: the number of places may be another in the next run.
struct FloatFilters {
  mutable std::optional<PackedFilters> rows;
  mutable std::optional<std::vector<float>> panels;
};

void convolve_f32_into(HostTensor& result, const StandardCall& call, const Convolution& c, const ProductEnd& end) {
  const float* weights = call.tensor(1).numbers<float>().data();
  const auto filters = call.kept_of(1, [] { return FloatFilters(); });
  const bool few = has_few_places(c);
  if (few && !filters->panels) filters->panels = filter_panels(c, weights);
  if (!few && !filters->rows) filters->rows = packed_filters(c, weights);
  static const PackedFilters none;
  const FloatConvolution run{c, call.tensor(0).numbers<float>(), few ? none : *filters->rows, end,
                             result.fill<float>().data()};
  few ? convolve_few_places(run, *filters->panels, call.pool) : convolve_floats(run, call.pool);
}

HostTensor convolve_f32(const StandardCall& call, const Convolution& c, const FusedActivation& activation) {
  HostTensor result(&codecs::f32.info, c.result_dims());
  const auto end = end_of(call, activation);
  if (has_single_axis(c.windows)) {
    convolve_f32_into(result, call, {c.batch, c.channels, c.outputs, c.groups, without_single_axes(c.windows)}, end);
  } else {
    convolve_f32_into(result, call, c, end);
  }
  return end.clips || end.leaks ? result : apply_activation(activation, result);
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

HostTensor sum_of(const HostTensor& x, const HostTensor& addend) {
  require_type(addend, x.type());
  return visit_floats(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return map_pairs<T, T>(x, addend, x.type(), [](T a, T b) { return a + b; });
  });
}

/// Conv, and FusedConv with a tensor to add and an activation.
HostTensor convolve(const StandardCall& call, bool fused) {
  const HostTensor &x = call.tensor(0), &weights = call.tensor(1);
  require_type(weights, x.type());
  const auto kept = kept_convolution(call, 1);
  const Convolution& c = *kept;
  if (call.has(2)) require_bias(call.tensor(2), c, x.type());
  const auto activation = fused ? fused_activation_of(call) : FusedActivation();
  const HostTensor* addend = call.has(3) ? &call.tensor(3) : nullptr;
  const bool added_at_once = !addend || (addend->type() == x.type() && addend->dims() == c.result_dims());
  if (x.type() == &codecs::f32.info && added_at_once) return convolve_f32(call, c, activation);
  HostTensor result = visit_floats(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const HostTensor sums = convolve_f64(c, to_f64(x), to_f64(weights));
    const HostTensor biased = call.has(2) ? add_bias(sums, call.tensor(2)) : sums;
    return map_each<double, T>(biased, x.type(), [](double sum) { return static_cast<T>(sum); });
  });
  return apply_activation(activation, addend ? sum_of(result, *addend) : result);
}

HostValues evaluate_conv(const StandardCall& call) { return only_result(convolve(call, false)); }
HostValues evaluate_fused_conv(const StandardCall& call) { return only_result(convolve(call, true)); }

/// FusedConv with channels last.
HostValues evaluate_nhwc_fused_conv(const StandardCall& call) {
  const HostTensor &x = call.tensor(0), &weights = call.tensor(1);
  const auto kept = kept_convolution(call, 1, true);
  const Convolution& c = *kept;
  const auto dims = channels_last(c.result_dims());
  const auto is_float = [](const HostTensor& tensor) { return tensor.type() == &codecs::f32.info; };
  const bool adds_at_once = !call.has(3) || (is_float(call.tensor(3)) && call.tensor(3).dims() == dims);
  if (!is_float(x) || !is_float(weights) || !adds_at_once || !can_convolve_places(c)) {
    return evaluate_channels_first(call, {0, 3}, evaluate_fused_conv);
  }
  if (call.has(2)) require_bias(call.tensor(2), c, x.type());
  const auto filters = call.kept_of(1, [&] { return place_filters(c, weights.numbers<float>().data()); });
  const auto activation = fused_activation_of(call);
  const auto end = end_of(call, activation);
  HostTensor result(&codecs::f32.info, dims);
  convolve_places({c, x, *filters, end, result.fill<float>().data()}, call.pool);
  return {end.clips || end.leaks ? result : apply_activation(activation, result)};
}

bool is_byte(const HostTensor& x) { return x.type() == &codecs::u8.info || x.type() == &codecs::i8.info; }

/// One number, or one for each output channel.
bool is_by_output(const HostTensor& parameter, const Convolution& c) {
  return parameter.count() == 1 || (parameter.rank() == 1 && parameter.count() == c.outputs);
}

/// Whether integer products compute it: bytes, one zero point for x, sums that fit.
bool is_integer_convolution(const StandardCall& call, const Convolution& c, size_t weights, size_t x_zero) {
  const auto is_one_byte = [&](size_t input) { return call.tensor(input).count() == 1 && is_byte(call.tensor(input)); };
  return is_byte(call.tensor(0)) && is_byte(call.tensor(weights)) && (!call.has(x_zero) || is_one_byte(x_zero)) &&
         fits_sums(c.group_channels() * c.windows.taps());
}

int32_t zero_of(const StandardCall& call, size_t input) {
  return call.has(input) ? static_cast<int32_t>(read_number(call.tensor(input))) : 0;
}

std::shared_ptr<const PackedIntegerFilters> integer_filters(const StandardCall& call, const Convolution& c,
                                                            size_t weights, size_t zeros) {
  const HostTensor* shift = call.has(zeros) ? &call.tensor(zeros) : nullptr;
  const auto pack = [&] { return packed_integer_filters(c, call.tensor(weights), shift); };
  const bool keeps = !shift || call.keeps(zeros);
  return keeps ? call.kept_of(weights, pack) : std::make_shared<const PackedIntegerFilters>(pack());
}

HostValues evaluate_conv_integer(const StandardCall& call) {
  const HostTensor &x = call.tensor(0), &weights = call.tensor(1);
  const auto kept = kept_convolution(call, 1);
  const Convolution& c = *kept;
  const bool plain_zeros = !call.has(3) || (is_byte(call.tensor(3)) && is_by_output(call.tensor(3), c));
  if (plain_zeros && is_integer_convolution(call, c, 1, 2)) {
    const auto filters = integer_filters(call, c, 1, 3);
    return only_result(
        convolve_integers({c, x, zero_of(call, 2), *filters, nullptr, nullptr}, &codecs::i32.info, call.pool));
  }
  const HostTensor result = convolve_f64(c, subtract_zero_point(x, call.has(2) ? &call.tensor(2) : nullptr, 1),
                                         subtract_zero_point(weights, call.has(3) ? &call.tensor(3) : nullptr, 0));
  return {round_to_integers(result, &codecs::i32.info)};
}

/// Input 1 x's scale, 4 the weights', 6 the result's. Factors are rounded to f32 after each step, as ONNX Runtime and
/// LiteRT do.
IntegerResult integer_result(const StandardCall& call, int64_t outputs, const HostTensor& zero) {
  const auto x_scale = static_cast<float>(read_number(call.tensor(1)));
  const auto y_scale = static_cast<float>(read_number(call.tensor(6)));
  const HostTensor scales = to_f64(call.tensor(4));
  const auto limits = integer_limits(zero);
  IntegerResult result{{},
                       static_cast<int32_t>(read_number(zero)),
                       static_cast<int32_t>(limits.least),
                       static_cast<int32_t>(limits.most)};
  for (int64_t o = 0; o < outputs; ++o) {
    const auto scale = static_cast<float>(scales.numbers<double>()[static_cast<size_t>(scales.count() == 1 ? 0 : o)]);
    result.scales.push_back(x_scale * scale / y_scale);
  }
  return result;
}

bool is_plainly_quantized(const StandardCall& call, const Convolution& c) {
  const auto is_one = [&](size_t input) { return call.tensor(input).count() == 1; };
  return is_one(1) && is_one(6) && is_one(7) && is_byte(call.tensor(7)) && is_by_output(call.tensor(4), c) &&
         is_by_output(call.tensor(5), c) && is_byte(call.tensor(5)) && is_integer_convolution(call, c, 3, 2);
}

/// Everything that does not depend on x.
template <typename Filters>
struct QuantizedFilters {
  Filters filters;
  IntegerResult result;
};

/// Kept where all of it is the same in every run. `filters_of(c, weights, zeros)`
template <typename FiltersOf>
auto quantized_filters(const StandardCall& call, const Convolution& c, FiltersOf filters_of) {
  const auto make = [&] {
    return QuantizedFilters{filters_of(c, call.tensor(3), &call.tensor(5)),
                            integer_result(call, c.outputs, call.tensor(7))};
  };
  constexpr std::array<size_t, 6> kParameters{1, 3, 4, 5, 6, 7};
  const bool keeps = std::ranges::all_of(kParameters, [&](size_t input) { return call.keeps(input); });
  return keeps ? call.kept_of(3, make) : std::make_shared<const decltype(make())>(make());
}

HostValues q_linear_conv_channels_first(const StandardCall& call) {
  const HostTensor &x = call.tensor(0), &weights = call.tensor(3);
  const auto kept = kept_convolution(call, 3);
  const Convolution& c = *kept;
  if (call.has(8)) require_bias(call.tensor(8), c, &codecs::i32.info);
  if (is_plainly_quantized(call, c)) {
    const auto filters = quantized_filters(call, c, packed_integer_filters);
    const int32_t* bias = call.has(8) ? call.tensor(8).numbers<int32_t>().data() : nullptr;
    return only_result(convolve_integers({c, x, zero_of(call, 2), filters->filters, bias, &filters->result},
                                         call.tensor(7).type(), call.pool));
  }
  HostTensor sums =
      convolve_f64(c, subtract_zero_point(x, &call.tensor(2), 1), subtract_zero_point(weights, &call.tensor(5), 0));
  if (call.has(8)) sums = add_bias(sums, call.tensor(8));
  const HostTensor x_scales = spread_parameter(to_f64(call.tensor(1)), sums, 1);
  const HostTensor w_scales = spread_parameter(to_f64(call.tensor(4)), sums, 1);
  const auto times = [](double a, double b) { return a * b; };
  const HostTensor scaled = map_pairs<double, double>(map_pairs<double, double>(sums, x_scales, sums.type(), times),
                                                      w_scales, sums.type(), times);
  return {quantize_along(scaled, call.tensor(6), call.tensor(7), 1)};
}

/// ONNX Runtime's, with channels last.
HostValues q_linear_conv_channels_last(const StandardCall& call) {
  const auto kept = kept_convolution(call, 3, true);
  const Convolution& c = *kept;
  if (call.has(8)) require_bias(call.tensor(8), c, &codecs::i32.info);
  if (is_plainly_quantized(call, c) && can_convolve_places(c)) {
    const auto filters = quantized_filters(call, c, signed_place_filters);
    const int32_t* bias = call.has(8) ? call.tensor(8).numbers<int32_t>().data() : nullptr;
    if (filters->filters) {
      return only_result(
          convolve_places({c, call.tensor(0), zero_of(call, 2), *filters->filters, bias, filters->result},
                          call.tensor(7).type(), call.pool));
    }
  }
  return evaluate_channels_first(call, {0}, q_linear_conv_channels_first);
}

HostValues evaluate_q_linear_conv(const StandardCall& call) {
  return has_channels_last(call) ? q_linear_conv_channels_last(call) : q_linear_conv_channels_first(call);
}

/// As many channels as there are filters in the input `weights`.
Types infer_filtered(const graph::NodeTypes& node, size_t weights) {
  const auto filters = type_of_input(node, weights);
  auto types = infer_windows(node, filters);
  if (types.empty()) return types;
  if (filters.rank_known && !filters.dims.empty() && types[0].dims.size() > 1) types[0].dims[1] = filters.dims[0];
  return types;
}

Types infer_convolution(const graph::NodeTypes& node) { return infer_filtered(node, 1); }

Types infer_conv_integer(const graph::NodeTypes& node) {
  auto types = infer_convolution(node);
  for (auto& type : types) type.storage = &codecs::i32.info;
  return types;
}

Types infer_q_linear_conv_channels_first(const graph::NodeTypes& node) {
  auto types = infer_filtered(node, 3);
  if (!types.empty()) types[0].storage = storage_of_input(node, 7);
  return types;
}

Types infer_q_linear_conv(const graph::NodeTypes& node) {
  const bool last = int_attribute_or(node.node, "channels_last", 0) != 0;
  return last ? infer_channels_last(node, infer_q_linear_conv_channels_first)
              : infer_q_linear_conv_channels_first(node);
}

Types infer_nhwc_convolution(const graph::NodeTypes& node) { return infer_channels_last(node, infer_convolution); }

constexpr std::array kOps = {
    StandardOp{{"Conv", "convolution", infer_convolution}, evaluate_conv},
    StandardOp{{"FusedConv", "convolution, sum with input 3 and `activation` (Relu, Clip …)", infer_convolution},
               evaluate_fused_conv},
    StandardOp{{"NhwcFusedConv", "FusedConv with channels last", infer_nhwc_convolution}, evaluate_nhwc_fused_conv},
    StandardOp{{"ConvInteger", "convolution of 8-bit integers in i32", infer_conv_integer}, evaluate_conv_integer},
    StandardOp{{"QLinearConv", "convolution of quantized numbers, quantized", infer_q_linear_conv},
               evaluate_q_linear_conv},
};

}  // namespace

std::span<const StandardOp> convolution_ops() { return kOps; }

}  // namespace adze::ops
