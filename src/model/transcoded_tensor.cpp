#include "model/transcoded_tensor.h"

#include <algorithm>

#include "base/error.h"

namespace adze::model {
namespace {

constexpr int64_t kProbeBytes = 1 << 20;

class TranscodedSource final : public TensorSource {
 public:
  TranscodedSource(Tensor original, StorageType target, std::shared_ptr<TranscodeRecord> record, bool require_exact)
      : original_(std::move(original)),
        target_(target),
        transcoder_(original_.storage, target),
        record_(std::move(record)),
        require_exact_(require_exact) {}

  std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>& scratch) const override {
    const int64_t columns = original_.shape.row_length();
    const int64_t packed_row = row_bytes(*target_, columns);
    scratch.resize(static_cast<size_t>(count * packed_row));
    std::vector<std::byte> own;
    const auto bytes = original_.source->rows(first, count, own);
    codecs::TranscodeResult result;
    for (int64_t row = 0; row < count; ++row) {
      const auto of_row =
          transcoder_.run(bytes.data() + row * original_.row_bytes(), scratch.data() + row * packed_row, columns);
      check(of_row, first + row);
      result.add(of_row);
    }
    record_->add(first, result);
    return scratch;
  }
  void release(int64_t first, int64_t count) const override { original_.source->release(first, count); }
  std::string where() const override { return original_.source->where(); }

 private:
  void check(const codecs::TranscodeResult& result, int64_t row) const {
    const auto where = [&] {
      return fmt::format("{}: tensor '{}', row {}", original_.source->where(), original_.name, row);
    };
    if (result.impossible_groups > 0) {
      fail(ErrorCode::bad_input,
           "{}: scales or offsets of {} that {} cannot hold; --allow-requantize would choose new codes", where(),
           original_.storage->name, target_->name);
    }
    if (require_exact_ && result.rounded_groups > 0) {
      fail(ErrorCode::bad_input,
           "{}: a scale or offset would be rounded by {:.3g} steps in {}; an exact copy was asked for", where(),
           result.largest_error, target_->name);
    }
  }

  const Tensor original_;
  const StorageType target_;
  const codecs::Transcoder transcoder_;
  const std::shared_ptr<TranscodeRecord> record_;
  const bool require_exact_;
};

}  // namespace

void TranscodeRecord::add(int64_t first_row, const codecs::TranscodeResult& result) {
  const std::lock_guard lock(mutex_);
  by_first_row_[first_row] = result;
}

codecs::TranscodeResult TranscodeRecord::total() const {
  const std::lock_guard lock(mutex_);
  codecs::TranscodeResult total;
  for (const auto& [row, result] : by_first_row_) total.add(result);
  return total;
}

Tensor transcoded_tensor(const Tensor& tensor, StorageType target, std::shared_ptr<TranscodeRecord> record,
                         bool require_exact) {
  checked_tensor_bytes(*target, tensor.shape, tensor.name);
  Tensor moved{tensor.name, tensor.shape, target, nullptr};
  moved.source = std::make_shared<TranscodedSource>(tensor, target, std::move(record), require_exact);
  moved.stored_before = tensor.storage;
  return moved;
}

codecs::TranscodeResult tried_transcoding(const Tensor& tensor, StorageType target, bool up_to_rounding) {
  const codecs::Transcoder transcoder(tensor.storage, target);
  const int64_t rows = tensor.shape.row_count();
  const int64_t columns = tensor.shape.row_length();
  const int64_t step = std::max<int64_t>(1, kProbeBytes / std::max<int64_t>(1, tensor.row_bytes()));
  std::vector<std::byte> scratch;
  std::vector<std::byte> moved(static_cast<size_t>(step * row_bytes(*target, columns)));
  codecs::TranscodeResult total;
  // One row tells for most tensors that cannot be moved.
  for (int64_t first = 0, count = std::min<int64_t>(1, rows); first < rows;
       first += count, count = std::min(step, rows - first)) {
    const auto bytes = tensor.source->rows(first, count, scratch);
    total.add(transcoder.run(bytes.data(), moved.data(), count * columns));
    tensor.source->release(first, count);
    if (total.impossible_groups > 0 || (up_to_rounding && total.rounded_groups > 0)) break;
  }
  return total;
}

bool moves_exactly(const Tensor& tensor, StorageType target) {
  const auto result = tried_transcoding(tensor, target, true);
  return result.impossible_groups == 0 && result.rounded_groups == 0;
}

}  // namespace adze::model
