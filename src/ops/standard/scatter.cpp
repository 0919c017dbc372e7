// Elements put where indices say.
#include <algorithm>
#include <array>
#include <type_traits>

#include "base/error.h"
#include "ops/standard/index_position.h"
#include "ops/standard/infer_types.h"
#include "ops/standard/op_families.h"
#include "ops/standard/visit_numbers.h"

namespace adze::ops {
namespace {

HostTensor copy_of(const HostTensor& x) {
  HostTensor result(x.type(), x.dims());
  std::ranges::copy(x.bytes(), result.fill_bytes().begin());
  return result;
}

template <typename T>
T reduced(const std::string& how, T old, T update) {
  if (how == "add") return static_cast<T>(old + update);
  if (how == "mul") return static_cast<T>(old * update);
  if (how == "max") return std::max(old, update);
  if (how == "min") return std::min(old, update);
  fail(ErrorCode::bad_input, "attribute 'reduction' must be none, add, mul, max or min");
}

HostTensor replace_texts(const HostTensor& x, const HostTensor& updates, std::span<const int64_t> positions) {
  auto texts = x.texts();
  for (size_t i = 0; i < positions.size(); ++i) texts[static_cast<size_t>(positions[i])] = updates.texts()[i];
  return HostTensor(std::move(texts), x.dims());
}

HostTensor replace(const HostTensor& x, const HostTensor& updates, std::span<const int64_t> positions) {
  if (x.is_text()) return replace_texts(x, updates, positions);
  HostTensor result = copy_of(x);
  const size_t width = x.element_bytes();
  for (size_t i = 0; i < positions.size(); ++i) {
    std::ranges::copy(updates.bytes().subspan(i * width, width),
                      result.fill_bytes().subspan(static_cast<size_t>(positions[i]) * width).begin());
  }
  return result;
}

HostTensor scatter(const StandardCall& call, const HostTensor& updates, std::span<const int64_t> positions) {
  const HostTensor& x = call.tensor(0);
  require_type(updates, x.type());
  if (static_cast<size_t>(updates.count()) != positions.size()) {
    fail(ErrorCode::bad_input, "{} updates for {} places", updates.count(), positions.size());
  }
  const auto how = call.word("reduction", "none");
  if (how == "none") return replace(x, updates, positions);
  return visit_numbers(x, [&](auto tag) {
    using T = typename decltype(tag)::type;
    HostTensor result = copy_of(x);
    const auto to = result.template fill<T>();
    const auto from = updates.template numbers<T>();
    for (size_t i = 0; i < positions.size(); ++i) {
      T& number = to[static_cast<size_t>(positions[i])];
      number = reduced(how, number, from[i]);
    }
    return result;
  });
}

HostValues evaluate_scatter_elements(const StandardCall& call) {
  const HostTensor &x = call.tensor(0), &updates = call.tensor(2);
  const auto positions = element_positions(x, call.tensor(1), checked_axis(call.integer("axis", 0), x.rank()));
  return {scatter(call, updates, positions)};
}

HostValues evaluate_scatter_nd(const StandardCall& call) {
  const auto slices = slice_positions(call.tensor(0), call.tensor(1), 0);
  std::vector<int64_t> positions;
  for (const int64_t start : slices.starts) {
    for (int64_t i = 0; i < slices.length; ++i) positions.push_back(start + i);
  }
  return {scatter(call, call.tensor(2), positions)};
}

/// Writes rows into a cache: update [batch, …, length, …] at an offset of its own for each batch.
HostValues evaluate_tensor_scatter(const StandardCall& call) {
  const HostTensor &cache = call.tensor(0), &update = call.tensor(1);
  require_rank(update, cache.rank(), cache.rank());
  const size_t axis = checked_axis(call.integer("axis", -2), cache.rank());
  if (axis == 0) fail(ErrorCode::bad_input, "axis 0 is the batch's");
  const auto mode = call.word("mode", "linear");
  const auto offsets = call.integers_of(2).value_or(std::vector<int64_t>(static_cast<size_t>(cache.dim(0)), 0));
  int64_t inner = 1, middle = 1;
  for (size_t i = axis + 1; i < cache.rank(); ++i) inner *= cache.dim(i);
  for (size_t i = 1; i < axis; ++i) middle *= cache.dim(i);
  for (size_t i = 0; i < cache.rank(); ++i) {
    if (i != axis && cache.dim(i) != update.dim(i)) fail(ErrorCode::bad_input, "the update does not fit the cache");
  }
  if (static_cast<int64_t>(offsets.size()) != cache.dim(0)) fail(ErrorCode::bad_input, "one offset a batch is needed");
  std::vector<int64_t> positions;
  for (int64_t row = 0; row < cache.dim(0) * middle; ++row) {
    for (int64_t i = 0; i < update.dim(axis); ++i) {
      int64_t at = offsets[static_cast<size_t>(row / middle)] + i;
      if (mode == "circular" && cache.dim(axis) > 0) at %= cache.dim(axis);
      at = checked_index(at, cache.dim(axis));
      for (int64_t j = 0; j < inner; ++j) positions.push_back((row * cache.dim(axis) + at) * inner + j);
    }
  }
  return {scatter(call, update, positions)};
}

constexpr std::array kOps = {
    StandardOp{{"ScatterElements", "elements put at their index on one axis", infer_same}, evaluate_scatter_elements},
    StandardOp{{"ScatterND", "slices put at indices on several axes", infer_same}, evaluate_scatter_nd},
    StandardOp{{"TensorScatter", "rows written into a cache", infer_same}, evaluate_tensor_scatter},
};

}  // namespace

std::span<const StandardOp> scatter_ops() { return kOps; }

}  // namespace adze::ops
