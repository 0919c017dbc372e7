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

/// Where the weights of fast kernels are while a model runs.
enum class WeightMemory {
  packed,  // a copy in the kernels' layout, or the file's own pages where it is prepared
  mapped,  // the file's own pages; kernels pack what they are about to multiply
};

class WeightStore {
 public:
  /// REQUIRES: `model` outlives the store.
  explicit WeightStore(const model::Model& model, WeightMemory memory = WeightMemory::packed)
      : model_(model), memory_(memory) {}

  /// The tensor's rows as they are stored; mapped memory is used in place, permuted rows are copied once.
  ops::Argument plain(std::string_view name);

  /// The tensor in `packing`: as a prepared file holds it (Error(unsupported) if that is of another version), or made
  /// when first asked for; then its memory is filled in by the next fill(). Its plain rows for WeightMemory::mapped.
  ops::Argument packed(std::string_view name, const ops::WeightPacking& packing);

  WeightMemory memory() const { return memory_; }

  /// Makes what was asked for and is not there yet, in parallel, and drops the pages of the file behind it.
  void fill(ThreadPool& pool);

  StorageType storage_of(std::string_view name) const { return model_.tensors.at(name).storage; }
  /// False where a prepared file holds the weight in a packing only.
  bool has_rows(std::string_view name) const { return model_.tensors.at(name).source->has_rows(); }
  const std::string& source() const { return model_.source; }

  /// Names of the weights that were asked for in a packing, and which.
  std::map<std::string, const ops::WeightPacking*, std::less<>> packings() const;
  bool was_asked_for_plain(std::string_view name) const { return plain_.contains(name); }

  /// Bytes of private copies (packed and permuted).
  size_t owned_bytes() const { return arena_.used_bytes(); }
  /// Bytes of the file's own pages that are read in place.
  size_t mapped_bytes() const { return mapped_bytes_; }

 private:
  const std::byte* kernel_rows(const model::Tensor& tensor, const ops::WeightPacking& packing) const;

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
  const WeightMemory memory_;
  std::map<std::string, ops::TensorView, std::less<>> plain_;
  std::map<std::pair<std::string, const ops::WeightPacking*>, const std::byte*> packed_;
  backends::BufferArena arena_;
  size_t mapped_bytes_ = 0;
  std::vector<Copy> to_fill_;
};

}  // namespace adze::runtime
