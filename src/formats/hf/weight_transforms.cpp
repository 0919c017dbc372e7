#include "formats/hf/weight_transforms.h"

#include <cmath>
#include <cstring>
#include <functional>

#include "base/error.h"
#include "codecs/codec.h"
#include "model/derived_tensors.h"

namespace adze::formats {
namespace {

using architectures::Transform;
using RowOrder = std::function<int64_t(int64_t)>;  // where row r of the result comes from

int64_t query_heads(const model::KeyValues& config) { return config.require_int("attention.head_count"); }

int64_t key_heads(const model::KeyValues& config) {
  return config.find_int("attention.head_count_kv").value_or(query_heads(config));
}

int64_t head_size(const model::Tensor& tensor, int64_t heads, bool even) {
  const int64_t rows = tensor.shape.rank() == 0 ? 0 : tensor.shape[0];
  if (heads < 1 || rows % heads != 0 || (even && rows / heads % 2 != 0)) {
    fail(ErrorCode::bad_input, "{}: tensor '{}' {} does not divide into {} heads{}", tensor.source->where(),
         tensor.name, tensor.shape.to_string(), heads, even ? " of even size" : "");
  }
  return rows / heads;
}

// ---- Hugging Face rotates the first half of a head against the second, GGUF's llama rotates neighbours.

RowOrder interleaved(int64_t size, Direction direction) {
  const int64_t half = size / 2;
  if (direction == Direction::to_canonical) {
    return [=](int64_t row) { return row - row % size + row % 2 * half + row % size / 2; };
  }
  return [=](int64_t row) { return row - row % size + row % size % half * 2 + row % size / half; };
}

// ---- queries, key and value of each key head <-> all queries, all keys, all values

struct HeadGroups {
  int64_t queries;  // of a group
  int64_t groups;
  int64_t size;  // of a head

  // The place of a canonical head among groups.
  int64_t grouped_head(int64_t head) const {
    if (head < queries * groups) return head / queries * (queries + 2) + head % queries;
    const int64_t rest = head - queries * groups;
    return rest % groups * (queries + 2) + queries + rest / groups;
  }
  int64_t canonical_head(int64_t head) const {
    const int64_t group = head / (queries + 2);
    const int64_t within = head % (queries + 2);
    return within < queries ? group * queries + within : queries * groups + (within - queries) * groups + group;
  }
};

RowOrder ungrouped(const model::Tensor& tensor, const model::KeyValues& config, Direction direction) {
  const int64_t groups = key_heads(config);
  if (groups < 1 || query_heads(config) % groups != 0) {
    fail(ErrorCode::bad_input, "config: {} query heads are not a multiple of {} key heads", query_heads(config),
         groups);
  }
  const int64_t queries = query_heads(config) / groups;
  const HeadGroups heads{queries, groups, head_size(tensor, groups * (queries + 2), false)};
  return [=](int64_t row) {
    const int64_t head = row / heads.size;
    const bool reading = direction == Direction::to_canonical;
    return (reading ? heads.grouped_head(head) : heads.canonical_head(head)) * heads.size + row % heads.size;
  };
}

// A bias is one row, so its elements move. It is small: a new copy in memory.
model::Tensor reordered_bias(const model::Tensor& bias, const RowOrder& source_row) {
  if (!bias.storage->is_plain()) {
    fail(ErrorCode::unsupported, "tensor '{}': a bias stored as {} cannot be reordered", bias.name, bias.storage->name);
  }
  std::vector<std::byte> scratch;
  const auto old_bytes = bias.source->rows(0, 1, scratch);
  const size_t width = bias.storage->block_bytes;
  std::vector<std::byte> new_bytes(old_bytes.size());
  for (size_t i = 0; i < new_bytes.size() / width; ++i) {
    const auto from = static_cast<size_t>(source_row(static_cast<int64_t>(i)));
    std::memcpy(new_bytes.data() + i * width, old_bytes.data() + from * width, width);
  }
  return model::owned_tensor(bias.name, bias.shape, bias.storage, std::move(new_bytes));
}

model::Tensor reordered(model::Tensor tensor, RowOrder source_row) {
  if (tensor.shape.rank() == 1) return reordered_bias(tensor, source_row);
  return model::with_rows_permuted(std::move(tensor), std::move(source_row));
}

model::Tensor float_tensor(const model::Tensor& like, Shape shape, std::span<const float> values) {
  const auto bytes = std::as_bytes(values);
  return model::owned_tensor(like.name, std::move(shape), &codecs::f32.info, {bytes.begin(), bytes.end()});
}

// As float: what 1 is added to may need more digits than its type has.
model::Tensor shifted(const model::Tensor& tensor, float by) {
  std::vector<float> values = model::decode_all(tensor);
  for (float& value : values) value += by;
  return float_tensor(tensor, tensor.shape, values);
}

// ---- positions that no token has

model::Tensor without_unused_positions(const model::Tensor& table, int64_t unused) {
  if (table.shape.rank() != 2 || table.shape[0] <= unused) {
    fail(ErrorCode::bad_input, "{}: tensor '{}' {} has no rows behind the first {}", table.source->where(), table.name,
         table.shape.to_string(), unused);
  }
  return model::without_first_rows(table, unused);
}

model::Tensor with_moved_positions(model::Tensor table, const model::KeyValues& config, Direction direction) {
  const int64_t unused = config.find_int("position_offset").value_or(0);
  if (unused == 0) return table;
  return direction == Direction::to_canonical ? without_unused_positions(table, unused)
                                              : model::with_zero_rows_before(table, unused);
}

// ---- state spaces

// The same numbers in rows of another length. Small tensors: a copy in memory.
model::Tensor with_shape(const model::Tensor& tensor, Shape shape) {
  if (shape == tensor.shape) return tensor;
  if (!tensor.storage->is_plain() || shape.element_count() != tensor.shape.element_count()) {
    fail(ErrorCode::bad_input, "{}: tensor '{}' {}, stored as {}, cannot become {}", tensor.source->where(),
         tensor.name, tensor.shape.to_string(), tensor.storage->name, shape.to_string());
  }
  std::vector<std::byte> scratch;
  const auto bytes = tensor.source->rows(0, tensor.shape.row_count(), scratch);
  return model::owned_tensor(tensor.name, std::move(shape), tensor.storage, {bytes.begin(), bytes.end()});
}

// Without the dimension of one input channel, wherever it is.
model::Tensor with_kernel_rows(const model::Tensor& kernels, Direction direction) {
  const auto dims = kernels.shape.dims();
  if (direction == Direction::to_hugging_face) return with_shape(kernels, {dims[0], 1, kernels.shape.row_length()});
  if (dims.size() != 3 || (dims[1] != 1 && dims[2] != 1)) {
    fail(ErrorCode::bad_input, "{}: tensor '{}' {} is no convolution of each channel by itself",
         kernels.source->where(), kernels.name, kernels.shape.to_string());
  }
  return with_shape(kernels, {dims[0], dims[1] * dims[2]});
}

model::Tensor with_decay_rate(const model::Tensor& tensor, Direction direction) {
  std::vector<float> values = model::decode_all(tensor);
  const auto count = static_cast<int64_t>(values.size());
  const bool reading = direction == Direction::to_canonical;
  for (float& value : values) {
    value = static_cast<float>(reading ? -std::exp(double{value}) : std::log(-double{value}));
  }
  return float_tensor(tensor, reading ? Shape{count, 1} : Shape{count}, values);
}

model::Tensor with_groups(const model::Tensor& tensor, const model::KeyValues& config, Direction direction) {
  const int64_t count = tensor.shape.element_count();
  if (direction == Direction::to_hugging_face) return with_shape(tensor, {count});
  const int64_t groups = config.require_int("ssm.group_count");
  if (groups < 1 || count % groups != 0) {
    fail(ErrorCode::bad_input, "{}: tensor '{}' {} does not divide into {} groups", tensor.source->where(), tensor.name,
         tensor.shape.to_string(), groups);
  }
  return with_shape(tensor, {groups, count / groups});
}

}  // namespace

Transform transform_of_stored(const model::Tensor& tensor, Transform transform) {
  const bool is_turned = !tensor.storage->is_plain() && transform == Transform::transpose;
  return is_turned ? Transform::none : transform;
}

model::Tensor transformed(model::Tensor tensor, Transform transform, const model::KeyValues& config,
                          Direction direction) {
  switch (transform) {
    case Transform::none:
      return tensor;
    case Transform::interleave_query_heads:
    case Transform::interleave_key_heads: {
      const int64_t heads = transform == Transform::interleave_query_heads ? query_heads(config) : key_heads(config);
      const int64_t size = head_size(tensor, heads, true);
      return reordered(std::move(tensor), interleaved(size, direction));
    }
    case Transform::ungroup_heads: {
      auto order = ungrouped(tensor, config, direction);
      return reordered(std::move(tensor), std::move(order));
    }
    case Transform::add_one:
      return shifted(tensor, direction == Direction::to_canonical ? 1.0f : -1.0f);
    case Transform::transpose:
      return model::transposed(std::move(tensor));
    case Transform::drop_unused_positions:
      return with_moved_positions(std::move(tensor), config, direction);
    case Transform::kernel_of_channel:
      return with_kernel_rows(tensor, direction);
    case Transform::decay_rate:
      return with_decay_rate(tensor, direction);
    case Transform::column: {
      const int64_t count = tensor.shape.element_count();
      return with_shape(tensor, direction == Direction::to_canonical ? Shape{count, 1} : Shape{count});
    }
    case Transform::split_state_groups:
      return with_groups(tensor, config, direction);
  }
  fail(ErrorCode::internal, "tensor '{}': unknown transform", tensor.name);
}

}  // namespace adze::formats
