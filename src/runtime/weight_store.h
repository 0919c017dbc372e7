// A model's weights in the form that kernels read, made once and shared by every session.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "backends/cpu/buffer_arena.h"
#include "base/thread_pool.h"
#include "model/model.h"
#include "ops/op.h"

namespace adze::runtime {

class WeightStore {
 public:
  /// REQUIRES: `model` outlives the store.
  explicit WeightStore(const model::Model& model) : model_(model) {}

  /// The tensor's rows as they are stored; mapped memory is used in place, permuted rows are copied once.
  ops::Argument plain(std::string_view name);

  /// The tensor in `packing`, which is made when first asked for: its memory is filled in by the next fill().
  ops::Argument packed(std::string_view name, const ops::WeightPacking& packing);

  /// Makes what was asked for and is not there yet, in parallel, and drops the pages of the file behind it.
  void fill(ThreadPool& pool);

  StorageType storage_of(std::string_view name) const { return model_.tensors.at(name).storage; }

  /// Bytes of private copies (packed and permuted).
  size_t owned_bytes() const { return arena_.used_bytes(); }

 private:
  // A copy that fill() makes.
  struct Copy {
    const model::Tensor* tensor;
    const ops::WeightPacking* packing;  // null: plain rows
    std::byte* target;
  };
  // Some of its rows: whole groups.
  struct Piece {
    const Copy* copy;
    int64_t first_row;
    int64_t rows;
  };
  std::vector<Piece> pieces_to_fill() const;
  static void fill_piece(const Piece& piece);

  const model::Model& model_;
  std::map<std::string, ops::TensorView, std::less<>> plain_;
  std::map<std::pair<std::string, const ops::WeightPacking*>, const std::byte*> packed_;
  backends::BufferArena arena_;
  std::vector<Copy> to_fill_;
};

}  // namespace adze::runtime
