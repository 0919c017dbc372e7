// A named tensor whose numbers stay where they are until somebody asks for rows.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file.h"
#include "tensor/shape.h"

namespace adze::model {

/// A whole tensor as a file holds it for kernels: groups of rows in one of their layouts, one behind the other.
struct KernelRows {
  std::string_view layout;  // its name
  int64_t version = 0;      // of the layout
  std::span<const std::byte> bytes;
};

/// Where the packed rows of a tensor come from. A row is the innermost dimension; rows count through all others.
/// Immutable and safe to use from several threads.
class TensorSource {
 public:
  virtual ~TensorSource() = default;

  /// Packed bytes of rows [first, first + count). Points into the source when it can, else into `scratch`, which
  /// is resized. REQUIRES: the range lies within the tensor.
  virtual std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>& scratch) const = 0;

  /// The tensor in a kernel's layout, where the file holds it so.
  virtual std::optional<KernelRows> kernel_rows() const { return std::nullopt; }

  /// False where the file holds nothing but kernel_rows(); then rows() is Error(unsupported).
  virtual bool has_rows() const { return true; }

  /// Says that these rows are not needed again soon, so that mapped pages can be dropped.
  virtual void release(int64_t /*first*/, int64_t /*count*/) const {}

  /// File and byte offset, for messages.
  virtual std::string where() const = 0;
};

struct Tensor {
  std::string name;  // canonical: "blk.0.attn_q.weight"
  Shape shape;       // outermost first
  StorageType storage = nullptr;
  std::shared_ptr<const TensorSource> source;
  /// How it was stored before an exact conversion into `storage`, where the file remembers it: so that the way back
  /// gives the same. Null: not known.
  StorageType stored_before = nullptr;

  int64_t row_bytes() const { return adze::row_bytes(*storage, shape.row_length()); }
  int64_t byte_size() const { return row_bytes() * shape.row_count(); }
};

/// Rows stored one after the other in a mapped file. Throws Error(bad_input) naming `name` if the tensor does not
/// lie within the file.
Tensor mapped_tensor(std::string name, Shape shape, StorageType storage, std::shared_ptr<const MappedFile> file,
                     uint64_t offset);

/// Rows held in memory, for small tensors that a conversion makes up. REQUIRES: bytes.size() fits shape and storage.
Tensor owned_tensor(std::string name, Shape shape, StorageType storage, std::vector<std::byte> bytes);

/// The same tensor with row r taken from row `source_row(r)` of `tensor`: a lazy permutation.
Tensor with_rows_permuted(Tensor tensor, std::function<int64_t(int64_t)> source_row);

/// The same bytes under another name or shape (the row length must stay).
Tensor renamed(Tensor tensor, std::string name);
Tensor reshaped(Tensor tensor, Shape shape);

/// All values decoded to float, for tests and small tensors.
std::vector<float> decode_all(const Tensor& tensor);

}  // namespace adze::model
