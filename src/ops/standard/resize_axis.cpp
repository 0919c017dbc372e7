#include "ops/standard/resize_axis.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "ops/standard/axis_lines.h"
#include "ops/standard/quantized_numbers.h"
#include "ops/standard/visit_numbers.h"

namespace adze::ops {
namespace {

struct ResizeRecipe {
  std::string mode, coordinates, nearest;
  double cubic_a;
  bool antialias, exclude_outside;
};

ResizeRecipe recipe_of(const StandardCall& call) {
  ResizeRecipe recipe{call.word("mode", "nearest"),
                      call.word("coordinate_transformation_mode", "half_pixel"),
                      call.word("nearest_mode", "round_prefer_floor"),
                      call.number("cubic_coeff_a", -0.75),
                      call.integer("antialias", 0) != 0,
                      call.integer("exclude_outside", 0) != 0};
  if (recipe.mode != "nearest" && recipe.mode != "linear" && recipe.mode != "cubic") {
    fail(ErrorCode::bad_input, "attribute 'mode' must be nearest, linear or cubic");
  }
  return recipe;
}

/// One axis: lengths, the factor that coordinates are computed with, and the part of the line that is shown.
struct AxisScale {
  int64_t from, to;
  double scale;
  bool by_sizes = false;  // the factor is that of the lengths
  double roi_start = 0, roi_end = 1;

  /// Without rounding the factor, where lengths say it.
  double shrunk(double at) const {
    return by_sizes ? at * static_cast<double>(from) / static_cast<double>(to) : at / scale;
  }
};

double old_coordinate(const std::string& mode, const AxisScale& a, double at) {
  const auto from = static_cast<double>(a.from), to = static_cast<double>(a.to);
  if (mode == "half_pixel") return a.shrunk(at + 0.5) - 0.5;
  if (mode == "asymmetric") return a.shrunk(at);
  if (mode == "pytorch_half_pixel") return to > 1 ? a.shrunk(at + 0.5) - 0.5 : 0;
  // The new length may have been cut off: scale times length, not the length itself, fills the line.
  if (mode == "align_corners") return from * a.scale == 1 ? 0 : at * (from - 1) / (from * a.scale - 1);
  if (mode == "half_pixel_symmetric") {
    const double adjustment = to / (a.scale * from);
    return from / 2 * (1 - adjustment) + (at + 0.5) / a.scale - 0.5;
  }
  if (mode == "tf_half_pixel_for_nn") return a.shrunk(at + 0.5);
  if (mode == "tf_crop_and_resize") {
    if (to <= 1) return 0.5 * (a.roi_start + a.roi_end) * (from - 1);
    return a.roi_start * (from - 1) + at * (a.roi_end - a.roi_start) * (from - 1) / (to - 1);
  }
  fail(ErrorCode::bad_input, "unknown coordinate_transformation_mode \"{}\"", mode);
}

double nearest(const std::string& mode, double at) {
  if (mode == "floor") return std::floor(at);
  if (mode == "ceil") return std::ceil(at);
  if (mode == "round_prefer_ceil") return std::floor(at + 0.5);
  if (mode == "round_prefer_floor") return std::ceil(at - 0.5);
  fail(ErrorCode::bad_input, "unknown nearest_mode \"{}\"", mode);
}

double cubic_weight(double distance, double a) {
  const double x = std::fabs(distance);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

double kernel_weight(const ResizeRecipe& recipe, double distance) {
  return recipe.mode == "cubic" ? cubic_weight(distance, recipe.cubic_a) : std::max(0.0, 1 - std::fabs(distance));
}

ResizedAxis::Source source_of(const ResizeRecipe& recipe, const AxisScale& axis, int64_t at) {
  const double old = old_coordinate(recipe.coordinates, axis, static_cast<double>(at));
  ResizedAxis::Source source;
  const bool is_inside = old >= 0 && old <= static_cast<double>(axis.from - 1);
  source.outside = recipe.coordinates == "tf_crop_and_resize" && !is_inside;
  if (source.outside) return source;
  const auto clamped = [&](double place) {
    return static_cast<int64_t>(std::clamp(place, 0.0, static_cast<double>(axis.from - 1)));
  };
  if (recipe.mode == "nearest") {
    source.places = {clamped(nearest(recipe.nearest, old))};
    source.weights = {1};
    return source;
  }
  // With antialias the kernel is as much wider as the line becomes shorter.
  const double narrowing = recipe.antialias ? std::min(axis.scale, 1.0) : 1.0;
  const double reach = (recipe.mode == "cubic" ? 2 : 1) / narrowing;
  double sum = 0;
  for (double place = std::ceil(old - reach); place <= std::floor(old + reach); ++place) {
    const double weight = kernel_weight(recipe, (place - old) * narrowing);
    const bool outside = place < 0 || place > static_cast<double>(axis.from - 1);
    if (weight == 0 || (recipe.exclude_outside && outside)) continue;
    source.places.push_back(clamped(place));
    source.weights.push_back(weight);
    sum += weight;
  }
  if (recipe.antialias || recipe.exclude_outside) {
    for (double& weight : source.weights) weight /= sum;
  }
  return source;
}

/// Factors or sizes as they are given for some axes.
struct GivenSizes {
  std::vector<size_t> axes;
  std::vector<double> scales;
  std::vector<int64_t> sizes;
  bool are_exact = false;  // the scales are those of the sizes
};

int64_t whole_size(double size) {
  if (!(size >= 0 && size <= 0x1p40)) fail(ErrorCode::bad_input, "a length of {}", size);
  return static_cast<int64_t>(std::floor(size));
}

void keep_ratio(const std::string& policy, const HostTensor& x, GivenSizes& given) {
  if (policy == "stretch") return;
  double scale = policy == "not_larger" ? HUGE_VAL : 0;
  for (size_t i = 0; i < given.axes.size(); ++i) {
    const double own = static_cast<double>(given.sizes[i]) / static_cast<double>(x.dim(given.axes[i]));
    scale = policy == "not_larger" ? std::min(scale, own) : std::max(scale, own);
  }
  for (size_t i = 0; i < given.axes.size(); ++i) {
    given.scales[i] = scale;
    given.sizes[i] = whole_size(scale * static_cast<double>(x.dim(given.axes[i])) + 0.5);
  }
}

GivenSizes given_sizes(const StandardCall& call, const HostTensor& x) {
  GivenSizes given;
  std::vector<int64_t> all(x.rank());
  std::iota(all.begin(), all.end(), 0);
  given.axes = checked_axes(call.integers("axes").value_or(all), x.rank());
  const size_t count = given.axes.size();
  if (call.has(3) && call.tensor(3).count() > 0) {
    given.sizes = read_integers(call.tensor(3));
    if (given.sizes.size() != count) fail(ErrorCode::bad_input, "{} sizes for {} axes", given.sizes.size(), count);
    for (size_t i = 0; i < count; ++i) {
      given.scales.push_back(static_cast<double>(given.sizes[i]) / static_cast<double>(x.dim(given.axes[i])));
    }
    const auto policy = call.word("keep_aspect_ratio_policy", "stretch");
    given.are_exact = policy == "stretch";
    keep_ratio(policy, x, given);
    return given;
  }
  const HostTensor scales = to_f64(call.tensor(2));
  given.scales.assign(scales.numbers<double>().begin(), scales.numbers<double>().end());
  if (given.scales.size() != count) fail(ErrorCode::bad_input, "{} scales for {} axes", given.scales.size(), count);
  for (size_t i = 0; i < count; ++i) {
    if (!(given.scales[i] > 0)) fail(ErrorCode::bad_input, "a scale of {}", given.scales[i]);
    // The product as ONNX Runtime and OpenVINO round it: 1.3 times 10 is 13, though the f32 next to 1.3 is below it.
    given.sizes.push_back(whole_size(static_cast<float>(x.dim(given.axes[i])) * static_cast<float>(given.scales[i])));
  }
  return given;
}

}  // namespace

std::array<double, 4> cubic_weights(double part, double a) {
  return {cubic_weight(part + 1, a), cubic_weight(part, a), cubic_weight(1 - part, a), cubic_weight(2 - part, a)};
}

std::vector<ResizedAxis> resized_axes(const StandardCall& call, const HostTensor& x) {
  const auto recipe = recipe_of(call);
  const auto given = given_sizes(call, x);
  const HostTensor roi = call.has(1) && call.tensor(1).count() > 0 ? to_f64(call.tensor(1)) : HostTensor();
  const size_t count = given.axes.size();
  std::vector<int64_t> dims = x.dims();
  for (size_t i = 0; i < count; ++i) dims[given.axes[i]] = given.sizes[i];
  checked_element_count(dims);
  std::vector<ResizedAxis> axes;
  for (size_t i = 0; i < count; ++i) {
    AxisScale scale{x.dim(given.axes[i]), given.sizes[i], given.scales[i], given.are_exact};
    if (recipe.coordinates == "tf_crop_and_resize") {
      if (roi.count() != static_cast<int64_t>(2 * count))
        fail(ErrorCode::bad_input, "the region needs two numbers an axis");
      scale.roi_start = roi.numbers<double>()[i];
      scale.roi_end = roi.numbers<double>()[count + i];
    } else if (scale.from == scale.to && scale.scale == 1) {
      continue;
    }
    if (scale.from == 0 && scale.to > 0) fail(ErrorCode::bad_input, "nothing cannot be resized");
    ResizedAxis axis{given.axes[i], scale.from, scale.to, {}};
    const HostTensor room(&codecs::f64.info, {scale.to});
    for (int64_t at = 0; at < scale.to; ++at) axis.sources.push_back(source_of(recipe, scale, at));
    axes.push_back(std::move(axis));
  }
  return axes;
}

HostTensor resize_axis(const HostTensor& x, const ResizedAxis& axis) {
  auto dims = x.dims();
  dims[axis.axis] = axis.to;
  HostTensor result(x.type(), dims);
  const AxisLines lines(x.dims(), axis.axis);
  const double* from = x.numbers<double>().data();
  double* to = result.fill<double>().data();
  for (int64_t o = 0; o < lines.outer; ++o, from += lines.length * lines.inner) {
    for (const auto& source : axis.sources) {
      for (int64_t i = 0; i < lines.inner; ++i) {
        double sum = 0;
        for (size_t s = 0; s < source.places.size(); ++s)
          sum += source.weights[s] * from[source.places[s] * lines.inner + i];
        *to++ = sum;
      }
    }
  }
  return result;
}

HostTensor with_outside(const HostTensor& x, const std::vector<ResizedAxis>& axes, double value) {
  HostTensor result = HostTensor::of<double>(x.type(), x.dims(), x.numbers<double>());
  for (const ResizedAxis& axis : axes) {
    const AxisLines lines(x.dims(), axis.axis);
    for (int64_t i = 0; i < x.count(); ++i) {
      const auto at = static_cast<size_t>(i / lines.inner % lines.length);
      if (axis.sources[at].outside) result.fill<double>()[static_cast<size_t>(i)] = value;
    }
  }
  return result;
}

}  // namespace adze::ops
