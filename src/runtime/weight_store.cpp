#include "runtime/weight_store.h"

#include <algorithm>
#include <cstring>

#include "base/error.h"

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
  } else {
    mapped_bytes_ += static_cast<size_t>(tensor.byte_size());
  }
  argument.tensor = view_of(tensor, data);
  plain_.emplace(name, argument.tensor);
  return argument;
}

// What a prepared file holds, or null. Any bytes are numbers; the size and the alignment must be right.
const std::byte* WeightStore::kernel_rows(const model::Tensor& tensor, const ops::WeightPacking& packing) const {
  const auto held = tensor.source->kernel_rows();
  if (!held) return nullptr;
  if (held->layout != packing.name || held->version != packing.version) {
    if (tensor.source->has_rows()) return nullptr;
    fail(
        ErrorCode::unsupported,
        "{}: prepared for the weight layout {} version {}, but the kernels here read {} version {}; run `adze prepare` "
        "again from the model that it was made from",
        model_.source, held->layout, held->version, packing.name, packing.version);
  }
  const auto bytes = static_cast<size_t>(packed_bytes(tensor, packing));
  const bool aligned = reinterpret_cast<uintptr_t>(held->bytes.data()) % backends::BufferArena::kAlignment == 0;
  if (held->bytes.size() == bytes && aligned) return held->bytes.data();
  fail(ErrorCode::bad_input, "{}: the packed rows of '{}' are {} bytes{}; {} are needed, at a multiple of {}",
       model_.source, tensor.name, held->bytes.size(), aligned ? "" : ", not aligned", bytes,
       backends::BufferArena::kAlignment);
}

ops::Argument WeightStore::packed(std::string_view name, const ops::WeightPacking& packing) {
  const model::Tensor& tensor = model_.tensors.at(name);
  if (memory_ == WeightMemory::mapped && tensor.source->has_rows()) return plain(name);
  const auto key = std::make_pair(std::string(name), &packing);
  auto found = packed_.find(key);
  if (found == packed_.end()) {
    const std::byte* groups = kernel_rows(tensor, packing);
    if (!groups) {
      std::byte* target = arena_.allocate(static_cast<size_t>(packed_bytes(tensor, packing)));
      to_fill_.push_back({&tensor, &packing, target});
      groups = target;
    } else {
      mapped_bytes_ += static_cast<size_t>(packed_bytes(tensor, packing));
    }
    found = packed_.emplace(key, groups).first;
  }
  ops::Argument argument;
  argument.given = true;
  argument.packed = found->second;
  argument.tensor = view_of(tensor, nullptr);
  return argument;
}

std::map<std::string, const ops::WeightPacking*, std::less<>> WeightStore::packings() const {
  std::map<std::string, const ops::WeightPacking*, std::less<>> packings;
  for (const auto& [key, groups] : packed_) packings.emplace(key.first, key.second);
  return packings;
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
