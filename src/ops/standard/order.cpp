// Sorting and choosing by rank.
#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "base/error.h"
#include "ops/standard/axis_lines.h"
#include "ops/standard/infer_types.h"
#include "ops/standard/op_families.h"
#include "ops/standard/visit_numbers.h"

namespace adze::ops {
namespace {

/// NaN is larger than every number.
template <typename T>
bool is_smaller(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    if (std::isnan(b)) return !std::isnan(a);
  }
  return a < b;
}

template <typename T>
void top_of_lines(const HostTensor& x, const AxisLines& lines, bool largest, HostTensor& values, HostTensor& places) {
  if (lines.length == 0) return;
  const auto from = x.numbers<T>();
  const int64_t kept = lines.outer * lines.inner == 0 ? 0 : values.count() / (lines.outer * lines.inner);
  std::vector<int64_t> order(static_cast<size_t>(lines.length));
  lines.each([&](int64_t first) {
    std::iota(order.begin(), order.end(), 0);
    const auto number = [&](int64_t i) { return from[static_cast<size_t>(first + i * lines.inner)]; };
    // Equal numbers stay in order.
    std::partial_sort(order.begin(), order.begin() + kept, order.end(), [&](int64_t a, int64_t b) {
      const T x_a = number(a), x_b = number(b);
      if (is_smaller(x_a, x_b)) return !largest;
      return is_smaller(x_b, x_a) ? largest : a < b;
    });
    const int64_t outer = first / (lines.length * lines.inner), inner = first % lines.inner;
    for (int64_t i = 0; i < kept; ++i) {
      const auto to = static_cast<size_t>((outer * kept + i) * lines.inner + inner);
      values.fill<T>()[to] = number(order[static_cast<size_t>(i)]);
      places.fill<int64_t>()[to] = order[static_cast<size_t>(i)];
    }
  });
}

HostValues evaluate_top_k(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const int64_t kept = read_integer(call.tensor(1));
  const size_t axis = checked_axis(call.integer("axis", -1), x.rank());
  if (kept < 0 || kept > x.dim(axis)) fail(ErrorCode::bad_input, "the top {} of {} numbers", kept, x.dim(axis));
  auto dims = x.dims();
  dims[axis] = kept;
  HostTensor values(x.type(), dims), places(&codecs::i64.info, dims);
  visit_numbers(x, [&](auto tag) {
    top_of_lines<typename decltype(tag)::type>(x, AxisLines(x.dims(), axis), call.integer("largest", 1) != 0, values,
                                               places);
  });
  return {values, places};
}

struct Box {
  float y0, x0, y1, x1;
  float area() const { return (y1 - y0) * (x1 - x0); }
};

Box read_box(const float* b, bool center) {
  if (center) return {b[1] - b[3] / 2, b[0] - b[2] / 2, b[1] + b[3] / 2, b[0] + b[2] / 2};
  return {std::min(b[0], b[2]), std::min(b[1], b[3]), std::max(b[0], b[2]), std::max(b[1], b[3])};
}

bool overlaps(const Box& a, const Box& b, float threshold) {
  const float height = std::min(a.y1, b.y1) - std::max(a.y0, b.y0), width = std::min(a.x1, b.x1) - std::max(a.x0, b.x0);
  if (height <= 0 || width <= 0 || a.area() <= 0 || b.area() <= 0) return false;
  const float shared = height * width;
  return shared / (a.area() + b.area() - shared) > threshold;
}

/// The boxes of one class, best first, without those that overlap a better one.
std::vector<int64_t> best_boxes(std::span<const Box> boxes, std::span<const float> scores, double least,
                                float threshold, int64_t most) {
  std::vector<int64_t> order;
  for (size_t i = 0; i < scores.size(); ++i) {
    if (scores[i] > least) order.push_back(static_cast<int64_t>(i));
  }
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return scores[static_cast<size_t>(a)] > scores[static_cast<size_t>(b)];
  });
  std::vector<int64_t> kept;
  for (const int64_t box : order) {
    if (static_cast<int64_t>(kept.size()) >= most) break;
    const bool hidden = std::ranges::any_of(kept, [&](int64_t better) {
      return overlaps(boxes[static_cast<size_t>(box)], boxes[static_cast<size_t>(better)], threshold);
    });
    if (!hidden) kept.push_back(box);
  }
  return kept;
}

HostValues evaluate_non_max_suppression(const StandardCall& call) {
  const HostTensor &boxes = call.tensor(0), &scores = call.tensor(1);
  require_rank(boxes, 3, 3);
  require_rank(scores, 3, 3);
  require_type(boxes, &codecs::f32.info);
  require_type(scores, &codecs::f32.info);
  const int64_t batches = boxes.dim(0), count = boxes.dim(1), classes = scores.dim(1);
  if (scores.dim(0) != batches || scores.dim(2) != count || boxes.dim(2) != 4) {
    fail(ErrorCode::bad_input, "boxes {} and scores {} do not fit", boxes.description(), scores.description());
  }
  const int64_t most = call.has(2) ? read_integer(call.tensor(2)) : 0;
  const auto threshold = static_cast<float>(call.has(3) ? read_number(call.tensor(3)) : 0);
  const double least = call.has(4) ? read_number(call.tensor(4)) : -HUGE_VAL;
  const bool center = call.integer("center_point_box", 0) != 0;
  std::vector<int64_t> found;
  for (int64_t b = 0; b < batches; ++b) {
    std::vector<Box> own;
    for (int64_t i = 0; i < count; ++i)
      own.push_back(read_box(boxes.numbers<float>().data() + (b * count + i) * 4, center));
    for (int64_t c = 0; c < classes; ++c) {
      const auto row =
          scores.numbers<float>().subspan(static_cast<size_t>((b * classes + c) * count), static_cast<size_t>(count));
      for (const int64_t box : best_boxes(own, row, least, threshold, most)) found.insert(found.end(), {b, c, box});
    }
  }
  const auto rows = static_cast<int64_t>(found.size()) / 3;
  return {integer_tensor(std::move(found)).reshaped({rows, 3})};
}

/// As long along the axis as is asked for.
Types infer_top_k(const graph::NodeTypes& node) {
  auto types = infer_same(node);
  for (auto& type : types) {
    if (!type.rank_known) continue;
    type.dims[checked_axis(int_attribute_or(node.node, "axis", -1), type.dims.size())] = graph::Dim::unknown();
  }
  if (types.size() > 1) types[1].storage = &codecs::i64.info;
  return types;
}

Types infer_non_max_suppression(const graph::NodeTypes&) {
  return {graph::ValueType::tensor(&codecs::i64.info, {graph::Dim::unknown(), 3})};
}

constexpr std::array kOps = {
    StandardOp{{"TopK", "the largest or smallest along an axis, and where", infer_top_k}, evaluate_top_k},
    StandardOp{{"NonMaxSuppression", "boxes without those that overlap better ones", infer_non_max_suppression},
               evaluate_non_max_suppression},
};

}  // namespace

std::span<const StandardOp> order_ops() { return kOps; }

}  // namespace adze::ops
