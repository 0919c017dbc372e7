#include "model/adapter.h"

#include <fmt/format.h>

#include <cmath>
#include <set>

#include "base/error.h"

namespace adze::model {
namespace {

constexpr int64_t kMaxRank = 1 << 16;

Shape with_rows_and_columns(const Shape& weight, int64_t rows, int64_t columns) {
  std::vector<int64_t> dims(weight.dims().begin(), weight.dims().end());
  dims[dims.size() - 2] = rows;
  dims[dims.size() - 1] = columns;
  return Shape(std::move(dims));
}

void require_shape(const Tensor& tensor, const Shape& shape, const Tensor& weight) {
  if (tensor.shape == shape) return;
  fail(ErrorCode::bad_input,
       "{}: '{}' is {}, but must be {} to change '{}' {}; is this the model that it was made for?",
       tensor.source->where(), tensor.name, tensor.shape.to_string(), shape.to_string(), weight.name,
       weight.shape.to_string());
}

void check_change(const LowRankChange& change, const Model& base) {
  const Tensor* weight = adapted_tensor(base.tensors, change.weight);
  if (!weight) {
    fail(ErrorCode::bad_input, "changes '{}', which {} does not have; is this the model that it was made for?",
         change.weight, base.source);
  }
  const size_t rank_of_weight = weight->shape.rank();
  if (rank_of_weight != 2 && rank_of_weight != 3) {
    fail(ErrorCode::bad_input, "changes '{}' {}, which is no matrix", change.weight, weight->shape.to_string());
  }
  const int64_t rank = change.b.shape.row_length();
  if (rank < 1 || rank > kMaxRank) {
    fail(ErrorCode::bad_input, "{}: '{}' {} has a rank of {}", change.b.source->where(), change.b.name,
         change.b.shape.to_string(), rank);
  }
  const int64_t rows = weight->shape[rank_of_weight - 2];
  require_shape(change.b, with_rows_and_columns(weight->shape, rows, rank), *weight);
  require_shape(change.a, with_rows_and_columns(weight->shape, rank, weight->shape.row_length()), *weight);
  if (!std::isfinite(change.scale))
    fail(ErrorCode::bad_input, "'{}': the scale {} is not finite", change.weight, change.scale);
  if (!change.magnitude) return;
  if (rank_of_weight != 2) fail(ErrorCode::unsupported, "'{}': magnitudes (DoRA) of experts", change.weight);
  require_shape(*change.magnitude, {rows}, *weight);
}

void check_replaced(const Tensor& tensor, const Model& base) {
  const Tensor* old = adapted_tensor(base.tensors, tensor.name);
  if (!old) {
    fail(ErrorCode::bad_input, "{}: has a whole '{}', which {} does not have", tensor.source->where(), tensor.name,
         base.source);
  }
  if (tensor.shape == old->shape) return;
  fail(ErrorCode::bad_input, "{}: has a whole '{}' {}, but that of {} is {}", tensor.source->where(), tensor.name,
       tensor.shape.to_string(), base.source, old->shape.to_string());
}

}  // namespace

const Tensor* adapted_tensor(const TensorList& tensors, std::string_view weight) {
  const Tensor* own = tensors.find(weight);
  return own || weight != kOutputWeight ? own : tensors.find(kEmbeddingWeight);
}

void check_adapter(const Adapter& adapter, const Model& base) {
  with_context(adapter.source, [&] {
    if (adapter.architecture != base.architecture) {
      fail(ErrorCode::bad_input, "belongs to a model of the architecture '{}', but {} is '{}'", adapter.architecture,
           base.source, base.architecture);
    }
    if (adapter.changes.empty() && adapter.replaced.empty()) fail(ErrorCode::bad_input, "changes nothing");
    std::set<std::string_view> names;
    const auto note = [&](const std::string& name) {
      if (!names.insert(name).second) fail(ErrorCode::bad_input, "changes '{}' twice", name);
    };
    for (const LowRankChange& change : adapter.changes) {
      note(change.weight);
      check_change(change, base);
    }
    for (const Tensor& tensor : adapter.replaced) {
      note(tensor.name);
      check_replaced(tensor, base);
    }
  });
}

}  // namespace adze::model
