#include "model/changed_weight.h"

#include <cmath>
#include <cstring>
#include <memory>

#include "codecs/codec.h"

namespace adze::model {
namespace {

bool has_sixteen_bits(StorageType storage) { return storage == &codecs::f16.info || storage == &codecs::bf16.info; }

std::vector<StorageType> roundings_of(const Tensor& weight, const LowRankChange& change) {
  std::vector<StorageType> roundings;
  if (has_sixteen_bits(change.b.storage)) roundings.push_back(change.b.storage);
  const bool is_table = change.weight == kEmbeddingWeight || change.weight == kPositionWeight;
  if (is_table && has_sixteen_bits(weight.storage)) roundings.push_back(weight.storage);
  return roundings;
}

void round_values(std::vector<float>& values, StorageType storage, std::vector<std::byte>& packed) {
  const auto& codec = codecs::codec_of(storage);
  packed.resize(values.size() * storage->block_bytes);
  codec.encode(values.data(), nullptr, packed.data(), static_cast<int64_t>(values.size()));
  codec.decode(packed.data(), values.data(), static_cast<int64_t>(values.size()));
}

class MergedRows final : public TensorSource {
 public:
  explicit MergedRows(ChangedWeight changed) : changed_(std::move(changed)) {}

  std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>& scratch) const override {
    const int64_t length = changed_.weight().shape.row_length();
    scratch.resize(static_cast<size_t>(count * length) * sizeof(float));
    std::vector<float> row(static_cast<size_t>(length));
    ChangedWeight::Scratch own;
    for (int64_t i = 0; i < count; ++i) {
      changed_.sum(first + i, row.data(), own);
      const float factor = changed_.magnitude_factor(first + i, row.data());
      if (factor != 1) {
        for (float& value : row) value *= factor;
      }
      std::memcpy(scratch.data() + static_cast<size_t>(i * length) * sizeof(float), row.data(),
                  row.size() * sizeof(float));
    }
    return scratch;
  }
  void release(int64_t first, int64_t count) const override { changed_.weight().source->release(first, count); }
  std::string where() const override { return changed_.weight().source->where(); }

 private:
  ChangedWeight changed_;
};

}  // namespace

ChangedWeight::ChangedWeight(Tensor weight, const LowRankChange& change, double strength)
    : weight_(std::move(weight)),
      rank_(change.rank()),
      rows_per_pair_(weight_.shape[weight_.shape.rank() - 2]),
      scale_(static_cast<float>(change.scale * strength)),
      roundings_(roundings_of(weight_, change)),
      a_(decode_all(change.a)),
      b_(decode_all(change.b)) {
  if (change.magnitude) magnitude_ = decode_all(*change.magnitude);
}

void ChangedWeight::product(int64_t row, Scratch& scratch) const {
  const auto columns = static_cast<size_t>(weight_.shape.row_length());
  const float* a = a_.data() + static_cast<size_t>(row / rows_per_pair_ * rank_) * columns;
  scratch.sums.assign(columns, 0);
  for (int64_t k = 0; k < rank_; ++k, a += columns) {
    const double factor = b_[static_cast<size_t>(row * rank_ + k)];
    for (size_t i = 0; i < columns; ++i) scratch.sums[i] += factor * static_cast<double>(a[i]);
  }
  scratch.product.resize(columns);
  for (size_t i = 0; i < columns; ++i) scratch.product[i] = static_cast<float>(scratch.sums[i]) * scale_;
  for (const StorageType type : roundings_) round_values(scratch.product, type, scratch.packed);
}

void ChangedWeight::sum(int64_t row, float* values, Scratch& scratch) const {
  product(row, scratch);
  const auto bytes = weight_.source->rows(row, 1, scratch.packed);
  codecs::codec_of(weight_.storage).decode(bytes.data(), values, weight_.shape.row_length());
  for (size_t i = 0; i < scratch.product.size(); ++i) values[i] += scratch.product[i];
}

float ChangedWeight::magnitude_factor(int64_t row, const float* sum) const {
  if (magnitude_.empty()) return 1;
  double squares = 0;
  for (int64_t i = 0; i < weight_.shape.row_length(); ++i) squares += static_cast<double>(sum[i]) * sum[i];
  if (squares == 0) return 0;
  return magnitude_[static_cast<size_t>(row)] / static_cast<float>(std::sqrt(squares));
}

Tensor merged_tensor(Tensor weight, const LowRankChange& change, double strength) {
  std::string name = weight.name;
  const Shape shape = weight.shape;
  auto source = std::make_shared<MergedRows>(ChangedWeight(std::move(weight), change, strength));
  return {std::move(name), shape, &codecs::f32.info, std::move(source)};
}

}  // namespace adze::model
