#include "formats/tensor_stream.h"

#include <algorithm>

#include "base/error.h"

namespace adze::formats {
namespace {

// Large enough that handing out chunks costs nothing, small enough that a few per thread stay within megabytes.
constexpr int64_t kChunkBytes = 512 << 10;
// More chunks than threads, because some take longer than others.
constexpr size_t kChunksPerThread = 4;

// Rows that quantizers take side by side.
constexpr int64_t kRowsTogether = 16;
// Small tensors are shared out too: their rows may take long to compute. The same chunks for any number of threads.
constexpr int64_t kChunksPerTensor = 16;

int64_t rows_per_chunk(const model::Tensor& tensor) {
  const int64_t fair = tensor.shape.row_count() / kChunksPerTensor;
  const int64_t most = std::max<int64_t>(1, kChunkBytes / std::max<int64_t>(1, tensor.row_bytes()));
  return std::min(most, std::max<int64_t>(1, fair / kRowsTogether) * kRowsTogether);
}

// What a thread has in hand beside its chunks: rows as floats before and after packing, their sums, its heap
// (measured).
constexpr int64_t kScratchBytes = 5 << 20;

}  // namespace

uint64_t stream_memory_bytes(const model::TensorList& tensors, size_t threads) {
  int64_t largest_chunk = 0, largest_row = 0;
  for (const auto& tensor : tensors) {
    largest_chunk = std::max(largest_chunk, std::min(tensor.byte_size(), std::max(kChunkBytes, tensor.row_bytes())));
    largest_row = std::max(largest_row, tensor.shape.row_length());
  }
  const int64_t floats = 3 * largest_row * static_cast<int64_t>(sizeof(float));
  const int64_t per_thread = static_cast<int64_t>(kChunksPerThread) * largest_chunk + kScratchBytes + floats;
  return threads * static_cast<uint64_t>(per_thread);
}

TensorStream::TensorStream(const WriteOptions& options, uint64_t total_bytes)
    : pool_(options.pool ? *options.pool : own_pool_),
      progress_(options.progress ? *options.progress : no_progress()),
      total_bytes_(total_bytes),
      buffers_(pool_.size() * kChunksPerThread) {}

int64_t TensorStream::write_batch(const model::Tensor& tensor, int64_t first, OutputFile& file) {
  const int64_t step = rows_per_chunk(tensor);
  const int64_t rows = tensor.shape.row_count();
  const auto chunks = std::min(buffers_.size(), static_cast<size_t>((rows - first + step - 1) / step));
  const auto begin_of = [&](size_t chunk) { return std::min(rows, first + static_cast<int64_t>(chunk) * step); };

  std::vector<std::span<const std::byte>> packed(chunks);
  pool_.for_each(chunks, [&](size_t chunk) {
    const int64_t begin = begin_of(chunk);
    packed[chunk] = tensor.source->rows(begin, begin_of(chunk + 1) - begin, buffers_[chunk]);
  });
  for (size_t chunk = 0; chunk < chunks; ++chunk) {
    file.append(packed[chunk]);
    written_bytes_ += packed[chunk].size();
  }
  const int64_t end = begin_of(chunks);
  tensor.source->release(first, end - first);
  return end;
}

void TensorStream::write(const model::Tensor& tensor, OutputFile& file) {
  if (tensor.byte_size() == 0) return;
  for (int64_t row = 0; row < tensor.shape.row_count();) {
    throw_if_cancelled(progress_);
    row = write_batch(tensor, row, file);
    progress_.update("writing", written_bytes_, total_bytes_);
  }
  tensor.source->release(0, tensor.shape.row_count());
}

}  // namespace adze::formats
