#include "ops/linear/expert_linear.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "ops/linear/linear.h"
#include "ops/linear/rows16_packing.h"
#include "ops/schema_checks.h"
#include "ops/scratch_cursor.h"

namespace adze::ops {
namespace {

constexpr size_t kMaxKernels = 32;  // of `linear`

enum Input : size_t { kX, kWeight, kExperts, kBias };

// ---- what one expert's product looks like to `linear`

KernelRequest request_of_one(const KernelRequest& request) {
  const auto& x = request.input_dims[kX];
  const auto& weight = request.input_dims[kWeight];
  const auto& experts = request.input_dims[kExperts];
  KernelRequest one{request.node, request.parameters, {}, {}, request.isa, request.threads};
  one.packs_on_the_way = request.packs_on_the_way;
  const bool biased = request.input_storages.size() > kBias && request.input_storages[kBias];
  one.input_storages = {request.input_storages[kX], request.input_storages[kWeight],
                        biased ? request.input_storages[kBias] : nullptr};
  one.input_dims = {{experts[0] * experts[1], x[1]}, {weight[1], weight[2]}, {weight[1]}};
  return one;
}

// ---- rows brought together by expert

struct Grouping {
  int32_t* order;   // [rows of the output], sorted by expert
  int32_t* starts;  // [experts + 1] in order
};

struct GroupedScratch {
  Grouping grouping;  // of this thread: each makes its own, which is cheaper than a meeting
  float* gathered;    // [rows][in]
  float* products;    // [rows][out]
  std::byte* linear;
};

struct GroupedSizes {
  int64_t rows, in, out, experts;
};

GroupedScratch place_grouped(ScratchCursor& cursor, const GroupedSizes& sizes, const Team* team, unsigned threads) {
  GroupedScratch scratch{};
  for (unsigned thread = 0; thread < threads; ++thread) {
    const Grouping placed{cursor.take<int32_t>(sizes.rows), cursor.take<int32_t>(sizes.experts + 1)};
    if (team && thread == team->thread()) scratch.grouping = placed;
  }
  scratch.gathered = cursor.take<float>(sizes.rows * sizes.in);
  scratch.products = cursor.take<float>(sizes.rows * sizes.out);
  scratch.linear = cursor.take<std::byte>(0);
  return scratch;
}

// Counting sort: rows of one expert stay in their order.
void group_rows(const TensorView& experts, int64_t count, const Grouping& grouping) {
  std::fill_n(grouping.starts, count + 1, 0);
  const int32_t* chosen = experts.ints(0);
  const int64_t rows = experts.rows * experts.row_length;
  for (int64_t row = 0; row < rows; ++row) ++grouping.starts[chosen[row] + 1];
  for (int64_t expert = 0; expert < count; ++expert) grouping.starts[expert + 1] += grouping.starts[expert];
  for (int64_t row = 0; row < rows; ++row) grouping.order[grouping.starts[chosen[row]]++] = static_cast<int32_t>(row);
  for (int64_t expert = count; expert > 0; --expert) grouping.starts[expert] = grouping.starts[expert - 1];
  grouping.starts[0] = 0;
}

TensorView dense_rows(float* data, int64_t rows, int64_t length, StorageType storage) {
  return {reinterpret_cast<std::byte*>(data), storage, rows, length, length * static_cast<int64_t>(sizeof(float))};
}

class GroupedProduct {
 public:
  GroupedProduct(const Kernel& linear, const KernelCall& call, const Team& team)
      : linear_(linear), call_(call), team_(team) {
    const TensorView& experts = call.inputs[kExperts].tensor;
    sizes_ = {experts.rows * experts.row_length, x().row_length, out().row_length,
              weight().tensor.rows / out().row_length};
    ScratchCursor cursor(call.scratch);
    scratch_ = place_grouped(cursor, sizes_, &team, team.threads());
  }

  void run() {
    group_rows(call_.inputs[kExperts].tensor, sizes_.experts, scratch_.grouping);
    const auto [begin, end] = team_.share(static_cast<size_t>(sizes_.rows));
    gather(begin, end);
    team_.wait();
    for (int64_t expert = 0; expert < sizes_.experts; ++expert) multiply(expert);
    scatter(begin, end);
  }

 private:
  const TensorView& x() const { return call_.inputs[kX].tensor; }
  const Argument& weight() const { return call_.inputs[kWeight]; }
  const TensorView& out() const { return call_.outputs[0].tensor; }

  void gather(size_t begin, size_t end) {
    const int64_t repeats = sizes_.rows / std::max<int64_t>(1, x().rows);  // used experts, or 1
    for (size_t i = begin; i < end; ++i) {
      std::memcpy(scratch_.gathered + static_cast<int64_t>(i) * sizes_.in,
                  x().floats(scratch_.grouping.order[i] / repeats), static_cast<size_t>(sizes_.in) * sizeof(float));
    }
  }

  void scatter(size_t begin, size_t end) {
    for (size_t i = begin; i < end; ++i) {
      std::memcpy(out().floats(scratch_.grouping.order[i]), scratch_.products + static_cast<int64_t>(i) * sizes_.out,
                  static_cast<size_t>(sizes_.out) * sizeof(float));
    }
  }

  void multiply(int64_t expert) {
    const int64_t first = scratch_.grouping.starts[expert];
    const int64_t rows = scratch_.grouping.starts[expert + 1] - first;
    if (rows == 0) return;
    std::array<Argument, 3> inputs{};
    inputs[0].tensor = dense_rows(scratch_.gathered + first * sizes_.in, rows, sizes_.in, x().storage);
    inputs[0].given = true;
    inputs[1] = weight_of(expert);
    if (call_.inputs.size() > kBias && call_.inputs[kBias].given) inputs[2] = bias_of(expert);
    Argument product;
    product.given = true;
    product.tensor = dense_rows(scratch_.products + first * sizes_.out, rows, sizes_.out, out().storage);
    linear_.run({inputs, {&product, 1}, call_.parameters, scratch_.linear}, team_);
    team_.wait();
  }

  Argument weight_of(int64_t expert) const {
    Argument one = weight();
    one.tensor.rows = sizes_.out;
    if (one.tensor.data) one.tensor.data += expert * sizes_.out * one.tensor.row_bytes;
    if (one.packed) {
      one.packed += expert * sizes_.out / rows16.group_rows * rows16.group_bytes(one.tensor.storage, sizes_.in);
    }
    return one;
  }

  Argument bias_of(int64_t expert) const {
    Argument one = call_.inputs[kBias];
    one.tensor.data += expert * one.tensor.row_bytes;
    one.tensor.rows = 1;
    return one;
  }

  const Kernel& linear_;
  const KernelCall& call_;
  const Team& team_;
  GroupedSizes sizes_{};
  GroupedScratch scratch_{};
};

// ---- the kernels

template <size_t kIndex>
std::optional<std::string> refuse(const KernelRequest& request) {
  const Kernel& kernel = linear.kernels[kIndex];
  const KernelRequest one = request_of_one(request);
  if (kernel.refuse) {
    if (auto reason = kernel.refuse(one)) return reason;
  }
  const WeightPacking* packing = kernel.packing ? kernel.packing(one) : nullptr;
  const int64_t out = one.input_dims[1][0];
  if (packing && packing != &rows16) return fmt::format("experts are not found in the packing {}", packing->name);
  if (packing && out % packing->group_rows != 0) {
    return fmt::format("{} rows of an expert are not whole groups of {}", out, packing->group_rows);
  }
  return std::nullopt;
}

template <size_t kIndex>
size_t scratch_bytes(const KernelRequest& request) {
  const Kernel& kernel = linear.kernels[kIndex];
  const KernelRequest one = request_of_one(request);
  ScratchCursor cursor(nullptr);
  const GroupedSizes sizes{one.input_dims[0][0], one.input_dims[0][1], one.input_dims[1][0],
                           request.input_dims[kWeight][0]};
  place_grouped(cursor, sizes, nullptr, request.threads);
  return cursor.bytes() + (kernel.scratch_bytes ? kernel.scratch_bytes(one) : 0);
}

template <size_t kIndex>
void run(const KernelCall& call, const Team& team) {
  GroupedProduct(linear.kernels[kIndex], call, team).run();
}

template <size_t... kIndices>
std::vector<Kernel> list(std::span<const Kernel> kernels, std::index_sequence<kIndices...>) {
  std::vector<Kernel> all;
  const auto add = [&](const Kernel& own) {
    if (all.size() == kernels.size()) return;
    const Kernel& kernel = kernels[all.size()];
    all.push_back({kernel.name, kernel.isa, own.refuse, kernel.packing, own.scratch_bytes, own.run});
  };
  (add({"", Isa::scalar, refuse<kIndices>, nullptr, scratch_bytes<kIndices>, run<kIndices>}), ...);
  return all;
}

}  // namespace

std::vector<graph::ValueType> infer_expert_linear(const graph::NodeTypes& node) {
  require_input_count(node, 3, 4);
  const auto& x = require_f32(node, kX, 2, "x");
  const auto& weight = require_weight(node, kWeight, 3, "weight");
  const auto& experts = require_weight(node, kExperts, 2, "experts");
  require_equal_dims(x.dims[1], weight.dims[2], "features of x and columns of weight");
  if (!experts.dims[1].is_constant()) fail(ErrorCode::bad_input, "the number of used experts must be constant");
  const graph::Dim rows = experts.dims[0] * experts.dims[1].constant();
  if (x.dims[0] != experts.dims[0]) require_equal_dims(x.dims[0], rows, "rows of x and of experts");
  if (has_input(node, kBias)) {
    const auto& bias = require_f32(node, kBias, 2, "bias");
    require_equal_dims(bias.dims[0], weight.dims[0], "biases and experts");
    require_equal_dims(bias.dims[1], weight.dims[1], "bias and rows of weight");
  }
  return {graph::ValueType::tensor(x.storage, {rows, weight.dims[1]})};
}

std::vector<Kernel> list_expert_kernels(std::span<const Kernel> linear_kernels) {
  if (linear_kernels.size() > kMaxKernels) {
    fail(ErrorCode::internal, "expert_linear has room for {} kernels, linear has {}", kMaxKernels,
         linear_kernels.size());
  }
  return list(linear_kernels, std::make_index_sequence<kMaxKernels>());
}

}  // namespace adze::ops
