// Computes packed rows on all threads and writes them where they belong, with only a chunk per thread in memory.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <vector>

#include "base/file.h"
#include "formats/format.h"
#include "model/model.h"
#include "model/tensor.h"

namespace adze::formats {

/// About how much anonymous memory writing these tensors takes on each thread.
uint64_t stream_memory_bytes(const model::TensorList& tensors, int64_t chunk_bytes = kStreamChunkBytes);

class TensorStream {
 public:
  /// `total_bytes` of all tensors that will be written, for the progress display.
  TensorStream(const WriteOptions& options, uint64_t total_bytes);

  /// Appends the rows of `tensor` to `file`. What is written does not depend on the number of threads. Returns its
  /// checksum where options asked for a ledger, else 0.
  uint64_t write(const model::Tensor& tensor, OutputFile& file);

  /// Skips the tensor in `file` and returns true if `bytes`, which lie there, are its rows by their checksum.
  bool skip(const model::Tensor& tensor, std::span<const std::byte> bytes, uint64_t checksum, OutputFile& file);

 private:
  struct Rows {
    int64_t first;
    int64_t count;
  };

  /// Calls `work(rows, thread)` for all chunks of the tensor, on all threads. The first exception ends it.
  void for_each_chunk(const model::Tensor& tensor, const std::function<void(Rows, unsigned thread)>& work);
  void count_written(uint64_t bytes);

  ThreadPool own_pool_{1};
  ThreadPool& pool_;
  Progress& progress_;
  const int64_t chunk_bytes_;
  const bool with_checksums_;
  const uint64_t total_bytes_;
  std::mutex progress_mutex_;
  uint64_t written_bytes_ = 0;
  std::vector<std::vector<std::byte>> buffers_;  // by thread
};

}  // namespace adze::formats
