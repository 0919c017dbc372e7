#include "transforms/clip_search.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <mutex>
#include <utility>

#include "base/error.h"
#include "codecs/codec.h"
#include "transforms/output_error.h"

namespace adze::transforms {
namespace {

constexpr double kStep = 0.05;

/// What one block of columns needs to know.
struct BlockJudge {
  OutputError error;
  quantize::InputStatistics importance;
};

std::vector<float> block_triangle(const std::vector<float>& triangle, int64_t first, int64_t block) {
  std::vector<float> own;
  for (int64_t i = first; i < first + block; ++i) {
    const float* line = triangle.data() + i * (i + 1) / 2;
    own.insert(own.end(), line + first, line + i + 1);
  }
  return own;
}

std::vector<BlockJudge> judges_of(const model::InputStatistics& inputs, int64_t block) {
  const auto triangle = inputs.hessian ? model::decode_all(*inputs.hessian) : std::vector<float>();
  std::vector<BlockJudge> judges;
  for (int64_t first = 0; first < inputs.columns; first += block) {
    model::InputStatistics own;
    own.columns = block;
    own.counts = inputs.counts;
    own.square_sums.assign(inputs.square_sums.begin() + first, inputs.square_sums.begin() + first + block);
    if (!triangle.empty()) {
      const auto values = block_triangle(triangle, first, block);
      const auto bytes = std::as_bytes(std::span(values));
      own.hessian = std::make_shared<model::Tensor>(model::owned_tensor(
          "block", Shape{static_cast<int64_t>(values.size())}, &codecs::f32.info, {bytes.begin(), bytes.end()}));
    }
    judges.push_back({OutputError(own), quantize::InputStatistics{model::mean_squares(own)}});
  }
  return judges;
}

class ClippedRows final : public model::TensorSource {
 public:
  ClippedRows(model::Tensor original, ClipOptions options)
      : original_(std::move(original)), options_(std::move(options)), block_(options_.codec->info.block_elements) {
    for (int i = 0; 1 - i * kStep >= options_.smallest_share - 1e-9; ++i) shares_.push_back(1 - i * kStep);
  }

  std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>& scratch) const override {
    const auto judges = judges_when_asked();
    const int64_t columns = original_.shape.row_length();
    std::vector<float> values(static_cast<size_t>(count * columns));
    std::vector<std::byte> bytes;
    codecs::codec_of(original_.storage)
        .decode(original_.source->rows(first, count, bytes).data(), values.data(), count * columns);
    for (int64_t begin = 0; begin < count * columns; begin += block_) {
      clip(values.data() + begin, (*judges)[static_cast<size_t>(begin % columns / block_)]);
    }
    scratch.resize(values.size() * sizeof(float));
    std::memcpy(scratch.data(), values.data(), scratch.size());
    return scratch;
  }

  void release(int64_t first, int64_t count) const override {
    original_.source->release(first, count);
    if (count < original_.shape.row_count()) return;
    const std::lock_guard lock(mutex_);
    judges_.reset();
  }
  std::string where() const override { return original_.source->where(); }

 private:
  using Judges = std::shared_ptr<const std::vector<BlockJudge>>;

  Judges judges_when_asked() const {
    const std::lock_guard lock(mutex_);
    if (!judges_) judges_ = std::make_shared<std::vector<BlockJudge>>(judges_of(options_.inputs, block_));
    return judges_;
  }

  // All shares are tried as if they were rows.
  void clip(float* values, const BlockJudge& judge) const {
    float largest = 0;
    for (int64_t i = 0; i < block_; ++i) largest = std::max(largest, std::abs(values[i]));
    const auto count = static_cast<int64_t>(shares_.size());
    std::vector<float> tried;
    for (const double share : shares_) {
      const auto limit = static_cast<float>(share * static_cast<double>(largest));
      for (int64_t i = 0; i < block_; ++i) tried.push_back(std::clamp(values[i], -limit, limit));
    }
    std::vector<std::byte> packed(static_cast<size_t>(count * row_bytes(options_.codec->info, block_)));
    const quantize::Settings settings(options_.quantizer->parameters, {});
    options_.quantizer->pack({tried.data(), 0, count, block_, count}, {*options_.codec, &judge.importance, settings},
                             packed.data());
    std::vector<float> errors(tried.size());
    options_.codec->decode(packed.data(), errors.data(), count * block_);
    for (size_t i = 0; i < errors.size(); ++i) errors[i] -= values[i % static_cast<size_t>(block_)];
    const auto sizes = judge.error.of_rows(errors.data(), count);
    const auto best = std::ranges::min_element(sizes) - sizes.begin();
    std::copy_n(tried.begin() + best * block_, block_, values);
  }

  const model::Tensor original_;
  const ClipOptions options_;
  const int64_t block_;
  std::vector<double> shares_;
  mutable std::mutex mutex_;
  mutable Judges judges_;
};

}  // namespace

model::Tensor with_clipped_blocks(model::Tensor tensor, ClipOptions options) {
  const bool fits = options.inputs.matrices() == 1 && options.inputs.columns == tensor.shape.row_length() &&
                    static_cast<int64_t>(options.inputs.square_sums.size()) == options.inputs.columns;
  if (!fits)
    fail(ErrorCode::bad_input, "the statistics of '{}' do not fit; were they made from another model?", tensor.name);
  model::Tensor clipped{tensor.name, tensor.shape, &codecs::f32.info, nullptr};
  clipped.source = std::make_shared<ClippedRows>(std::move(tensor), std::move(options));
  return clipped;
}

}  // namespace adze::transforms
