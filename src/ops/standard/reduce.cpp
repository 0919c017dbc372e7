// Many numbers into one along axes.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <type_traits>

#include "base/error.h"
#include "ops/standard/axis_lines.h"
#include "ops/standard/broadcast.h"
#include "ops/standard/infer_types.h"
#include "ops/standard/only_result.h"
#include "ops/standard/op_families.h"
#include "ops/standard/row_products.h"
#include "ops/standard/visit_numbers.h"

namespace adze::ops {
namespace {

using Dims = std::vector<int64_t>;

/// The axes that are reduced, and the result's dimensions.
struct Reduction {
  std::vector<bool> reduced;
  Dims dims;
  bool nothing_to_do = false;  // no axes, and that means none
};

Reduction reduction_of(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const auto given = call.integers_of(1);
  Reduction reduction{std::vector<bool>(x.rank(), false), {}};
  if (given && !given->empty()) {
    for (const size_t axis : checked_axes(*given, x.rank())) reduction.reduced[axis] = true;
  } else {
    reduction.nothing_to_do = call.integer("noop_with_empty_axes", 0) != 0;
    reduction.reduced.assign(x.rank(), !reduction.nothing_to_do);
  }
  const bool keep = call.integer("keepdims", 1) != 0;
  for (size_t axis = 0; axis < x.rank(); ++axis) {
    if (!reduction.reduced[axis]) reduction.dims.push_back(x.dim(axis));
    if (reduction.reduced[axis] && keep) reduction.dims.push_back(1);
  }
  return reduction;
}

/// For every number the position of its sum.
template <typename Function>
void each_with_target(const HostTensor& x, const Reduction& reduction, Function function) {
  Dims kept;
  for (size_t i = 0; i < x.rank(); ++i) kept.push_back(reduction.reduced[i] ? 1 : x.dim(i));
  const auto targets = broadcast_strides(kept, x.dims());
  const std::array strides = {targets};
  const StridedWalk walk(x.dims(), strides);
  walk.each_row([&](int64_t at, const StridedWalk::Offsets& offsets) {
    for (int64_t i = 0; i < walk.row_length(); ++i) function(at + i, offsets[0] + i * walk.step(0));
  });
}

// What a reduction does: where it starts, how a number joins, what becomes of the total of `count` numbers. Totals are
// doubles for floats and the integers themselves for integers.
struct SumReduction {
  template <typename A>
  static A start() {
    return 0;
  }
  template <typename A>
  static A join(A total, A x) {
    return total + x;
  }
  template <typename A>
  static A finish(A total, int64_t) {
    return total;
  }
};
struct MeanReduction : SumReduction {
  template <typename A>
  static A finish(A total, int64_t count) {
    if constexpr (std::is_integral_v<A>) return count == 0 ? A{0} : static_cast<A>(total / static_cast<A>(count));
    return total / static_cast<A>(count);
  }
};
struct L1Reduction : SumReduction {
  template <typename A>
  static A join(A total, A x) {
    return total + (x < A{0} ? A{0} - x : x);
  }
};
struct SumSquareReduction : SumReduction {
  template <typename A>
  static A join(A total, A x) {
    return total + x * x;
  }
};
struct L2Reduction : SumSquareReduction {
  template <typename A>
  static A finish(A total, int64_t) {
    return static_cast<A>(std::sqrt(static_cast<double>(total)));
  }
};
struct LogSumReduction : SumReduction {
  template <typename A>
  static A finish(A total, int64_t) {
    return static_cast<A>(std::log(static_cast<double>(total)));
  }
};
struct ProdReduction : SumReduction {
  template <typename A>
  static A start() {
    return 1;
  }
  template <typename A>
  static A join(A total, A x) {
    return total * x;
  }
};
template <typename A>
constexpr A lowest() {
  return std::numeric_limits<A>::has_infinity ? -std::numeric_limits<A>::infinity() : std::numeric_limits<A>::lowest();
}
template <typename A>
constexpr A highest() {
  return std::numeric_limits<A>::has_infinity ? std::numeric_limits<A>::infinity() : std::numeric_limits<A>::max();
}

template <typename T>
using Total =
    std::conditional_t<std::is_floating_point_v<T>, double, std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>;

/// Sums of f32 along an axis that is not the last: row after row, in the same order.
bool add_rows(const HostTensor& x, const Reduction& reduction, std::vector<double>& totals) {
  Dims kept;
  for (size_t i = 0; i < x.rank(); ++i) kept.push_back(reduction.reduced[i] ? 1 : x.dim(i));
  const std::array strides = {broadcast_strides(kept, x.dims())};
  const StridedWalk walk(x.dims(), strides);
  if (walk.step(0) != 1) return false;
  const float* from = x.numbers<float>().data();
  const RowProducts& products = row_products();
  walk.each_row([&](int64_t at, const StridedWalk::Offsets& offsets) {
    products.add_to_totals(from + at, walk.row_length(), totals.data() + offsets[0]);
  });
  return true;
}

template <typename How>
constexpr bool kAddsNumbers = std::is_same_v<How, SumReduction> || std::is_same_v<How, MeanReduction>;

template <typename How, typename T>
HostTensor reduce(const HostTensor& x, const Reduction& reduction) {
  using A = Total<T>;
  HostTensor result(x.type(), reduction.dims);
  std::vector<A> totals(static_cast<size_t>(result.count()), How::template start<A>());
  const auto from = x.numbers<T>();
  bool done = false;
  if constexpr (kAddsNumbers<How> && std::is_same_v<T, float>) done = add_rows(x, reduction, totals);
  if (!done) {
    each_with_target(x, reduction, [&](int64_t at, int64_t target) {
      A& total = totals[static_cast<size_t>(target)];
      total = How::join(total, static_cast<A>(from[static_cast<size_t>(at)]));
    });
  }
  const int64_t count = result.count() == 0 ? 0 : x.count() / result.count();
  for (size_t i = 0; i < totals.size(); ++i) result.fill<T>()[i] = static_cast<T>(How::finish(totals[i], count));
  return result;
}

template <typename How>
HostValues evaluate_reduce(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const auto reduction = reduction_of(call);
  return only_result(
      visit_numbers(x, [&](auto tag) { return reduce<How, typename decltype(tag)::type>(x, reduction); }));
}

template <bool kLargest, typename T>
HostTensor reduce_extreme(const HostTensor& x, const Reduction& reduction) {
  HostTensor result(x.type(), reduction.dims);
  const auto to = result.fill<T>();
  std::ranges::fill(to, kLargest ? lowest<T>() : highest<T>());
  if (x.type() == &codecs::boolean.info) std::ranges::fill(to, kLargest ? T{0} : T{1});
  const auto from = x.numbers<T>();
  each_with_target(x, reduction, [&](int64_t at, int64_t target) {
    const T value = from[static_cast<size_t>(at)];
    T& best = to[static_cast<size_t>(target)];
    if (value != value || (kLargest ? value > best : value < best)) best = value;
  });
  return result;
}

template <bool kLargest>
HostValues evaluate_extreme(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const auto reduction = reduction_of(call);
  if (reduction.nothing_to_do) return {x};
  return only_result(visit_numbers_and_flags(
      x, [&](auto tag) { return reduce_extreme<kLargest, typename decltype(tag)::type>(x, reduction); }));
}

/// The largest is taken out first, so that nothing overflows.
HostValues evaluate_log_sum_exp(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const auto reduction = reduction_of(call);
  return only_result(visit_numbers(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    HostTensor result(x.type(), reduction.dims);
    const auto size = static_cast<size_t>(result.count());
    std::vector<double> top(size, -HUGE_VAL), sums(size, 0);
    const auto from = x.numbers<T>();
    each_with_target(x, reduction, [&](int64_t at, int64_t target) {
      double& best = top[static_cast<size_t>(target)];
      best = std::max(best, static_cast<double>(from[static_cast<size_t>(at)]));
    });
    each_with_target(x, reduction, [&](int64_t at, int64_t target) {
      const double best = top[static_cast<size_t>(target)];
      sums[static_cast<size_t>(target)] +=
          std::exp(static_cast<double>(from[static_cast<size_t>(at)]) - (std::isinf(best) ? 0 : best));
    });
    for (size_t i = 0; i < size; ++i) {
      result.template fill<T>()[i] = static_cast<T>(std::log(sums[i]) + (std::isinf(top[i]) ? 0 : top[i]));
    }
    return result;
  }));
}

template <bool kLargest>
HostValues evaluate_arg(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const size_t axis = checked_axis(call.integer("axis", 0), x.rank());
  const bool last = call.integer("select_last_index", 0) != 0;
  const AxisLines lines(x.dims(), axis);
  if (lines.length == 0) fail(ErrorCode::bad_input, "there is no largest or smallest of nothing");
  Dims dims = x.dims();
  dims[axis] = 1;
  if (call.integer("keepdims", 1) == 0) dims.erase(dims.begin() + static_cast<std::ptrdiff_t>(axis));
  HostTensor result(&codecs::i64.info, dims);
  visit_numbers(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto from = x.numbers<T>();
    auto to = result.fill<int64_t>().begin();
    lines.each([&](int64_t first) {
      int64_t best = 0;
      for (int64_t i = 1; i < lines.length; ++i) {
        const T value = from[static_cast<size_t>(first + i * lines.inner)];
        const T top = from[static_cast<size_t>(first + best * lines.inner)];
        if ((kLargest ? value > top : value < top) || (last && value == top)) best = i;
      }
      *to++ = best;
    });
  });
  return only_result(std::move(result));
}

template <bool kProducts>
HostValues evaluate_running(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const size_t axis = checked_axis(read_integer(call.tensor(1)), x.rank());
  const bool exclusive = call.integer("exclusive", 0) != 0, reverse = call.integer("reverse", 0) != 0;
  const AxisLines lines(x.dims(), axis);
  return only_result(visit_numbers(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    HostTensor result(x.type(), x.dims());
    const auto from = x.numbers<T>();
    const auto to = result.template fill<T>();
    lines.each([&](int64_t first) {
      T total = kProducts ? T{1} : T{0};
      for (int64_t i = 0; i < lines.length; ++i) {
        const auto at = static_cast<size_t>(first + (reverse ? lines.length - 1 - i : i) * lines.inner);
        const T next = static_cast<T>(kProducts ? total * from[at] : total + from[at]);
        to[at] = exclusive ? total : next;
        total = next;
      }
    });
    return result;
  }));
}

Types infer_reduce(const graph::NodeTypes& node) {
  if (int_attribute_or(node.node, "keepdims", 1) != 0) return infer_same_rank(node, 0);
  const auto x = type_of_input(node, 0);
  const bool has_axes = node.inputs.size() > 1 && node.inputs[1];
  if (!has_axes && int_attribute_or(node.node, "noop_with_empty_axes", 0) != 0) return infer_same(node);
  if (!has_axes) return infer_dims(node, x.storage, 0);
  const auto axes = count_of_vector(type_of_input(node, 1));
  // None may mean all.
  const bool is_known = x.rank_known && axes && *axes > 0 && *axes <= x.dims.size();
  return is_known ? infer_dims(node, x.storage, x.dims.size() - *axes) : infer_storage(node);
}

/// Along one axis.
Types infer_arg(const graph::NodeTypes& node) {
  const auto x = type_of_input(node, 0);
  const bool gone = int_attribute_or(node.node, "keepdims", 1) == 0 && x.rank_known && !x.dims.empty();
  auto types = gone ? infer_dims(node, x.storage, x.dims.size() - 1) : infer_same_rank(node, 0);
  for (auto& type : types) type.storage = &codecs::i64.info;
  return types;
}

constexpr std::array kOps = {
    StandardOp{{"ReduceSum", "sums", infer_reduce}, evaluate_reduce<SumReduction>},
    StandardOp{{"ReduceMean", "means", infer_reduce}, evaluate_reduce<MeanReduction>},
    StandardOp{{"ReduceProd", "products", infer_reduce}, evaluate_reduce<ProdReduction>},
    StandardOp{{"ReduceMax", "the largest", infer_reduce}, evaluate_extreme<true>},
    StandardOp{{"ReduceMin", "the smallest", infer_reduce}, evaluate_extreme<false>},
    StandardOp{{"ReduceL1", "sums of magnitudes", infer_reduce}, evaluate_reduce<L1Reduction>},
    StandardOp{{"ReduceL2", "roots of sums of squares", infer_reduce}, evaluate_reduce<L2Reduction>},
    StandardOp{{"ReduceSumSquare", "sums of squares", infer_reduce}, evaluate_reduce<SumSquareReduction>},
    StandardOp{{"ReduceLogSum", "logarithms of sums", infer_reduce}, evaluate_reduce<LogSumReduction>},
    StandardOp{{"ReduceLogSumExp", "logarithms of sums of e^x", infer_reduce}, evaluate_log_sum_exp},
    StandardOp{{"ArgMax", "where the largest is", infer_arg}, evaluate_arg<true>},
    StandardOp{{"ArgMin", "where the smallest is", infer_arg}, evaluate_arg<false>},
    StandardOp{{"CumSum", "sums so far along an axis", infer_same}, evaluate_running<false>},
    StandardOp{{"CumProd", "products so far along an axis", infer_same}, evaluate_running<true>},
};

}  // namespace

std::span<const StandardOp> reduce_ops() { return kOps; }

}  // namespace adze::ops
