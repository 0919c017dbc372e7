#include "runtime/weight_store.h"

#include <algorithm>
#include <cstring>

namespace adze::runtime {
namespace {

// Rows are read and packed in pieces of about this size, so that all threads have work and their scratch stays small.
constexpr int64_t kPieceBytes = 1 << 19;

ops::TensorView view_of(const model::Tensor& tensor, const std::byte* data) {
  return {const_cast<std::byte*>(data), tensor.storage, tensor.shape.row_count(), tensor.shape.row_length(),
          tensor.row_bytes()};
}

int64_t packed_bytes(const model::Tensor& tensor, const ops::WeightPacking& packing) {
  const int64_t groups = (tensor.shape.row_count() + packing.group_rows - 1) / packing.group_rows;
  return groups * packing.group_bytes(tensor.storage, tensor.shape.row_length());
}

// The tensor's bytes where they can be seen in place, else null.
const std::byte* mapped_rows(const model::Tensor& tensor) {
  std::vector<std::byte> scratch;
  const auto first_row = tensor.source->rows(0, std::min<int64_t>(1, tensor.shape.row_count()), scratch);
  return scratch.empty() ? first_row.data() : nullptr;
}

}  // namespace

ops::Argument WeightStore::plain(std::string_view name) {
  ops::Argument argument;
  argument.given = true;
  if (const auto found = plain_.find(name); found != plain_.end()) {
    argument.tensor = found->second;
    return argument;
  }
  const model::Tensor& tensor = model_.tensors.at(name);
  const std::byte* data = mapped_rows(tensor);
  if (!data) {
    std::byte* copy = arena_.allocate(static_cast<size_t>(tensor.byte_size()));
    to_fill_.push_back({&tensor, nullptr, copy});
    data = copy;
  }
  argument.tensor = view_of(tensor, data);
  plain_.emplace(name, argument.tensor);
  return argument;
}

ops::Argument WeightStore::packed(std::string_view name, const ops::WeightPacking& packing) {
  const model::Tensor& tensor = model_.tensors.at(name);
  const auto key = std::make_pair(std::string(name), &packing);
  auto found = packed_.find(key);
  if (found == packed_.end()) {
    std::byte* target = arena_.allocate(static_cast<size_t>(packed_bytes(tensor, packing)));
    to_fill_.push_back({&tensor, &packing, target});
    found = packed_.emplace(key, target).first;
  }
  ops::Argument argument;
  argument.given = true;
  argument.packed = found->second;
  argument.tensor = view_of(tensor, nullptr);
  return argument;
}

std::vector<WeightStore::Piece> WeightStore::pieces_to_fill() const {
  std::vector<Piece> pieces;
  for (const Copy& copy : to_fill_) {
    const int64_t group_rows = copy.packing ? copy.packing->group_rows : 1;
    const int64_t group_bytes = std::max<int64_t>(1, copy.tensor->row_bytes() * group_rows);
    const int64_t piece_rows = std::max<int64_t>(1, kPieceBytes / group_bytes) * group_rows;
    const int64_t rows = copy.tensor->shape.row_count();
    for (int64_t first = 0; first < rows; first += piece_rows) {
      pieces.push_back({&copy, first, std::min(piece_rows, rows - first)});
    }
  }
  return pieces;
}

void WeightStore::fill_piece(const Piece& piece) {
  const model::Tensor& tensor = *piece.copy->tensor;
  const ops::WeightPacking* packing = piece.copy->packing;
  std::vector<std::byte> scratch;
  const std::byte* rows = tensor.source->rows(piece.first_row, piece.rows, scratch).data();
  if (!packing) {
    std::memcpy(piece.copy->target + piece.first_row * tensor.row_bytes(), rows,
                static_cast<size_t>(piece.rows * tensor.row_bytes()));
  } else {
    const int64_t length = tensor.shape.row_length();
    std::byte* group =
        piece.copy->target + piece.first_row / packing->group_rows * packing->group_bytes(tensor.storage, length);
    for (int64_t row = 0; row < piece.rows; row += packing->group_rows) {
      packing->pack_group(tensor.storage, rows + row * tensor.row_bytes(),
                          std::min(packing->group_rows, piece.rows - row), length, group);
      group += packing->group_bytes(tensor.storage, length);
    }
  }
  tensor.source->release(piece.first_row, piece.rows);
}

void WeightStore::fill(ThreadPool& pool) {
  const auto pieces = pieces_to_fill();
  pool.for_each(pieces.size(), [&](size_t index) { fill_piece(pieces[index]); });
  to_fill_.clear();  // not when something failed: then the next session tries again
}

}  // namespace adze::runtime
