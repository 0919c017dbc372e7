#include "runtime/weight_store.h"

#include <algorithm>
#include <cstring>

namespace adze::runtime {
namespace {

// Rows are read and packed in pieces of about this size, so that a worker's scratch stays small.
constexpr int64_t kPieceBytes = 1 << 20;

ops::TensorView view_of(const model::Tensor& tensor, const std::byte* data) {
  return {const_cast<std::byte*>(data), tensor.storage, tensor.shape.row_count(), tensor.shape.row_length(),
          tensor.row_bytes()};
}

// Calls `body(first_row, rows, bytes)` for pieces of whole groups of rows, on all threads of the pool.
template <typename Body>
void for_each_piece(const model::Tensor& tensor, int64_t group_rows, ThreadPool& pool, const Body& body) {
  const int64_t rows = tensor.shape.row_count();
  const int64_t groups_per_piece =
      std::max<int64_t>(1, kPieceBytes / std::max<int64_t>(1, tensor.row_bytes() * group_rows));
  const int64_t piece_rows = groups_per_piece * group_rows;
  const auto pieces = static_cast<size_t>((rows + piece_rows - 1) / piece_rows);
  pool.for_each(pieces, [&](size_t piece) {
    std::vector<std::byte> scratch;
    const int64_t first = static_cast<int64_t>(piece) * piece_rows;
    const int64_t count = std::min(piece_rows, rows - first);
    body(first, count, tensor.source->rows(first, count, scratch).data());
    tensor.source->release(first, count);
  });
}

}  // namespace

ops::Argument WeightStore::plain(std::string_view name, ThreadPool& pool) {
  ops::Argument argument;
  argument.given = true;
  if (const auto found = plain_.find(name); found != plain_.end()) {
    argument.tensor = found->second;
    return argument;
  }
  const model::Tensor& tensor = model_.tensors.at(name);
  std::vector<std::byte> scratch;
  const auto first_row = tensor.source->rows(0, std::min<int64_t>(1, tensor.shape.row_count()), scratch);
  const std::byte* data = first_row.data();
  if (!scratch.empty()) {  // the source cannot be seen in place
    backends::HostBuffer& copy = copies_.emplace_back(static_cast<size_t>(tensor.byte_size()));
    for_each_piece(tensor, 1, pool, [&](int64_t first, int64_t count, const std::byte* rows) {
      std::memcpy(copy.data() + first * tensor.row_bytes(), rows, static_cast<size_t>(count * tensor.row_bytes()));
    });
    data = copy.data();
  }
  argument.tensor = view_of(tensor, data);
  plain_.emplace(name, argument.tensor);
  return argument;
}

ops::Argument WeightStore::packed(std::string_view name, const ops::WeightPacking& packing, ThreadPool& pool) {
  const model::Tensor& tensor = model_.tensors.at(name);
  const auto key = std::make_pair(std::string(name), &packing);
  auto found = packed_.find(key);
  if (found == packed_.end()) {
    const int64_t row_length = tensor.shape.row_length();
    const int64_t group_bytes = packing.group_bytes(tensor.storage, row_length);
    const int64_t groups = (tensor.shape.row_count() + packing.group_rows - 1) / packing.group_rows;
    backends::HostBuffer buffer(static_cast<size_t>(groups * group_bytes));
    for_each_piece(tensor, packing.group_rows, pool, [&](int64_t first, int64_t count, const std::byte* rows) {
      for (int64_t row = 0; row < count; row += packing.group_rows) {
        packing.pack_group(tensor.storage, rows + row * tensor.row_bytes(), std::min(packing.group_rows, count - row),
                           row_length, buffer.data() + (first + row) / packing.group_rows * group_bytes);
      }
    });
    found = packed_.emplace(key, std::move(buffer)).first;
  }
  ops::Argument argument;
  argument.given = true;
  argument.packed = found->second.data();
  argument.tensor = view_of(tensor, nullptr);
  return argument;
}

size_t WeightStore::owned_bytes() const {
  size_t total = 0;
  for (const auto& copy : copies_) total += copy.size();
  for (const auto& [key, buffer] : packed_) total += buffer.size();
  return total;
}

}  // namespace adze::runtime
