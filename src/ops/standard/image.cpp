// Pixels between pixels.
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
#include "ops/standard/resize_axis.h"
#include "ops/standard/visit_numbers.h"

namespace adze::ops {
namespace {

using Dims = std::vector<int64_t>;

/// [batch, channels, height, width] or [batch, channels, depth, height, width], sampled at points within -1 and 1.
class GridSampler {
 public:
  GridSampler(const StandardCall& call, const HostTensor& x)
      : mode_(call.word("mode", "linear")),
        padding_(call.word("padding_mode", "zeros")),
        align_(call.integer("align_corners", 0) != 0),
        size_(x.dims().begin() + 2, x.dims().end()),
        strides_(strides_of(size_)) {
    if (mode_ != "linear" && mode_ != "nearest" && mode_ != "cubic") {
      fail(ErrorCode::bad_input, "attribute 'mode' must be linear, nearest or cubic");
    }
    if (padding_ != "zeros" && padding_ != "border" && padding_ != "reflection") {
      fail(ErrorCode::bad_input, "attribute 'padding_mode' must be zeros, border or reflection");
    }
  }

  /// `point` in the order of the grid: x, y(, z).
  double sample(const double* plane, const double* point) const {
    std::vector<double> at(size_.size());
    for (size_t axis = 0; axis < size_.size(); ++axis) {
      at[axis] = pixel(point[size_.size() - 1 - axis], size_[axis]);
      if (mode_ != "nearest") continue;
      at[axis] = std::nearbyint(at[axis]);
    }
    return weigh(plane, at, 0, 0, 1);
  }

 private:
  double pixel(double point, int64_t size) const {
    const auto length = static_cast<double>(size);
    return align_ ? (point + 1) / 2 * (length - 1) : ((point + 1) * length - 1) / 2;
  }

  /// Where a neighbour lies; -1: nowhere.
  int64_t neighbour(double at, int64_t size) const {
    if (padding_ == "reflection") at = reflected(at, size);
    if (padding_ != "zeros") at = std::clamp(at, 0.0, static_cast<double>(size - 1));
    return at >= 0 && at < static_cast<double>(size) ? static_cast<int64_t>(at) : -1;
  }

  double reflected(double at, int64_t size) const {
    const double low = align_ ? 0 : -0.5,
                 high = align_ ? static_cast<double>(size) - 1 : static_cast<double>(size) - 0.5;
    const double range = high - low;
    if (range <= 0) return 0;
    const double beyond = std::fmod(std::fabs(at - low), 2 * range);
    return low + (beyond > range ? 2 * range - beyond : beyond);
  }

  double weigh(const double* plane, const std::vector<double>& at, size_t axis, int64_t offset, double weight) const {
    if (axis == size_.size()) return weight * plane[offset];
    const double base = std::floor(at[axis]), part = at[axis] - base;
    std::array<double, 4> weights{};
    int first = 0, count = 1;
    if (mode_ == "linear") {
      weights = {1 - part, part, 0, 0};
      count = 2;
    } else if (mode_ == "cubic") {
      weights = cubic_weights(part, -0.75);
      first = -1;
      count = 4;
    } else {
      weights[0] = 1;
    }
    double sum = 0;
    for (int i = 0; i < count; ++i) {
      const int64_t place = neighbour(base + first + i, size_[axis]);
      if (place < 0 || weights[static_cast<size_t>(i)] == 0) continue;
      sum += weigh(plane, at, axis + 1, offset + place * strides_[axis], weight * weights[static_cast<size_t>(i)]);
    }
    return sum;
  }

  std::string mode_, padding_;
  bool align_;
  Dims size_, strides_;
};

HostValues evaluate_grid_sample(const StandardCall& call) {
  const HostTensor &x = call.tensor(0), &grid = call.tensor(1);
  require_rank(x, 3);
  require_rank(grid, x.rank(), x.rank());
  const size_t axes = x.rank() - 2;
  if (grid.dims().back() != static_cast<int64_t>(axes) || grid.dim(0) != x.dim(0)) {
    fail(ErrorCode::bad_input, "a grid {} for {}", grid.description(), x.description());
  }
  const GridSampler sampler(call, x);
  const HostTensor wide = to_f64(x), points = to_f64(grid);
  Dims dims{x.dim(0), x.dim(1)};
  dims.insert(dims.end(), grid.dims().begin() + 1, grid.dims().end() - 1);
  HostTensor result(&codecs::f64.info, dims);
  const int64_t places = checked_element_count(std::span(dims).subspan(2));
  const int64_t plane = checked_element_count(std::span(x.dims()).subspan(2));
  if (plane == 0) fail(ErrorCode::bad_input, "{} has no pixels", x.description());
  for (int64_t row = 0; row < x.dim(0) * x.dim(1); ++row) {
    const double* from = wide.numbers<double>().data() + row * plane;
    const double* point = points.numbers<double>().data() + row / x.dim(1) * places * static_cast<int64_t>(axes);
    for (int64_t i = 0; i < places; ++i, point += axes) {
      result.fill<double>()[static_cast<size_t>(row * places + i)] = sampler.sample(from, point);
    }
  }
  return {visit_floats(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return map_each<double, T>(result, x.type(), [](double v) { return static_cast<T>(v); });
  })};
}

/// The points that a matrix [batch, n, n + 1] makes of an even grid.
HostValues evaluate_affine_grid(const StandardCall& call) {
  const HostTensor& theta = call.tensor(0);
  require_rank(theta, 3, 3);
  const Dims size = read_integers(call.tensor(1));
  const bool align = call.integer("align_corners", 0) != 0;
  const size_t axes = size.size() < 2 ? 0 : size.size() - 2;
  if ((axes != 2 && axes != 3) || theta.dim(1) != static_cast<int64_t>(axes) || theta.dim(0) != size[0]) {
    fail(ErrorCode::bad_input, "{} does not turn a grid {}", theta.description(), dims_text(size));
  }
  Dims dims{size[0]};
  dims.insert(dims.end(), size.begin() + 2, size.end());
  const int64_t points = checked_element_count(std::span(dims).subspan(1));
  dims.push_back(static_cast<int64_t>(axes));
  const auto strides = strides_of(std::span(size).subspan(2));
  return {visit_floats(theta, [&](auto tag) {
    using T = typename decltype(tag)::type;
    HostTensor result(theta.type(), dims);
    auto to = result.template fill<T>().begin();
    for (int64_t i = 0; i < size[0] * points; ++i) {
      const T* rows = theta.numbers<T>().data() + i / points * static_cast<int64_t>(axes * (axes + 1));
      std::array<double, 4> point{0, 0, 0, 1};  // x, y, z
      for (size_t axis = 0; axis < axes; ++axis) {
        const auto length = static_cast<double>(size[axis + 2]);
        const auto at = static_cast<double>(i % points / strides[axis] % size[axis + 2]);
        point[axes - 1 - axis] = align ? (length > 1 ? 2 * at / (length - 1) - 1 : 0) : (2 * at + 1) / length - 1;
      }
      for (size_t row = 0; row < axes; ++row) {
        double sum = static_cast<double>(rows[row * (axes + 1) + axes]);
        for (size_t k = 0; k < axes; ++k) sum += point[k] * static_cast<double>(rows[row * (axes + 1) + k]);
        *to++ = static_cast<T>(sum);
      }
    }
    return result;
  })};
}

constexpr double kMostPoints = 1 << 14;

struct Region {
  double y0, x0, height, width;
  int64_t batch;
};

/// Four neighbours by their weights, with a border of one pixel in which the edge is repeated; 0 beyond. Their sum, or
/// the largest of the four, as ONNX has it.
double sample_region(const double* plane, std::array<int64_t, 2> size, double y, double x, bool largest) {
  const auto [height, width] = size;
  if (!(y >= -1 && y <= static_cast<double>(height) && x >= -1 && x <= static_cast<double>(width))) return 0;
  y = std::clamp(y, 0.0, static_cast<double>(height - 1));
  x = std::clamp(x, 0.0, static_cast<double>(width - 1));
  const auto y0 = static_cast<int64_t>(y), x0 = static_cast<int64_t>(x);
  const int64_t y1 = std::min(y0 + 1, height - 1), x1 = std::min(x0 + 1, width - 1);
  const double v = y - static_cast<double>(y0), u = x - static_cast<double>(x0);
  const std::array corners{(1 - v) * (1 - u) * plane[y0 * width + x0], (1 - v) * u * plane[y0 * width + x1],
                           v * (1 - u) * plane[y1 * width + x0], v * u * plane[y1 * width + x1]};
  return largest ? std::ranges::max(corners) : std::accumulate(corners.begin(), corners.end(), 0.0);
}

struct RoiAlign {
  int64_t rows, columns, samples;  // samples 0: by the region's size
  double scale, shift;
  bool half_pixel, largest;

  Region region(const double* box, int64_t batch) const {
    Region r{box[1] * scale - shift, box[0] * scale - shift, (box[3] - box[1]) * scale, (box[2] - box[0]) * scale,
             batch};
    if (!half_pixel) r.height = std::max(r.height, 1.0), r.width = std::max(r.width, 1.0);
    return r;
  }

  /// Along one side of a bin.
  int64_t points(double size) const {
    const double count = samples > 0 ? static_cast<double>(samples) : std::max(std::ceil(size), 1.0);
    if (!(count <= kMostPoints)) fail(ErrorCode::bad_input, "a region with {} points along a bin", count);
    return static_cast<int64_t>(count);
  }

  double bin(const double* plane, int64_t height, int64_t width, const Region& r, int64_t row, int64_t column) const {
    const double bin_height = r.height / static_cast<double>(rows), bin_width = r.width / static_cast<double>(columns);
    const int64_t down = points(bin_height), across = points(bin_width);
    double sum = 0, top = -HUGE_VAL;
    for (int64_t i = 0; i < down; ++i) {
      for (int64_t j = 0; j < across; ++j) {
        const double y =
            r.y0 + (static_cast<double>(row) + (static_cast<double>(i) + 0.5) / static_cast<double>(down)) * bin_height;
        const double x =
            r.x0 +
            (static_cast<double>(column) + (static_cast<double>(j) + 0.5) / static_cast<double>(across)) * bin_width;
        const double value = sample_region(plane, {height, width}, y, x, largest);
        sum += value;
        top = std::max(top, value);
      }
    }
    return largest ? top : sum / static_cast<double>(down * across);
  }
};

HostValues evaluate_roi_align(const StandardCall& call) {
  const HostTensor &x = call.tensor(0), &boxes = call.tensor(1);
  require_rank(x, 4, 4);
  require_rank(boxes, 2, 2);
  const auto batches = read_integers(call.tensor(2));
  if (boxes.dim(1) != 4 || static_cast<int64_t>(batches.size()) != boxes.dim(0)) {
    fail(ErrorCode::bad_input, "regions {} for {} images", boxes.description(), batches.size());
  }
  if (x.dim(2) == 0 || x.dim(3) == 0) fail(ErrorCode::bad_input, "{} has no pixels", x.description());
  const bool half = call.word("coordinate_transformation_mode", "half_pixel") == "half_pixel";
  const RoiAlign align{call.integer("output_height", 1),
                       call.integer("output_width", 1),
                       call.integer("sampling_ratio", 0),
                       call.number("spatial_scale", 1),
                       half ? 0.5 : 0,
                       half,
                       call.word("mode", "avg") == "max"};
  const HostTensor wide = to_f64(x), corners = to_f64(boxes);
  HostTensor result(&codecs::f64.info, {boxes.dim(0), x.dim(1), align.rows, align.columns});
  auto to = result.fill<double>().begin();
  for (int64_t box = 0; box < boxes.dim(0); ++box) {
    const int64_t batch = batches[static_cast<size_t>(box)];
    if (batch < 0 || batch >= x.dim(0)) fail(ErrorCode::bad_input, "there is no image {}", batch);
    const auto region = align.region(corners.numbers<double>().data() + box * 4, batch);
    for (int64_t c = 0; c < x.dim(1); ++c) {
      const double* plane = wide.numbers<double>().data() + (batch * x.dim(1) + c) * x.dim(2) * x.dim(3);
      for (int64_t i = 0; i < align.rows * align.columns; ++i) {
        *to++ = align.bin(plane, x.dim(2), x.dim(3), region, i / align.columns, i % align.columns);
      }
    }
  }
  return {visit_floats(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return map_each<double, T>(result, x.type(), [](double v) { return static_cast<T>(v); });
  })};
}

HostValues evaluate_resize(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const auto axes = resized_axes(call, x);
  HostTensor result = to_f64(x);
  const double outside = call.number("extrapolation_value", 0);
  for (const ResizedAxis& axis : axes) result = resize_axis(result, axis);
  if (call.word("coordinate_transformation_mode", "half_pixel") == "tf_crop_and_resize") {
    result = with_outside(result, axes, outside);
  }
  if (is_wide_float(x.type())) {
    return {visit_floats(x, [&](auto tag) {
      using T = typename decltype(tag)::type;
      return map_each<double, T>(result, x.type(), [](double v) { return static_cast<T>(v); });
    })};
  }
  return {round_to_integers(result, x.type())};
}

Types infer_grid_sample(const graph::NodeTypes& node) { return infer_same_rank(node, 2); }

constexpr std::array kOps = {
    StandardOp{{"Resize", "images of another size", infer_rank<0>}, evaluate_resize},
    StandardOp{{"GridSample", "pixels at points of a grid", infer_grid_sample}, evaluate_grid_sample},
    StandardOp{{"AffineGrid", "a grid of points, turned", infer_storage}, evaluate_affine_grid},
    StandardOp{{"RoiAlign", "regions brought to one size", infer_storage}, evaluate_roi_align},
};

}  // namespace

std::span<const StandardOp> image_ops() { return kOps; }

}  // namespace adze::ops
