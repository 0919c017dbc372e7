// Elements chosen by indices.
#include <algorithm>
#include <array>
#include <cstring>
#include <map>
#include <numeric>

#include "base/error.h"
#include "ops/standard/axis_lines.h"
#include "ops/standard/broadcast.h"
#include "ops/standard/index_position.h"
#include "ops/standard/infer_types.h"
#include "ops/standard/only_result.h"
#include "ops/standard/op_families.h"
#include "ops/standard/visit_numbers.h"

namespace adze::ops {
namespace {

using Dims = std::vector<int64_t>;

HostValues evaluate_gather(const StandardCall& call) {
  const HostTensor &x = call.tensor(0), &indices = call.tensor(1);
  require_rank(x, 1);
  const size_t axis = checked_axis(call.integer("axis", 0), x.rank());
  const AxisLines lines(x.dims(), axis);
  Dims dims(x.dims().begin(), x.dims().begin() + static_cast<std::ptrdiff_t>(axis));
  dims.insert(dims.end(), indices.dims().begin(), indices.dims().end());
  dims.insert(dims.end(), x.dims().begin() + static_cast<std::ptrdiff_t>(axis) + 1, x.dims().end());
  auto chosen = read_integers(indices);
  for (int64_t& index : chosen) index = checked_index(index, lines.length);
  if (!x.is_text()) {
    HostTensor result(x.type(), dims);
    const size_t run = static_cast<size_t>(lines.inner) * x.element_bytes();
    auto to = result.fill_bytes().begin();
    for (int64_t o = 0; o < lines.outer; ++o) {
      for (const int64_t index : chosen) {
        to = std::ranges::copy(x.bytes().subspan(static_cast<size_t>(o * lines.length + index) * run, run), to).out;
      }
    }
    return only_result(std::move(result));
  }
  std::vector<int64_t> positions;
  for (int64_t o = 0; o < lines.outer; ++o) {
    for (const int64_t index : chosen) {
      for (int64_t i = 0; i < lines.inner; ++i) positions.push_back((o * lines.length + index) * lines.inner + i);
    }
  }
  return only_result(pick_elements(x, dims, positions));
}

HostValues evaluate_gather_elements(const StandardCall& call) {
  const HostTensor &x = call.tensor(0), &indices = call.tensor(1);
  const auto positions = element_positions(x, indices, checked_axis(call.integer("axis", 0), x.rank()));
  return only_result(pick_elements(x, indices.dims(), positions));
}

HostValues evaluate_gather_nd(const StandardCall& call) {
  const HostTensor &x = call.tensor(0), &indices = call.tensor(1);
  const auto slices = slice_positions(x, indices, call.integer("batch_dims", 0));
  std::vector<int64_t> positions;
  positions.reserve(slices.starts.size() * static_cast<size_t>(slices.length));
  for (const int64_t start : slices.starts) {
    for (int64_t i = 0; i < slices.length; ++i) positions.push_back(start + i);
  }
  Dims dims(indices.dims().begin(), indices.dims().end() - 1);
  dims.insert(dims.end(), slices.dims.begin(), slices.dims.end());
  return only_result(pick_elements(x, dims, positions));
}

HostValues evaluate_compress(const StandardCall& call) {
  HostTensor x = call.tensor(0);
  const HostTensor& condition = call.tensor(1);
  require_type(condition, &codecs::boolean.info);
  const bool flat = !call.node.attributes.contains("axis");
  if (flat) x = x.reshaped({x.count()});
  const size_t axis = flat ? 0 : checked_axis(call.integer("axis"), x.rank());
  const AxisLines lines(x.dims(), axis);
  const auto flags = condition.numbers<uint8_t>();
  Dims kept;
  for (size_t i = 0; i < flags.size() && i < static_cast<size_t>(lines.length); ++i) {
    if (flags[i]) kept.push_back(static_cast<int64_t>(i));
  }
  Dims dims = x.dims(), positions;
  dims[axis] = static_cast<int64_t>(kept.size());
  for (int64_t o = 0; o < lines.outer; ++o) {
    for (const int64_t at : kept) {
      for (int64_t i = 0; i < lines.inner; ++i) positions.push_back((o * lines.length + at) * lines.inner + i);
    }
  }
  return only_result(pick_elements(x, dims, positions));
}

HostValues evaluate_one_hot(const StandardCall& call) {
  const HostTensor &indices = call.tensor(0), &values = call.tensor(2);
  if (values.count() != 2) fail(ErrorCode::bad_input, "two values are needed where {} is given", values.description());
  const auto depth = static_cast<int64_t>(read_number(call.tensor(1)));
  const size_t axis = checked_axis(call.integer("axis", -1), indices.rank() + 1);
  Dims dims = indices.dims();
  dims.insert(dims.begin() + static_cast<std::ptrdiff_t>(axis), depth);
  HostTensor room(&codecs::i64.info, dims);
  const AxisLines lines(dims, axis);
  std::vector<int64_t> chosen = visit_numbers(indices, [&](auto tag) {
    const auto numbers = indices.numbers<typename decltype(tag)::type>();
    return std::vector<int64_t>(numbers.begin(), numbers.end());
  });
  std::vector<int64_t> positions(static_cast<size_t>(room.count()), 0);
  size_t next = 0;
  for (int64_t o = 0; o < lines.outer; ++o) {
    for (int64_t i = 0; i < lines.inner; ++i) {
      int64_t at = chosen[next++];
      if (at < 0) at += depth;
      if (at >= 0 && at < depth) positions[static_cast<size_t>((o * depth + at) * lines.inner + i)] = 1;
    }
  }
  return only_result(pick_elements(values, dims, positions));
}

HostValues evaluate_non_zero(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  std::vector<int64_t> found;
  visit_numbers_and_flags(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto numbers = x.numbers<T>();
    for (size_t i = 0; i < numbers.size(); ++i) {
      if (numbers[i] != T{0}) found.push_back(static_cast<int64_t>(i));
    }
  });
  const auto count = static_cast<int64_t>(found.size());
  const auto strides = strides_of(x.dims());
  HostTensor result(&codecs::i64.info, {static_cast<int64_t>(x.rank()), count});
  auto to = result.fill<int64_t>().begin();
  for (size_t axis = 0; axis < x.rank(); ++axis) {
    for (const int64_t at : found) *to++ = at / strides[axis] % x.dim(axis);
  }
  return only_result(std::move(result));
}

/// The first of each kind among `count` runs of bytes: where, which kind each run is of, how often.
struct Kinds {
  std::vector<int64_t> first, kind_of, counts;
};

template <typename Less>
Kinds find_kinds(int64_t count, bool sorted, Less less) {
  std::map<int64_t, int64_t, Less> known(less);  // position of the first -> number of the kind
  Kinds kinds;
  for (int64_t i = 0; i < count; ++i) {
    const auto [at, is_new] = known.try_emplace(i, static_cast<int64_t>(known.size()));
    if (is_new) kinds.first.push_back(i), kinds.counts.push_back(0);
    kinds.kind_of.push_back(at->second);
    ++kinds.counts[static_cast<size_t>(at->second)];
  }
  if (!sorted) return kinds;
  Kinds in_order{{}, kinds.kind_of, {}};
  std::vector<int64_t> place(known.size());
  for (const auto& [position, kind] : known) {
    place[static_cast<size_t>(kind)] = static_cast<int64_t>(in_order.first.size());
    in_order.first.push_back(position);
    in_order.counts.push_back(kinds.counts[static_cast<size_t>(kind)]);
  }
  for (int64_t& kind : in_order.kind_of) kind = place[static_cast<size_t>(kind)];
  return in_order;
}

/// Compares slice a of an axis with slice b, element by element.
template <typename Numbers>
bool slice_is_less(const Numbers& numbers, const AxisLines& lines, int64_t a, int64_t b) {
  for (int64_t o = 0; o < lines.outer; ++o) {
    for (int64_t i = 0; i < lines.inner; ++i) {
      const auto& x = numbers[static_cast<size_t>((o * lines.length + a) * lines.inner + i)];
      const auto& y = numbers[static_cast<size_t>((o * lines.length + b) * lines.inner + i)];
      if (x < y) return true;
      if (y < x) return false;
    }
  }
  return false;
}

HostValues evaluate_unique(const StandardCall& call) {
  HostTensor x = call.tensor(0);
  const bool flat = !call.node.attributes.contains("axis");
  if (flat) x = x.reshaped({x.count()});
  const size_t axis = flat ? 0 : checked_axis(call.integer("axis"), x.rank());
  const AxisLines lines(x.dims(), axis);
  const bool sorted = call.integer("sorted", 1) != 0;
  Kinds kinds;
  if (x.is_text()) {
    kinds =
        find_kinds(lines.length, sorted, [&](int64_t a, int64_t b) { return slice_is_less(x.texts(), lines, a, b); });
  } else {
    visit_numbers_and_flags(x, [&](auto tag) {
      const auto numbers = x.numbers<typename decltype(tag)::type>();
      kinds =
          find_kinds(lines.length, sorted, [&](int64_t a, int64_t b) { return slice_is_less(numbers, lines, a, b); });
    });
  }
  Dims dims = x.dims(), positions;
  dims[axis] = static_cast<int64_t>(kinds.first.size());
  for (int64_t o = 0; o < lines.outer; ++o) {
    for (const int64_t at : kinds.first) {
      for (int64_t i = 0; i < lines.inner; ++i) positions.push_back((o * lines.length + at) * lines.inner + i);
    }
  }
  return {pick_elements(x, dims, positions), integer_tensor(kinds.first), integer_tensor(kinds.kind_of),
          integer_tensor(kinds.counts)};
}

Types infer_gather(const graph::NodeTypes& node) {
  auto type = type_of_input(node, 0);
  const auto indices = type_of_input(node, 1);
  if (!type.rank_known || type.dims.empty() || !indices.rank_known) return infer_storage(node);
  const auto axis = static_cast<std::ptrdiff_t>(checked_axis(int_attribute_or(node.node, "axis", 0), type.dims.size()));
  const auto at = type.dims.erase(type.dims.begin() + axis);
  type.dims.insert(at, indices.dims.begin(), indices.dims.end());
  return {type};
}

Types infer_gather_elements(const graph::NodeTypes& node) {
  auto type = type_of_input(node, 1);
  type.storage = storage_of_input(node, 0);
  return {type};
}

Types infer_gather_nd(const graph::NodeTypes& node) {
  const auto x = type_of_input(node, 0), indices = type_of_input(node, 1);
  const bool is_known =
      x.rank_known && indices.rank_known && !indices.dims.empty() && indices.dims.back().is_constant();
  if (!is_known) return infer_storage(node);
  const int64_t gone = indices.dims.back().constant() + int_attribute_or(node.node, "batch_dims", 0) + 1;
  const auto rank = static_cast<int64_t>(x.dims.size() + indices.dims.size()) - gone;
  return rank < 0 ? infer_storage(node) : infer_dims(node, x.storage, static_cast<size_t>(rank));
}

Types infer_compress(const graph::NodeTypes& node) {
  return node.node.attributes.contains("axis") ? infer_same_rank(node, 0)
                                               : infer_dims(node, storage_of_input(node, 0), 1);
}

Types infer_one_hot(const graph::NodeTypes& node) {
  const auto indices = type_of_input(node, 0);
  const StorageType storage = storage_of_input(node, 2);
  return indices.rank_known ? infer_dims(node, storage, indices.dims.size() + 1) : Types{any_tensor(storage)};
}

Types infer_non_zero(const graph::NodeTypes& node) { return infer_dims(node, &codecs::i64.info, 2); }

Types infer_unique(const graph::NodeTypes& node) {
  auto types = infer_dims(node, &codecs::i64.info, 1);
  if (!types.empty()) types[0] = infer_compress(node)[0];
  return types;
}

constexpr auto kAsIs = NarrowFloats::as_is;

constexpr std::array kOps = {
    StandardOp{{"Gather", "slices of an axis by their indices", infer_gather}, evaluate_gather, kAsIs},
    StandardOp{{"GatherElements", "elements by their index on one axis", infer_gather_elements},
               evaluate_gather_elements,
               kAsIs},
    StandardOp{{"GatherND", "slices by indices on several axes", infer_gather_nd}, evaluate_gather_nd, kAsIs},
    StandardOp{{"Compress", "slices where a condition is true", infer_compress}, evaluate_compress, kAsIs},
    StandardOp{{"OneHot", "one value at an index, another elsewhere", infer_one_hot}, evaluate_one_hot, kAsIs},
    StandardOp{{"NonZero", "indices of what is not 0", infer_non_zero}, evaluate_non_zero},
    StandardOp{{"Unique", "what occurs, where first, how often", infer_unique}, evaluate_unique},
};

}  // namespace

std::span<const StandardOp> gather_ops() { return kOps; }

}  // namespace adze::ops
