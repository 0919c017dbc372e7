// lint: foreign names: OpenVINO, ONNX
// Windows over images: convolutions, pools, other sizes.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "codecs/codec.h"
#include "formats/openvino/standard_to_ir.h"
#include "formats/openvino_ir/pool_axis.h"
#include "ops/standard/standard_op.h"

namespace adze::formats {
namespace {

using Ints = std::vector<int64_t>;

std::string list_text(const Ints& list) { return fmt::format("{}", fmt::join(list, ",")); }

/// The rule for pads; `turned`: what is left over goes to the other end, as transposed convolutions have it.
std::string_view pad_rule(GraphToIr& g, bool turned) {
  const std::string rule = g.word("auto_pad", "NOTSET");
  const bool is_same = rule == "SAME_UPPER" || rule == "SAME_LOWER";
  // For a size that is given the standard finds the pads itself, whatever stands there.
  const bool is_sized = turned && !g.list("output_shape").empty();
  if (!is_same && !is_sized) return rule == "VALID" ? "valid" : "explicit";
  return (rule == "SAME_UPPER") != turned ? "same_upper" : "same_lower";
}

/// strides, dilations, pads and how they follow from the sizes, for `count` spatial axes.
IrBuilder::Attributes window_attributes(GraphToIr& g, size_t count, bool has_dilations = true, bool turned = false) {
  const Ints pads = g.list("pads", Ints(2 * count, 0));
  if (pads.size() != 2 * count) g.refuse("its pads do not fit its axes");
  const auto middle = pads.begin() + static_cast<std::ptrdiff_t>(count);
  IrBuilder::Attributes attributes{{"strides", list_text(g.list("strides", Ints(count, 1)))},
                                   {"pads_begin", list_text({pads.begin(), middle})},
                                   {"pads_end", list_text({middle, pads.end()})}};
  if (has_dilations) attributes.emplace_back("dilations", list_text(g.list("dilations", Ints(count, 1))));
  attributes.emplace_back("auto_pad", pad_rule(g, turned));
  return attributes;
}

size_t spatial_axes(GraphToIr& g, size_t input) {
  const int64_t rank = g.rank(input);
  if (rank < 3) g.refuse("no spatial axes");
  return static_cast<size_t>(rank - 2);
}

/// The same of weights whose shape a node makes: their dimensions behind the first follow from them.
IrValue grouped_when_it_runs(GraphToIr& g, IrValue weights, int64_t groups) {
  auto& out = g.out();
  const IrValue rest = g.slice(g.shape(weights), 0, 1, INT64_MAX, 1, "i64");
  const IrValue dims = out.add("Concat", "opset1", {out.ints({groups, -1}), rest}, {{"axis", "0"}}, "i64");
  return out.add("Reshape", "opset1", {weights, dims}, {{"special_zero", "false"}}, g.output_type());
}

/// [groups * a, b, …] as [groups, a, b, …]; `input`: whose shape the weights have.
IrValue grouped(GraphToIr& g, IrValue weights, size_t input, int64_t groups) {
  if (groups < 1) g.refuse("its groups are no positive number");
  const auto& type = g.type(input);
  const bool is_known =
      type.rank_known && std::ranges::all_of(type.dims, [](const graph::Dim& dim) { return dim.is_constant(); });
  if (!is_known) return grouped_when_it_runs(g, weights, groups);
  Ints dims = g.dims(input);
  if (dims[0] % groups != 0) g.refuse("its groups do not divide its weights");
  dims[0] /= groups;
  dims.insert(dims.begin(), groups);
  return g.reshape(weights, dims);
}

/// Whether what a transposed convolution makes is `strides` times as large as its input.
bool has_own_size(GraphToIr& g) {
  return g.word("auto_pad", "NOTSET").starts_with("SAME_") && g.list("output_shape").empty();
}

/// The pads that this takes, whatever the input's size; negative ones are added behind.
IrBuilder::Attributes scaled_attributes(GraphToIr& g, size_t count) {
  const Ints dims = g.dims(1), strides = g.list("strides", Ints(count, 1)),
             dilations = g.list("dilations", Ints(count, 1));
  const Ints kernel(dims.begin() + 2, dims.end());
  if (strides.size() != count || dilations.size() != count) g.refuse("its strides do not fit its axes");
  Ints before, after, extra;
  for (size_t i = 0; i < count; ++i) {
    const int64_t total = (kernel[i] - 1) * dilations[i] + 1 - strides[i];
    const int64_t less = std::max<int64_t>(total, 0) / 2, more = std::max<int64_t>(total, 0) - less;
    const bool upper = g.word("auto_pad", "NOTSET") == "SAME_UPPER";
    before.push_back(upper ? less : more);
    after.push_back(upper ? more : less);
    extra.push_back(std::max<int64_t>(-total, 0));
  }
  return {{"strides", list_text(strides)},     {"pads_begin", list_text(before)}, {"pads_end", list_text(after)},
          {"dilations", list_text(dilations)}, {"auto_pad", "explicit"},          {"output_padding", list_text(extra)}};
}

void give_with_bias(GraphToIr& g, IrValue made, size_t count) {
  if (g.has(2)) {
    Ints dims(count + 2, 1);
    dims[1] = -1;
    made = g.both("Add", made, g.reshape(g.input(2), dims), g.output_type());
  }
  g.give(made);
}

/// No window begins behind the image.
std::string rounding_of(GraphToIr& g) { return g.flag("ceil_mode") ? "ceil_torch" : "floor"; }

std::string_view opset_of(GraphToIr& g, Row row) { return g.flag("ceil_mode") ? "opset14" : row.opset; }

/// Windows with gaps came in opset16.
IrValue mean_of_windows(GraphToIr& g, Row row, IrValue x, bool counts_border) {
  const Ints kernel = g.list("kernel_shape"), dilations = g.list("dilations");
  const bool has_gaps = std::ranges::any_of(dilations, [](int64_t dilation) { return dilation != 1; });
  auto attributes = window_attributes(g, kernel.size(), has_gaps);
  attributes.insert(attributes.end(), {{"kernel", list_text(kernel)},
                                       {"exclude-pad", counts_border ? "false" : "true"},
                                       {"rounding_type", rounding_of(g)}});
  return g.out().add(row.layer, has_gaps ? "opset16" : opset_of(g, row), {x}, attributes, g.output_type());
}

bool has_border(GraphToIr& g) {
  const std::string rule = g.word("auto_pad", "NOTSET");
  if (rule != "NOTSET") return rule != "VALID";
  return std::ranges::any_of(g.list("pads"), [](int64_t pad) { return pad != 0; });
}

/// Whether rounding up may let a window end behind the image and its border.
bool may_end_behind(GraphToIr& g) {
  const Ints kernel = g.list("kernel_shape");
  const size_t count = kernel.size();
  const Ints pads = g.list("pads", Ints(2 * count, 0)), strides = g.list("strides", Ints(count, 1)),
             dilations = g.list("dilations", Ints(count, 1));
  const auto& type = g.type(0);
  const bool fits = type.rank_known && type.dims.size() == count + 2 && pads.size() == 2 * count &&
                    strides.size() == count && dilations.size() == count;
  if (!g.flag("ceil_mode") || g.word("auto_pad", "NOTSET") != "NOTSET") return false;
  for (size_t i = 0; i < count; ++i) {
    if (!fits || !type.dims[i + 2].is_constant() || strides[i] < 1) return true;
    const int64_t size = type.dims[i + 2].constant();
    if (PoolAxis{size, pads[i], pads[count + i], kernel[i], dilations[i], strides[i]}.ends_behind()) return true;
  }
  return false;
}

/// Whether sizes times factors are whole numbers, which the standard does not round before it aligns corners.
bool makes_whole_sizes(GraphToIr& g) {
  const auto factors = g.numbers_of(2);
  const auto& type = g.type(0);
  if (!factors) return false;
  const Ints axes = g.list("axes");
  if (!axes.empty() && axes.size() != factors->size()) return false;
  for (size_t i = 0; i < factors->size(); ++i) {
    const double factor = (*factors)[i];
    if (factor == std::floor(factor)) continue;
    const auto axis = axes.empty() ? i : static_cast<size_t>(axes[i]);
    if (!type.rank_known || axis >= type.dims.size() || !type.dims[axis].is_constant()) return false;
    const double size = factor * static_cast<double>(type.dims[axis].constant());
    if (size != std::floor(size)) return false;
  }
  return true;
}

/// From the third axis to the last, however many there are.
IrValue spatial_of(GraphToIr& g) {
  auto& out = g.out();
  const IrValue rank = g.length(g.shape(g.input(0)), 0);
  return out.add("Range", "opset4", {out.whole(2), rank, out.whole(1)}, {{"output_type", "i64"}}, "i64");
}

IrValue power(GraphToIr& g, IrValue x, double exponent) {
  return g.both("Power", x, g.scalar(exponent, g.storage(0)), g.output_type());
}

/// |x|^p
IrValue powers_of(GraphToIr& g) {
  const IrValue size = g.out().add("Abs", "opset1", {g.input(0)}, {}, g.output_type());
  return power(g, size, static_cast<double>(g.integer("p", 2)));
}

}  // namespace

IrValue convolution(GraphToIr& g, Row row, std::pair<IrValue, IrValue> inputs, size_t weights) {
  const auto [x, filters] = inputs;
  const int64_t groups = g.integer("group", 1);
  const auto attributes = window_attributes(g, spatial_axes(g, weights));
  if (groups == 1) return g.out().add(row.layer, row.opset, {x, filters}, attributes, g.output_type());
  return g.out().add("GroupConvolution", row.opset, {x, grouped(g, filters, weights, groups)}, attributes,
                     g.output_type());
}

void ir_put_conv(GraphToIr& g, Row row) {
  give_with_bias(g, convolution(g, row, {g.input(0), g.input(1)}, 1), spatial_axes(g, 1));
}

void ir_put_conv_transpose(GraphToIr& g, Row row) {
  const size_t count = spatial_axes(g, 1);
  const int64_t groups = g.integer("group", 1);
  auto attributes = has_own_size(g) ? scaled_attributes(g, count) : window_attributes(g, count, true, true);
  if (!has_own_size(g)) {
    attributes.emplace_back("output_padding", list_text(g.list("output_padding", Ints(count, 0))));
  }
  std::vector<IrValue> inputs{g.input(0), groups == 1 ? g.input(1) : grouped(g, g.input(1), 1, groups)};
  if (const Ints shape = g.list("output_shape"); !shape.empty()) inputs.push_back(g.out().ints(shape));
  const IrValue made = g.out().add(groups == 1 ? row.layer : "GroupConvolutionBackpropData", row.opset, inputs,
                                   attributes, g.output_type());
  give_with_bias(g, made, count);
}

void ir_put_max_pool(GraphToIr& g, Row row) {
  const Ints kernel = g.list("kernel_shape");
  if (g.flag("storage_order") && g.output_count() > 1) g.refuse("places counted column by column");
  auto attributes = window_attributes(g, kernel.size());
  attributes.insert(
      attributes.end(),
      {{"kernel", list_text(kernel)}, {"rounding_type", rounding_of(g)}, {"index_element_type", "i64"}, {"axis", "0"}});
  const auto outputs =
      g.out().add_several(row.layer, opset_of(g, row), {g.input(0)}, attributes, {g.output_type(), "i64"});
  g.give(0, outputs[0]);
  g.give(1, outputs[1]);
}

void ir_put_average_pool(GraphToIr& g, Row row) {
  const bool counts = g.flag("count_include_pad") && has_border(g);
  // The layer divides by the whole window, the standard by what lies in image and border.
  if (counts && may_end_behind(g)) g.refuse("means of windows that may end behind the border, which is counted");
  g.give(mean_of_windows(g, row, g.input(0), counts));
}

void ir_put_global_pool(GraphToIr& g, Row row) {
  g.give(g.reduce(row.layer, g.input(0), spatial_of(g), true, g.output_type()));
}

// (mean of |x|^p over the window and its border, times its size)^(1/p)
void ir_put_lp_pool(GraphToIr& g, Row row) {
  if (g.flag("ceil_mode")) g.refuse("windows that lie behind the image");
  const Ints kernel = g.list("kernel_shape");
  const IrValue mean = mean_of_windows(g, row, powers_of(g), true);
  const double size = std::accumulate(kernel.begin(), kernel.end(), 1.0, std::multiplies());
  const IrValue sum = g.both("Multiply", mean, g.scalar(size, g.storage(0)), g.output_type());
  g.give(power(g, sum, 1.0 / static_cast<double>(g.integer("p", 2))));
}

void ir_put_global_lp_pool(GraphToIr& g, Row row) {
  const IrValue sum = g.reduce(row.layer, powers_of(g), spatial_of(g), true, g.output_type());
  g.give(power(g, sum, 1.0 / static_cast<double>(g.integer("p", 2))));
}

// Places count in the tensor that was pooled.
void ir_put_max_unpool(GraphToIr& g, Row row) {
  if (g.has(2)) g.refuse("a size that is given");
  auto& out = g.out();
  Ints dims = g.dims(0);
  const size_t count = spatial_axes(g, 0);
  const Ints kernel = g.list("kernel_shape"), strides = g.list("strides", Ints(count, 1)),
             pads = g.list("pads", Ints(2 * count, 0));
  if (kernel.size() != count || strides.size() != count || pads.size() != 2 * count) g.refuse("its windows do not fit");
  for (size_t i = 0; i < count; ++i) {
    dims[i + 2] = (dims[i + 2] - 1) * strides[i] + kernel[i] - pads[i] - pads[count + i];
  }
  const int64_t size = std::accumulate(dims.begin(), dims.end(), int64_t{1}, std::multiplies());
  const IrValue zeros = out.add("Broadcast", "opset3", {g.scalar(0, g.storage(0)), out.ints({size})},
                                {{"mode", "numpy"}}, g.output_type());
  const IrValue places = out.add("Reshape", "opset1", {g.input(1), out.ints({-1})}, {{"special_zero", "false"}}, "i64");
  const IrValue put =
      out.add(row.layer, row.opset, {zeros, places, g.reshape(g.input(0), {-1}), out.whole(0)}, {}, g.output_type());
  g.give(g.reshape(put, dims));
}

void ir_put_grid_sample(GraphToIr& g, Row row) {
  if (g.rank(0) != 4) g.refuse("grids of more than two dimensions");
  const std::string mode = g.word("mode", "linear");
  const bool linear = mode == "linear" || mode == "bilinear";
  g.give(g.out().add(row.layer, row.opset, g.inputs(),
                     {{"align_corners", g.flag("align_corners") ? "true" : "false"},
                      {"mode", linear ? "bilinear" : (mode == "cubic" ? "bicubic" : mode)},
                      {"padding_mode", g.word("padding_mode", "zeros")}},
                     g.output_type()));
}

void ir_put_roi_align(GraphToIr& g, Row row) {
  const std::string mode = g.word("mode", "avg");
  if (mode != "avg") g.refuse("the largest of weighted numbers");
  const bool half = g.word("coordinate_transformation_mode", "half_pixel") == "half_pixel";
  g.give(g.out().add(row.layer, row.opset, g.inputs(),
                     {{"pooled_h", std::to_string(g.integer("output_height", 1))},
                      {"pooled_w", std::to_string(g.integer("output_width", 1))},
                      {"sampling_ratio", std::to_string(g.integer("sampling_ratio", 0))},
                      {"spatial_scale", fmt::format("{}", static_cast<float>(g.number("spatial_scale", 1)))},
                      {"mode", mode},
                      {"aligned_mode", half ? "half_pixel_for_nn" : "asymmetric"}},
                     g.output_type()));
}

void ir_put_resize(GraphToIr& g, Row row) {
  auto& out = g.out();
  const std::string coordinates = g.word("coordinate_transformation_mode", "half_pixel");
  if (coordinates == "tf_crop_and_resize" || coordinates == "half_pixel_symmetric") g.refuse(coordinates);
  if (g.word("keep_aspect_ratio_policy", "stretch") != "stretch") g.refuse("sizes that follow from one another");
  if (g.flag("antialias")) g.refuse("images that are smoothed before they become smaller");
  if (g.integer("exclude_outside", 0) != 0) g.refuse("places outside that do not count");
  const bool by_sizes = g.has(3);
  if (coordinates == "align_corners" && !by_sizes && !makes_whole_sizes(g)) {
    g.refuse("corners aligned by factors that may give no whole sizes");
  }
  Ints axes = g.list("axes");
  if (axes.empty()) {
    for (int64_t axis = 0; axis < g.rank(0); ++axis) axes.push_back(axis);
  }
  // The layer counts no axes from the end.
  for (int64_t& axis : axes) {
    if (axis < 0) axis = static_cast<int64_t>(ops::checked_axis(axis, static_cast<size_t>(g.rank(0))));
  }
  const std::string mode = g.word("mode", "nearest");
  g.give(out.add(row.layer, row.opset, {g.input(0), g.input(by_sizes ? 3 : 2), out.ints(axes)},
                 {{"mode", mode == "linear" ? "linear_onnx" : mode},
                  {"shape_calculation_mode", by_sizes ? "sizes" : "scales"},
                  {"coordinate_transformation_mode", coordinates},
                  {"nearest_mode", g.word("nearest_mode", "round_prefer_floor")},
                  {"antialias", "false"},
                  {"pads_begin", "0"},
                  {"pads_end", "0"},
                  {"cube_coeff", fmt::format("{}", g.number("cubic_coeff_a", -0.75))}},
                 g.output_type()));
}

}  // namespace adze::formats
