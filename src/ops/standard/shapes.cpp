// Shapes: reading them, giving tensors others, making tensors of a shape.
#include <algorithm>
#include <array>
#include <cmath>

#include "base/error.h"
#include "ops/standard/broadcast.h"
#include "ops/standard/infer_types.h"
#include "ops/standard/only_result.h"
#include "ops/standard/op_families.h"
#include "ops/standard/visit_numbers.h"

namespace adze::ops {
namespace {

using Dims = std::vector<int64_t>;

HostValues evaluate_shape(const StandardCall& call) {
  const auto& dims = call.tensor(0).dims();
  const auto rank = static_cast<int64_t>(dims.size());
  const auto bounded = [&](int64_t at) { return std::clamp(at < 0 ? at + rank : at, int64_t{0}, rank); };
  const int64_t start = bounded(call.integer("start", 0)), end = bounded(call.integer("end", rank));
  return only_result(integer_tensor(start < end ? Dims(dims.begin() + start, dims.begin() + end) : Dims()));
}

HostValues evaluate_size(const StandardCall& call) { return {integer_scalar(call.tensor(0).count())}; }

HostValues evaluate_identity(const StandardCall& call) {
  if (call.inputs.empty()) fail(ErrorCode::bad_input, "input 0 is missing");
  return {call.inputs[0]};
}

HostValues evaluate_reshape(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  Dims dims = read_integers(call.tensor(1));
  const bool keep_zero = call.integer("allowzero", 0) != 0;
  int64_t known = 1;
  auto open = dims.end();
  for (auto dim = dims.begin(); dim != dims.end(); ++dim) {
    const auto axis = static_cast<size_t>(dim - dims.begin());
    if (*dim == 0 && !keep_zero) {
      if (axis >= x.rank()) fail(ErrorCode::bad_input, "dimension {} of {} cannot be kept", axis, x.description());
      *dim = x.dim(axis);
    }
    if (*dim == -1) {
      if (open != dims.end()) fail(ErrorCode::bad_input, "the shape {} leaves two dimensions open", dims_text(dims));
      open = dim;
    } else if (*dim < 0 || __builtin_mul_overflow(known, *dim, &known)) {
      fail(ErrorCode::bad_input, "{} is no shape", dims_text(dims));
    }
  }
  if (open != dims.end()) {
    if (known == 0 || x.count() % known != 0) {
      fail(ErrorCode::bad_input, "{} cannot take the shape {}", x.description(), dims_text(dims));
    }
    *open = x.count() / known;
  }
  return only_result(x.reshaped(std::move(dims)));
}

HostValues evaluate_flatten(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const auto rank = static_cast<int64_t>(x.rank());
  int64_t axis = call.integer("axis", 1);
  if (axis < 0) axis += rank;
  if (axis < 0 || axis > rank) fail(ErrorCode::bad_input, "there is no axis {} among {} dimensions", axis, rank);
  const int64_t rows = checked_element_count(std::span(x.dims()).first(static_cast<size_t>(axis)));
  return only_result(x.reshaped({rows, checked_element_count(std::span(x.dims()).subspan(static_cast<size_t>(axis)))}));
}

HostValues evaluate_squeeze(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const auto given = call.integers_of(1);
  std::vector<bool> dropped(x.rank(), false);
  if (given) {
    for (const size_t axis : checked_axes(*given, x.rank())) {
      if (x.dim(axis) != 1) fail(ErrorCode::bad_input, "axis {} of {} is not 1", axis, x.description());
      dropped[axis] = true;
    }
  }
  Dims dims;
  for (size_t axis = 0; axis < x.rank(); ++axis) {
    if (!(given ? dropped[axis] : x.dim(axis) == 1)) dims.push_back(x.dim(axis));
  }
  return only_result(x.reshaped(std::move(dims)));
}

HostValues evaluate_unsqueeze(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const auto axes = read_integers(call.tensor(1));
  const auto added = checked_axes(axes, x.rank() + axes.size());
  Dims dims(x.rank() + axes.size(), -1);
  for (const size_t axis : added) dims[axis] = 1;
  size_t next = 0;
  for (int64_t& dim : dims) {
    if (dim == -1) dim = x.dim(next++);
  }
  return only_result(x.reshaped(std::move(dims)));
}

HostValues evaluate_expand(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  return only_result(broadcast_to(x, broadcast_dims(x.dims(), read_integers(call.tensor(1)))));
}

HostValues evaluate_constant_of_shape(const StandardCall& call) {
  Dims dims = read_integers(call.tensor(0));
  checked_element_count(dims);
  if (!call.has(1)) return {zeros(&codecs::f32.info, std::move(dims))};
  const HostTensor& value = call.tensor(1);
  if (value.count() != 1) fail(ErrorCode::bad_input, "one value is needed where {} is given", value.description());
  return only_result(broadcast_to(value.reshaped({}), dims));
}

template <typename T>
HostTensor range_of(StorageType type, T start, T limit, T step) {
  if (step == T{0}) fail(ErrorCode::bad_input, "a range with steps of 0");
  const double steps = std::ceil((static_cast<double>(limit) - static_cast<double>(start)) / static_cast<double>(step));
  if (!(steps < 0x1p60)) fail(ErrorCode::bad_input, "a range without end");
  HostTensor result(type, {static_cast<int64_t>(std::max(steps, 0.0))});
  T value = start;
  for (T& number : result.fill<T>()) {
    number = value;
    value = static_cast<T>(value + step);
  }
  return result;
}

HostValues evaluate_range(const StandardCall& call) {
  const HostTensor &start = call.tensor(0), &limit = call.tensor(1), &step = call.tensor(2);
  for (const HostTensor* bound : {&start, &limit, &step}) {
    require_type(*bound, start.type());
    if (bound->count() != 1) fail(ErrorCode::bad_input, "a range needs three scalars");
  }
  return only_result(visit_numbers(start, [&](auto tag) {
    using T = typename decltype(tag)::type;
    return range_of<T>(start.type(), start.numbers<T>()[0], limit.numbers<T>()[0], step.numbers<T>()[0]);
  }));
}

HostValues evaluate_eye_like(const StandardCall& call) {
  const HostTensor& like = call.tensor(0);
  require_rank(like, 2, 2);
  const StorageType type = element_type(call.integer("dtype", element_type_number(like.type())));
  if (!type) fail(ErrorCode::bad_input, "attribute 'dtype' names no type of numbers");
  const int64_t shift = call.integer("k", 0), rows = like.dim(0), columns = like.dim(1);
  HostTensor result = zeros(type, {rows, columns});
  visit_numbers_and_flags(result, [&](auto tag) {
    using T = typename decltype(tag)::type;
    const auto to = result.fill<T>();
    for (int64_t row = 0; row < rows; ++row) {
      const int64_t column = row + shift;
      if (column >= 0 && column < columns) to[static_cast<size_t>(row * columns + column)] = T{1};
    }
  });
  return only_result(std::move(result));
}

/// Without training nothing is dropped.
HostValues evaluate_dropout(const StandardCall& call) {
  const HostTensor& x = call.tensor(0);
  const bool training = call.has(2) && read_flag(call.tensor(2));
  if (training && (!call.has(1) || read_number(call.tensor(1)) != 0)) {
    fail(ErrorCode::unsupported, "dropping numbers at random, for training");
  }
  HostTensor kept(&codecs::boolean.info, x.dims());
  std::ranges::fill(kept.fill<uint8_t>(), uint8_t{1});
  return {x, kept};
}

Types infer_dropout(const graph::NodeTypes& node) {
  auto types = infer_same(node);
  if (types.size() > 1) types[1].storage = &codecs::boolean.info;
  return types;
}

Types infer_reshape(const graph::NodeTypes& node) {
  const auto rank = count_of_vector(type_of_input(node, 1));
  return rank ? infer_dims(node, storage_of_input(node, 0), *rank) : infer_storage(node);
}

/// As many dimensions more or fewer as there are axes.
Types infer_unsqueeze(const graph::NodeTypes& node) {
  const auto x = type_of_input(node, 0);
  const auto axes = count_of_vector(type_of_input(node, 1));
  return x.rank_known && axes ? infer_dims(node, x.storage, x.dims.size() + *axes) : infer_storage(node);
}

Types infer_squeeze(const graph::NodeTypes& node) {
  const auto x = type_of_input(node, 0);
  const auto axes = count_of_vector(type_of_input(node, 1));
  const bool is_known = x.rank_known && axes && *axes <= x.dims.size();
  return is_known ? infer_dims(node, x.storage, x.dims.size() - *axes) : infer_storage(node);
}

Types infer_expand(const graph::NodeTypes& node) {
  const auto x = type_of_input(node, 0);
  const auto rank = count_of_vector(type_of_input(node, 1));
  return x.rank_known && rank ? infer_dims(node, x.storage, std::max(x.dims.size(), *rank)) : infer_storage(node);
}

Types infer_range(const graph::NodeTypes& node) { return infer_dims(node, storage_of_input(node, 0), 1); }

Types infer_flatten(const graph::NodeTypes& node) { return infer_dims(node, storage_of_input(node, 0), 2); }

Types infer_eye_like(const graph::NodeTypes& node) {
  return infer_by_attribute(node, "dtype", storage_of_input(node, 0), true);
}

Types infer_constant_of_shape(const graph::NodeTypes& node) {
  const StorageType storage = node.inputs.size() > 1 ? storage_of_input(node, 1) : &codecs::f32.info;
  const auto rank = count_of_vector(type_of_input(node, 0));
  return rank ? infer_dims(node, storage, *rank) : Types{any_tensor(storage)};
}

constexpr auto kAsIs = NarrowFloats::as_is;

constexpr std::array kOps = {
    StandardOp{{"Shape", "the dimensions", infer_shape_vector}, evaluate_shape, kAsIs},
    StandardOp{{"Size", "how many elements", infer_i64_scalar}, evaluate_size, kAsIs},
    StandardOp{{"Identity", "the same", infer_same}, evaluate_identity, kAsIs},
    StandardOp{{"Dropout", "the same, and that all is kept", infer_dropout}, evaluate_dropout, kAsIs},
    StandardOp{{"Reshape", "the same numbers in other dimensions", infer_reshape}, evaluate_reshape, kAsIs},
    StandardOp{{"Flatten", "the same numbers as a matrix", infer_flatten}, evaluate_flatten, kAsIs},
    StandardOp{{"Squeeze", "without dimensions of 1", infer_squeeze}, evaluate_squeeze, kAsIs},
    StandardOp{{"Unsqueeze", "with more dimensions of 1", infer_unsqueeze}, evaluate_unsqueeze, kAsIs},
    StandardOp{{"Expand", "repeated to a shape", infer_expand}, evaluate_expand, kAsIs},
    StandardOp{{"ConstantOfShape", "one value, repeated", infer_constant_of_shape}, evaluate_constant_of_shape, kAsIs},
    StandardOp{{"Range", "numbers from one to another", infer_range}, evaluate_range},
    StandardOp{{"EyeLike", "ones on a diagonal", infer_eye_like}, evaluate_eye_like, kAsIs},
};

}  // namespace

std::span<const StandardOp> shape_ops() { return kOps; }

}  // namespace adze::ops
