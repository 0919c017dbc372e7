#include "quantize/packed_tensor.h"

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

#include "base/error.h"

namespace adze::quantize {
namespace {

// Floats decoded at a time: they stay in the second-level cache between decoding and packing.
constexpr int64_t kFloatsAtATime = 64 << 10;
// Quantizers that prepare something take rows side by side.
constexpr int64_t kRowsSideBySide = 16;

class PackedSource final : public model::TensorSource {
 public:
  PackedSource(model::Tensor original, const codecs::Codec& target, const PackingOptions& options)
      : original_(std::move(original)),
        decoder_(codecs::codec_of(original_.storage)),
        target_(target),
        options_(options) {}

  std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>& scratch) const override {
    const int64_t columns = original_.shape.row_length();
    const int64_t packed_row = row_bytes(target_.info, columns);
    scratch.resize(static_cast<size_t>(count * packed_row));
    int64_t step = std::max<int64_t>(1, kFloatsAtATime / std::max<int64_t>(1, columns));
    if (options_.quantizer->prepare) step = (step + kRowsSideBySide - 1) / kRowsSideBySide * kRowsSideBySide;
    const auto prepared = prepare();
    const PackingJob job{target_, options_.statistics.get(), options_.settings, prepared.get()};
    std::vector<std::byte> original_bytes;
    std::vector<float> values;
    for (int64_t done = 0; done < count; done += step) {
      const int64_t now = std::min(step, count - done);
      const auto bytes = original_.source->rows(first + done, now, original_bytes);
      values.resize(static_cast<size_t>(now * columns));
      decoder_.decode(bytes.data(), values.data(), now * columns);
      const Rows rows{values.data(), first + done, now, columns, rows_per_matrix()};
      std::byte* packed = scratch.data() + done * packed_row;
      options_.quantizer->pack(rows, job, packed);
      if (options_.observer) options_.observer->packed(rows, target_, packed);
    }
    return scratch;
  }

  void release(int64_t first, int64_t count) const override {
    original_.source->release(first, count);
    if (count < original_.shape.row_count()) return;
    const std::lock_guard lock(mutex_);
    prepared_.reset();
  }
  std::string where() const override { return original_.source->where(); }

 private:
  // Whoever comes first makes it, the others wait for it; released with the last row.
  std::shared_ptr<const void> prepare() const {
    if (!options_.quantizer->prepare) return nullptr;
    const std::lock_guard lock(mutex_);
    if (!prepared_) {
      const PackingJob job{target_, options_.statistics.get(), options_.settings};
      prepared_ = options_.quantizer->prepare(original_.shape.row_length(), job);
    }
    return prepared_;
  }

  int64_t rows_per_matrix() const {
    const size_t rank = original_.shape.rank();
    return rank < 2 ? 1 : std::max<int64_t>(1, original_.shape[rank - 2]);
  }

  const model::Tensor original_;
  const codecs::Codec& decoder_;
  const codecs::Codec& target_;
  const PackingOptions options_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<const void> prepared_;
};

}  // namespace

model::Tensor packed_tensor(model::Tensor tensor, const codecs::Codec& target, const PackingOptions& options) {
  if (tensor.storage == &target.info) return tensor;
  if (!options.quantizer->supports(target)) {
    fail(ErrorCode::unsupported, "{}: the quantizer \"{}\" cannot write {}", tensor.name, options.quantizer->name,
         target.info.name);
  }
  checked_tensor_bytes(target.info, tensor.shape, tensor.name);
  model::Tensor packed{tensor.name, tensor.shape, &target.info, nullptr};
  packed.source = std::make_shared<PackedSource>(std::move(tensor), target, options);
  return packed;
}

}  // namespace adze::quantize
