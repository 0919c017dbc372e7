// lint: foreign names: OpenVINO, ONNX
// Windows over images: convolutions, pools, other sizes.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "codecs/codec.h"
#include "formats/openvino/standard_to_ir.h"

namespace adze::formats {
namespace {

using Ints = std::vector<int64_t>;

std::string list_text(const Ints& list) { return fmt::format("{}", fmt::join(list, ",")); }

/// The rule for pads; `turned`: what is left over goes to the other end, as transposed convolutions have it.
std::string_view pad_rule(GraphToIr& g, bool turned) {
  const std::string rule = g.word("auto_pad", "NOTSET");
  if (rule == "VALID") return "valid";
  if (rule != "SAME_UPPER" && rule != "SAME_LOWER") return "explicit";
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
IrValue grouped_when_it_runs(GraphToIr& g, int64_t groups) {
  auto& out = g.out();
  const IrValue shape = out.add("ShapeOf", "opset3", {g.input(1)}, {{"output_type", "i64"}}, "i64");
  const IrValue rest =
      out.add("Slice", "opset8", {shape, out.ints({1}), out.ints({INT64_MAX}), out.ints({1})}, {}, "i64");
  const IrValue dims = out.add("Concat", "opset1", {out.ints({groups, -1}), rest}, {{"axis", "0"}}, "i64");
  return out.add("Reshape", "opset1", {g.input(1), dims}, {{"special_zero", "false"}}, g.output_type());
}

/// [groups * a, b, …] as [groups, a, b, …]
IrValue grouped(GraphToIr& g, int64_t groups) {
  if (groups < 1) g.refuse("its groups are no positive number");
  const auto& type = g.type(1);
  const bool is_known =
      type.rank_known && std::ranges::all_of(type.dims, [](const graph::Dim& dim) { return dim.is_constant(); });
  if (!is_known) return grouped_when_it_runs(g, groups);
  Ints dims = g.dims(1);
  if (dims[0] % groups != 0) g.refuse("its groups do not divide its weights");
  dims[0] /= groups;
  dims.insert(dims.begin(), groups);
  return g.reshape(g.input(1), dims);
}

void give_with_bias(GraphToIr& g, IrValue made, size_t count) {
  if (g.has(2)) {
    Ints dims(count + 2, 1);
    dims[1] = -1;
    made = g.both("Add", made, g.reshape(g.input(2), dims), g.output_type());
  }
  g.give(made);
}

}  // namespace

void ir_put_conv(GraphToIr& g, Row row) {
  auto& out = g.out();
  const size_t count = spatial_axes(g, 1);
  const int64_t groups = g.integer("group", 1);
  const auto attributes = window_attributes(g, count);
  const IrValue made =
      groups == 1
          ? out.add(row.layer, row.opset, {g.input(0), g.input(1)}, attributes, g.output_type())
          : out.add("GroupConvolution", row.opset, {g.input(0), grouped(g, groups)}, attributes, g.output_type());
  give_with_bias(g, made, count);
}

void ir_put_conv_transpose(GraphToIr& g, Row row) {
  auto& out = g.out();
  const size_t count = spatial_axes(g, 1);
  const int64_t groups = g.integer("group", 1);
  auto attributes = window_attributes(g, count, true, true);
  attributes.emplace_back("output_padding", list_text(g.list("output_padding", Ints(count, 0))));
  std::vector<IrValue> inputs{g.input(0), groups == 1 ? g.input(1) : grouped(g, groups)};
  if (const Ints shape = g.list("output_shape"); !shape.empty()) inputs.push_back(out.ints(shape));
  const IrValue made =
      out.add(groups == 1 ? row.layer : "GroupConvolutionBackpropData", row.opset, inputs, attributes, g.output_type());
  give_with_bias(g, made, count);
}

void ir_put_max_pool(GraphToIr& g, Row row) {
  const Ints kernel = g.list("kernel_shape");
  auto attributes = window_attributes(g, kernel.size());
  attributes.insert(attributes.end(), {{"kernel", list_text(kernel)},
                                       {"rounding_type", g.integer("ceil_mode", 0) != 0 ? "ceil" : "floor"},
                                       {"index_element_type", "i64"},
                                       {"axis", "0"}});
  const auto outputs = g.out().add_several(row.layer, row.opset, {g.input(0)}, attributes, {g.output_type(), "i64"});
  g.give(0, outputs[0]);
  g.give(1, outputs[1]);
}

void ir_put_average_pool(GraphToIr& g, Row row) {
  const Ints kernel = g.list("kernel_shape");
  for (const int64_t dilation : g.list("dilations", {})) {
    if (dilation != 1) g.refuse("dilations");
  }
  auto attributes = window_attributes(g, kernel.size(), false);
  attributes.insert(attributes.end(), {{"kernel", list_text(kernel)},
                                       {"exclude-pad", g.integer("count_include_pad", 0) != 0 ? "false" : "true"},
                                       {"rounding_type", g.integer("ceil_mode", 0) != 0 ? "ceil" : "floor"}});
  g.give(g.out().add(row.layer, row.opset, {g.input(0)}, attributes, g.output_type()));
}

void ir_put_global_pool(GraphToIr& g, Row row) {
  auto& out = g.out();
  // From the third axis to the last, however many there are.
  const IrValue shape = out.add("ShapeOf", "opset3", {g.input(0)}, {{"output_type", "i64"}}, "i64");
  const IrValue rank = out.add("ShapeOf", "opset3", {shape}, {{"output_type", "i64"}}, "i64");
  const IrValue end = out.add("Squeeze", "opset1", {rank, out.ints({0})}, {}, "i64");
  const IrValue axes = out.add("Range", "opset4", {out.whole(2), end, out.whole(1)}, {{"output_type", "i64"}}, "i64");
  g.give(out.add(row.layer, row.opset, {g.input(0), axes}, {{"keep_dims", "true"}}, g.output_type()));
}

void ir_put_resize(GraphToIr& g, Row row) {
  auto& out = g.out();
  const std::string coordinates = g.word("coordinate_transformation_mode", "half_pixel");
  if (coordinates == "tf_crop_and_resize" || coordinates == "half_pixel_symmetric") g.refuse(coordinates);
  if (g.integer("exclude_outside", 0) != 0) g.refuse("places outside that do not count");
  const bool by_sizes = g.has(3);
  Ints axes = g.list("axes");
  if (axes.empty()) {
    for (int64_t axis = 0; axis < g.rank(0); ++axis) axes.push_back(axis);
  }
  const std::string mode = g.word("mode", "nearest");
  g.give(out.add(row.layer, row.opset, {g.input(0), g.input(by_sizes ? 3 : 2), out.ints(axes)},
                 {{"mode", mode == "linear" ? "linear_onnx" : mode},
                  {"shape_calculation_mode", by_sizes ? "sizes" : "scales"},
                  {"coordinate_transformation_mode", coordinates},
                  {"nearest_mode", g.word("nearest_mode", "round_prefer_floor")},
                  {"antialias", g.integer("antialias", 0) != 0 ? "true" : "false"},
                  {"pads_begin", "0"},
                  {"pads_end", "0"},
                  {"cube_coeff", fmt::format("{}", g.number("cubic_coeff_a", -0.75))}},
                 g.output_type()));
}

}  // namespace adze::formats
