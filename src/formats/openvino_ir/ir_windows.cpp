// lint: foreign names: OpenVINO, ONNX
// Windows over images: convolutions, pools, other sizes.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "codecs/codec.h"
#include "formats/openvino_ir/ir_families.h"
#include "formats/openvino_ir/pool_axis.h"

namespace adze::formats {
namespace {

using graph::Attributes;
using graph::ValueId;
using Ints = std::vector<int64_t>;

/// strides, dilations, pads or how they follow from the sizes.
Attributes window_attributes(IrStep& s) {
  Attributes attributes;
  for (const auto* name : {"strides", "dilations"}) {
    if (const auto list = s.integers(name); !list.empty()) attributes[name] = list;
  }
  const std::string rule = s.word("auto_pad", "explicit");
  if (rule == "same_upper" || rule == "same_lower" || rule == "valid") {
    attributes["auto_pad"] = std::string(rule == "same_upper" ? "SAME_UPPER"
                                         : rule == "valid"    ? "VALID"
                                                              : "SAME_LOWER");
    return attributes;
  }
  auto pads = s.integers("pads_begin");
  const auto after = s.integers("pads_end");
  pads.insert(pads.end(), after.begin(), after.end());
  if (!pads.empty()) attributes["pads"] = pads;
  return attributes;
}

bool has_same_pads(IrStep& s) { return s.word("auto_pad", "explicit").starts_with("same_"); }

/// [groups, a, b, spatial…] as [groups * a, b, spatial…]
ValueId joined_groups(IrStep& s, const Ints& dims) {
  if (dims.size() < 3) fail(ErrorCode::bad_input, "weights of groups have {} axes", dims.size());
  Ints joined(dims.begin() + 1, dims.end());
  joined[0] = dims[0] * dims[1];
  return s.nodes().reshape(s.input(1), joined);
}

void give_convolution(IrStep& s, IrName op, ValueId weights, int64_t groups) {
  auto attributes = window_attributes(s);
  attributes["group"] = groups;
  s.give(s.nodes().add(op, {s.input(0), weights}, attributes));
}

/// An attribute with a number for each spatial axis; where it is not given, all are `fallback`.
Ints spatial_list(IrStep& s, std::string_view name, size_t count, int64_t fallback) {
  const Ints list = s.integers(name);
  if (list.empty()) return Ints(count, fallback);
  if (list.size() != count) fail(ErrorCode::bad_input, "attribute '{}' needs {} numbers", name, count);
  return list;
}

/// Pads with which a transposed convolution makes images of a size: those before stay, those behind follow, and what
/// is missing is added there.
void set_pads_to_size(IrStep& s, Attributes& attributes, const Ints& size) {
  const size_t count = size.size();
  const auto &image = s.nodes().type(s.input(0)), &weights = s.nodes().type(s.input(1));
  if (s.rank(0) != static_cast<int64_t>(count) + 2 || s.rank(1) < s.rank(0)) {
    fail(ErrorCode::bad_input, "{} sizes do not fit its axes", count);
  }
  const bool is_valid = s.word("auto_pad", "explicit") == "valid";
  const Ints strides = spatial_list(s, "strides", count, 1), dilations = spatial_list(s, "dilations", count, 1);
  Ints pads = is_valid ? Ints(count, 0) : spatial_list(s, "pads_begin", count, 0);
  Ints extra = spatial_list(s, "output_padding", count, 0);
  for (size_t i = 0; i < count; ++i) {
    const graph::Dim &length = image.dims[i + 2], &kernel = weights.dims[weights.dims.size() - count + i];
    if (!length.is_constant() || !kernel.is_constant()) {
      s.refuse("a size that is given, where those of its image and weights are not known before it runs");
    }
    const int64_t whole = strides[i] * (length.constant() - 1) + extra[i] + (kernel.constant() - 1) * dilations[i] + 1;
    const int64_t behind = whole - pads[i] - size[i];
    pads.push_back(std::max<int64_t>(behind, 0));
    extra[i] += std::max<int64_t>(-behind, 0);
  }
  attributes.erase("auto_pad");
  attributes["pads"] = pads;
  attributes["output_padding"] = extra;
}

/// What is left over is cut off at the other end than in the standard. Without a size there are no pads.
void set_same_pads(IrStep& s, Attributes& attributes) {
  attributes.erase("auto_pad");
  if (!s.has(2)) return;
  attributes["auto_pad"] = std::string(s.word("auto_pad", "") == "same_upper" ? "SAME_LOWER" : "SAME_UPPER");
  attributes["output_shape"] = s.constant_integers(2);
}

void give_back_convolution(IrStep& s, IrName op, ValueId weights, int64_t groups) {
  auto attributes = window_attributes(s);
  attributes["group"] = groups;
  if (const auto extra = s.integers("output_padding"); !extra.empty()) attributes["output_padding"] = extra;
  if (has_same_pads(s)) {
    set_same_pads(s, attributes);
  } else if (s.has(2)) {
    set_pads_to_size(s, attributes, s.constant_integers(2));
  }
  s.give(s.nodes().add(op, {s.input(0), weights}, attributes));
}

/// The axes of a pool with explicit pads; of an axis whose size is not known, none.
std::vector<std::optional<PoolAxis>> pool_axes(IrStep& s) {
  const auto kernel = s.integers("kernel");
  const size_t count = kernel.size();
  const auto strides = spatial_list(s, "strides", count, 1), dilations = spatial_list(s, "dilations", count, 1),
             before = spatial_list(s, "pads_begin", count, 0), after = spatial_list(s, "pads_end", count, 0);
  const auto& type = s.nodes().type(s.input(0));
  std::vector<std::optional<PoolAxis>> axes(count);
  if (!type.rank_known || type.dims.size() != count + 2) return axes;
  for (size_t i = 0; i < count; ++i) {
    if (strides[i] < 1) fail(ErrorCode::bad_input, "attribute 'strides' has {}", strides[i]);
    const graph::Dim& size = type.dims[i + 2];
    if (size.is_constant()) axes[i] = {size.constant(), before[i], after[i], kernel[i], dilations[i], strides[i]};
  }
  return axes;
}

bool has_border(IrStep& s) {
  if (has_same_pads(s)) return true;
  const auto is_some = [&](const char* name) {
    return std::ranges::any_of(s.integers(name), [](int64_t pad) { return pad != 0; });
  };
  return s.word("auto_pad", "explicit") != "valid" && (is_some("pads_begin") || is_some("pads_end"));
}

/// Whether rounding up may let a window end behind the image and its border.
bool may_end_behind(IrStep& s) {
  if (s.word("rounding_type", "floor") == "floor" || has_same_pads(s)) return false;
  return std::ranges::any_of(pool_axes(s), [](const auto& axis) { return !axis || axis->ends_behind(); });
}

Attributes pool_attributes(IrStep& s) {
  auto attributes = window_attributes(s);
  attributes["kernel_shape"] = s.integers("kernel");
  const std::string rounding = s.word("rounding_type", "floor");
  const auto begins_behind = [](const std::optional<PoolAxis>& axis) { return axis && axis->begins_behind(); };
  if (rounding == "ceil" && std::ranges::any_of(pool_axes(s), begins_behind)) {
    s.refuse("windows that lie behind the image");
  }
  attributes["ceil_mode"] = int64_t{rounding != "floor"};
  return attributes;
}

/// Whether sizes times factors are whole numbers, which the standard does not round before it aligns corners.
bool makes_whole_sizes(IrStep& s, size_t factors, size_t axes) {
  const auto known = s.constant_numbers(factors);
  const auto& type = s.nodes().type(s.input(0));
  if (!known || !type.rank_known) return false;
  Ints at(known->size());
  std::iota(at.begin(), at.end(), 0);
  if (s.has(axes)) at = s.constant_integers(axes);
  if (at.size() != known->size()) fail(ErrorCode::bad_input, "{} factors for {} axes", known->size(), at.size());
  for (size_t i = 0; i < at.size(); ++i) {
    const graph::Dim& dim = type.dims[ops::checked_axis(at[i], type.dims.size())];
    const double size = (*known)[i] * (dim.is_constant() ? static_cast<double>(dim.constant()) : 1);
    if (size != std::floor(size)) return false;
  }
  return true;
}

/// With nodes of Resize's names for what the attribute says.
std::string resize_mode(IrStep& s) {
  const std::string mode = s.word("mode", "nearest");
  if (mode == "linear_onnx") return "linear";
  if (mode == "nearest" || mode == "linear" || mode == "cubic") return mode;
  s.refuse("images are resized by the rule \"" + mode + "\"");
}

}  // namespace

void ir_convolution(IrStep& s, IrName op) { give_convolution(s, op, s.input(1), 1); }

void ir_group_convolution(IrStep& s, IrName op) {
  const auto dims = s.dims(1);
  give_convolution(s, op, joined_groups(s, dims), dims[0]);
}

void ir_back_convolution(IrStep& s, IrName op) { give_back_convolution(s, op, s.input(1), 1); }

void ir_group_back_convolution(IrStep& s, IrName op) {
  const auto dims = s.dims(1);
  give_back_convolution(s, op, joined_groups(s, dims), dims[0]);
}

void ir_max_pool(IrStep& s, IrName op) {
  const auto attributes = pool_attributes(s);
  if (!s.wants(1)) return s.give(s.nodes().add(op, {s.input(0)}, attributes));
  const auto found = s.nodes().add_several(op, {s.input(0)}, attributes, 2);
  s.give(0, found[0]);
  auto& n = s.nodes();
  ValueId place = found[1];
  // Places count from the axis on, in the standard over all axes.
  if (const int64_t axis = s.integer("axis", 0); axis != 0) {
    const ValueId inner = n.add("Shape", {s.input(0)}, {{"start", axis}});
    place = n.add("Mod", {place, n.add("ReduceProd", {inner, n.ints({0})})});
  }
  s.give(1, n.cast(place, s.type("index_element_type", "i64")));
}

void ir_average_pool(IrStep& s, IrName op) {
  auto attributes = pool_attributes(s);
  const bool counts = !s.flag("exclude-pad", s.flag("exclude_pad", false)) && has_border(s);
  // Such a window is divided by its whole size, in the standard by what lies in image and border.
  if (counts && may_end_behind(s)) s.refuse("means of windows that may end behind the border, which is counted");
  attributes["count_include_pad"] = int64_t{counts};
  s.give(s.nodes().add(op, {s.input(0)}, attributes));
}

// To sizes that divide those of the image.
void ir_adaptive_pool(IrStep& s, IrName op) {
  const auto dims = s.dims(0);
  const auto sizes = s.constant_integers(1);
  if (sizes.size() + 2 != dims.size()) fail(ErrorCode::bad_input, "{} sizes for {} axes", sizes.size(), dims.size());
  if (s.wants(1)) s.refuse("where the largest numbers were");
  Ints kernel;
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] < 1 || dims[i + 2] % sizes[i] != 0) s.refuse("windows of different sizes");
    kernel.push_back(dims[i + 2] / sizes[i]);
  }
  s.give(s.nodes().add(op, {s.input(0)}, {{"kernel_shape", kernel}, {"strides", kernel}}));
}

// Inputs: x, sizes, factors, perhaps axes; from opset11 on x, sizes or factors, perhaps axes.
void ir_interpolate(IrStep& s, IrName op) {
  auto& n = s.nodes();
  if (s.opset() < 4) s.refuse("the form of opset1");
  const bool newer = s.opset() >= 11;
  const bool by_sizes = s.word("shape_calculation_mode", "sizes") == "sizes";
  for (const auto* pads : {"pads_begin", "pads_end"}) {
    if (std::ranges::any_of(s.integers(pads), [](int64_t pad) { return pad != 0; })) s.refuse("pads");
  }
  const std::string coordinates = s.word("coordinate_transformation_mode", "half_pixel");
  if (s.flag("antialias", false) && s.word("mode", "nearest") != "nearest") {
    s.refuse("images that are smoothed before they become smaller");
  }
  Attributes attributes{{"mode", resize_mode(s)},
                        {"coordinate_transformation_mode", coordinates},
                        {"cubic_coeff_a", s.number("cube_coeff", -0.75)}};
  std::string nearest = s.word("nearest_mode", "round_prefer_floor");
  if (nearest == "simple") s.refuse("the nearest pixel by the rule \"simple\"");
  attributes["nearest_mode"] = nearest;
  const size_t axes = newer ? 2 : 3;
  if (s.has(axes)) attributes["axes"] = s.constant_integers(axes);
  const ValueId none = graph::kNoValue;
  if (by_sizes) return s.give(n.add(op, {s.input(0), none, none, s.integer_list(1)}, attributes));
  const size_t factors = newer ? 1 : 2;
  if (coordinates == "align_corners" && !makes_whole_sizes(s, factors, axes)) {
    s.refuse("corners aligned by factors that may give no whole sizes");
  }
  s.give(n.add(op, {s.input(0), none, n.cast(s.input(factors), &codecs::f32.info)}, attributes));
}

void ir_grid_sample(IrStep& s, IrName op) {
  const std::string mode = s.word("mode", "bilinear");
  s.give(s.nodes().add(op, s.inputs(),
                       {{"align_corners", int64_t{s.flag("align_corners", false)}},
                        {"mode", mode == "bilinear" ? "linear" : (mode == "bicubic" ? "cubic" : mode)},
                        {"padding_mode", s.word("padding_mode", "zeros")}}));
}

void ir_roi_align(IrStep& s, IrName op) {
  const std::string aligned = s.word("aligned_mode", "asymmetric"), mode = s.word("mode", "avg");
  const bool half = aligned == "half_pixel_for_nn";
  if ((aligned != "asymmetric" && !half) || mode != "avg")
    s.refuse("regions by the rule \"" + aligned + "\" and \"" + mode + "\"");
  s.give(s.nodes().add(op, {s.input(0), s.input(1), s.nodes().cast(s.input(2), &codecs::i64.info)},
                       {{"mode", mode},
                        {"output_height", s.integer("pooled_h", 1)},
                        {"output_width", s.integer("pooled_w", 1)},
                        {"sampling_ratio", s.integer("sampling_ratio", 0)},
                        {"spatial_scale", s.number("spatial_scale", 1)},
                        {"coordinate_transformation_mode", std::string(half ? "half_pixel" : "output_half_pixel")}}));
}

}  // namespace adze::formats
