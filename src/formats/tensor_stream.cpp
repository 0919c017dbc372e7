#include "formats/tensor_stream.h"

#include <algorithm>
#include <atomic>

#include "base/checksum.h"
#include "base/error.h"

namespace adze::formats {
namespace {

// Rows that quantizers take side by side.
constexpr int64_t kRowsTogether = 16;
// Small tensors are shared out too: their rows may take long to compute.
constexpr int64_t kChunksPerTensor = 16;

int64_t rows_per_chunk(const model::Tensor& tensor, int64_t chunk_bytes) {
  const int64_t fair = tensor.shape.row_count() / kChunksPerTensor;
  const int64_t most = std::max<int64_t>(1, chunk_bytes / std::max<int64_t>(1, tensor.row_bytes()));
  return std::min(most, std::max<int64_t>(1, fair / kRowsTogether) * kRowsTogether);
}

// What a thread has in hand beside its chunk: some rows as floats, their originals where they are not mapped, its stack
// and heap (measured).
constexpr int64_t kScratchBytes = 3 << 20;

// Write-back starts this often, so that the end is not one long wait.
constexpr uint64_t kWriteBackBytes = 64u << 20;

/// The same for any division into chunks: rows are added up.
uint64_t checksum_of_rows(std::span<const std::byte> bytes, int64_t first_row, int64_t row_bytes) {
  uint64_t sum = 0;
  const auto step = static_cast<size_t>(row_bytes);
  for (size_t at = 0; at < bytes.size(); at += step) {
    sum += checksum(bytes.subspan(at, step), static_cast<uint64_t>(first_row++));
  }
  return sum;
}

}  // namespace

uint64_t stream_memory_bytes(const model::TensorList& tensors, int64_t chunk_bytes) {
  int64_t largest_chunk = 0, largest_row = 0;
  for (const auto& tensor : tensors) {
    largest_chunk = std::max(largest_chunk, std::min(tensor.byte_size(), std::max(chunk_bytes, tensor.row_bytes())));
    largest_row = std::max(largest_row, tensor.shape.row_length());
  }
  const int64_t floats = 2 * largest_row * static_cast<int64_t>(sizeof(float));
  return static_cast<uint64_t>(largest_chunk + kScratchBytes + floats);
}

TensorStream::TensorStream(const WriteOptions& options, uint64_t total_bytes)
    : pool_(options.pool ? *options.pool : own_pool_),
      progress_(options.progress ? *options.progress : no_progress()),
      chunk_bytes_(options.chunk_bytes),
      with_checksums_(options.ledger != nullptr),
      total_bytes_(total_bytes),
      buffers_(pool_.size()) {}

void TensorStream::count_written(uint64_t bytes) {
  const std::lock_guard lock(progress_mutex_);
  written_bytes_ += bytes;
  progress_.update("writing", written_bytes_, total_bytes_);
}

void TensorStream::for_each_chunk(const model::Tensor& tensor, const std::function<void(Rows, unsigned thread)>& work) {
  const int64_t step = rows_per_chunk(tensor, chunk_bytes_);
  const int64_t rows = tensor.shape.row_count();
  std::atomic<int64_t> next{0};
  pool_.run([&](unsigned thread) {
    try {
      for (int64_t first = next.fetch_add(step); first < rows; first = next.fetch_add(step)) {
        throw_if_cancelled(progress_);
        work({first, std::min(step, rows - first)}, thread);
      }
    } catch (...) {
      next = rows;  // the others need not go on
      throw;
    }
  });
}

uint64_t TensorStream::write(const model::Tensor& tensor, OutputFile& file) {
  if (tensor.byte_size() == 0) return 0;
  const int64_t row_bytes = tensor.row_bytes();
  const uint64_t begin = file.reserve(static_cast<uint64_t>(tensor.byte_size()));
  std::atomic<uint64_t> sum{0}, since_write_back{0};
  for_each_chunk(tensor, [&](Rows rows, unsigned thread) {
    const auto packed = tensor.source->rows(rows.first, rows.count, buffers_[thread]);
    file.write_at(begin + static_cast<uint64_t>(rows.first * row_bytes), packed);
    if (with_checksums_) sum += checksum_of_rows(packed, rows.first, row_bytes);
    tensor.source->release(rows.first, rows.count);
    if (since_write_back.fetch_add(packed.size()) % kWriteBackBytes + packed.size() >= kWriteBackBytes) {
      file.start_write_back();
    }
    count_written(packed.size());
  });
  tensor.source->release(0, tensor.shape.row_count());
  file.start_write_back();
  return sum;
}

bool TensorStream::skip(const model::Tensor& tensor, std::span<const std::byte> bytes, uint64_t checksum,
                        OutputFile& file) {
  if (bytes.size() != static_cast<size_t>(tensor.byte_size())) return false;
  if (tensor.byte_size() == 0) return true;
  const int64_t row_bytes = tensor.row_bytes();
  std::atomic<uint64_t> sum{0};
  for_each_chunk(tensor, [&](Rows rows, unsigned) {
    const auto part =
        bytes.subspan(static_cast<size_t>(rows.first * row_bytes), static_cast<size_t>(rows.count * row_bytes));
    sum += checksum_of_rows(part, rows.first, row_bytes);
  });
  if (sum != checksum) return false;
  file.reserve(bytes.size());
  count_written(bytes.size());
  return true;
}

}  // namespace adze::formats
