#include "formats/hf/head_order.h"

#include <cstring>

#include "base/error.h"

namespace adze::formats {
namespace {

using architectures::Transform;

int64_t head_count(Transform transform, const model::KeyValues& config) {
  const int64_t heads = config.require_int("attention.head_count");
  if (transform == Transform::interleave_query_heads) return heads;
  return config.find_int("attention.head_count_kv").value_or(heads);
}

/// Where row `row` of the result comes from, for heads of `size` rows.
int64_t source_row(int64_t row, int64_t size, HeadOrder order) {
  const int64_t within = row % size;
  const int64_t half = size / 2;
  const int64_t source = order == HeadOrder::halves_to_pairs ? within % 2 * half + within / 2  //
                                                             : within % half * 2 + within / half;
  return row - within + source;
}

// A bias is one row, so its elements move. It is small: a new copy in memory.
model::Tensor permuted_bias(const model::Tensor& bias, int64_t head_size, HeadOrder order) {
  if (!bias.storage->is_plain()) {
    fail(ErrorCode::unsupported, "tensor '{}': a bias stored as {} cannot be reordered", bias.name, bias.storage->name);
  }
  std::vector<std::byte> scratch;
  const auto old_bytes = bias.source->rows(0, 1, scratch);
  const size_t width = bias.storage->block_bytes;
  std::vector<std::byte> new_bytes(old_bytes.size());
  for (size_t i = 0; i < new_bytes.size() / width; ++i) {
    const auto from = static_cast<size_t>(source_row(static_cast<int64_t>(i), head_size, order));
    std::memcpy(new_bytes.data() + i * width, old_bytes.data() + from * width, width);
  }
  return model::owned_tensor(bias.name, bias.shape, bias.storage, std::move(new_bytes));
}

}  // namespace

model::Tensor with_head_order(model::Tensor tensor, Transform transform, const model::KeyValues& config,
                              HeadOrder order) {
  if (transform == Transform::none) return tensor;
  const int64_t heads = head_count(transform, config);
  const int64_t rows = tensor.shape.rank() == 0 ? 0 : tensor.shape[0];
  if (heads < 1 || rows % heads != 0 || rows / heads % 2 != 0) {
    fail(ErrorCode::bad_input, "{}: tensor '{}' {} does not divide into {} heads of even size", tensor.source->where(),
         tensor.name, tensor.shape.to_string(), heads);
  }
  const int64_t head_size = rows / heads;
  if (tensor.shape.rank() == 1) return permuted_bias(tensor, head_size, order);
  return model::with_rows_permuted(std::move(tensor), [=](int64_t row) { return source_row(row, head_size, order); });
}

}  // namespace adze::formats
