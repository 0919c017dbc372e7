// Computes packed rows on all threads and writes them in order, with only a few chunks in memory at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/file.h"
#include "formats/format.h"
#include "model/model.h"
#include "model/tensor.h"

namespace adze::formats {

/// About how much anonymous memory writing these tensors takes on so many threads.
uint64_t stream_memory_bytes(const model::TensorList& tensors, size_t threads);

class TensorStream {
 public:
  /// `total_bytes` of all tensors that will be written, for the progress display.
  TensorStream(const WriteOptions& options, uint64_t total_bytes);

  /// Appends the rows of `tensor` to `file`. What is appended does not depend on the number of threads.
  void write(const model::Tensor& tensor, OutputFile& file);

 private:
  /// Computes up to one chunk per buffer, starting at row `first`, and appends them. Returns the row after the last.
  int64_t write_batch(const model::Tensor& tensor, int64_t first, OutputFile& file);

  ThreadPool own_pool_{1};
  ThreadPool& pool_;
  Progress& progress_;
  uint64_t total_bytes_;
  uint64_t written_bytes_ = 0;
  std::vector<std::vector<std::byte>> buffers_;
};

}  // namespace adze::formats
