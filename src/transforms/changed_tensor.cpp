#include "transforms/changed_tensor.h"

#include <algorithm>
#include <cstring>
#include <mutex>
#include <utility>

#include "codecs/codec.h"

namespace adze::transforms {
namespace {

// Rows, or columns, that are rotated side by side; every one by itself.
constexpr int64_t kLanes = 16;

/// Another tensor's rows as floats.
class DecodedRows {
 public:
  explicit DecodedRows(model::Tensor tensor)
      : tensor_(std::move(tensor)), decode_(codecs::codec_of(tensor_.storage).decode) {}

  void read(int64_t first, int64_t count, float* values) const {
    std::vector<std::byte> scratch;
    decode_(tensor_.source->rows(first, count, scratch).data(), values, count * columns());
  }
  int64_t rows() const { return tensor_.shape.row_count(); }
  int64_t columns() const { return tensor_.shape.row_length(); }
  const model::TensorSource& source() const { return *tensor_.source; }

 private:
  const model::Tensor tensor_;
  const codecs::DecodeFunction decode_;
};

/// Rows of f32 that derive from another tensor's rows.
class ChangedRows : public model::TensorSource {
 public:
  explicit ChangedRows(model::Tensor original) : original_(std::move(original)) {}

  std::span<const std::byte> rows(int64_t first, int64_t count, std::vector<std::byte>& scratch) const final {
    std::vector<float> values(static_cast<size_t>(count * original_.columns()));
    compute(first, count, values.data());
    scratch.resize(values.size() * sizeof(float));
    std::memcpy(scratch.data(), values.data(), scratch.size());
    return scratch;
  }
  void release(int64_t first, int64_t count) const override { original_.source().release(first, count); }
  std::string where() const final { return original_.source().where(); }

 protected:
  virtual void compute(int64_t first, int64_t count, float* values) const = 0;
  const DecodedRows original_;
};

class ColumnsScaled final : public ChangedRows {
 public:
  ColumnsScaled(model::Tensor original, Factors factors)
      : ChangedRows(std::move(original)), factors_(std::move(factors)) {}

 private:
  void compute(int64_t first, int64_t count, float* values) const override {
    original_.read(first, count, values);
    const int64_t columns = original_.columns();
    for (int64_t i = 0; i < count * columns; ++i) values[i] *= (*factors_)[static_cast<size_t>(i % columns)];
  }
  const Factors factors_;
};

class RowsScaled final : public ChangedRows {
 public:
  RowsScaled(model::Tensor original, Factors factors)
      : ChangedRows(std::move(original)), factors_(std::move(factors)) {}

 private:
  void compute(int64_t first, int64_t count, float* values) const override {
    original_.read(first, count, values);
    const int64_t columns = original_.columns();
    for (int64_t i = 0; i < count * columns; ++i) values[i] *= (*factors_)[static_cast<size_t>(first + i / columns)];
  }
  const Factors factors_;
};

class ColumnsRotated final : public ChangedRows {
 public:
  ColumnsRotated(model::Tensor original, std::shared_ptr<const Rotation> rotation)
      : ChangedRows(std::move(original)), rotation_(std::move(rotation)) {}

 private:
  void compute(int64_t first, int64_t count, float* values) const override {
    original_.read(first, count, values);
    const int64_t columns = original_.columns();
    std::vector<double> lanes, scratch;
    for (int64_t row = 0; row < count; row += kLanes) {
      rotate(values + row * columns, std::min(kLanes, count - row), lanes, scratch);
    }
  }

  // Some rows, turned so that they lie side by side.
  void rotate(float* values, int64_t rows, std::vector<double>& lanes, std::vector<double>& scratch) const {
    const int64_t columns = original_.columns();
    lanes.resize(static_cast<size_t>(columns * rows));
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < columns; ++c) lanes[static_cast<size_t>(c * rows + r)] = values[r * columns + c];
    }
    for (int64_t c = 0; c < columns; c += rotation_->size()) rotation_->apply(lanes.data() + c * rows, rows, scratch);
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < columns; ++c) {
        values[r * columns + c] = static_cast<float>(lanes[static_cast<size_t>(c * rows + r)]);
      }
    }
  }
  const std::shared_ptr<const Rotation> rotation_;
};

class RowsRotated final : public ChangedRows {
 public:
  RowsRotated(model::Tensor original, std::shared_ptr<const Rotation> rotation)
      : ChangedRows(std::move(original)), rotation_(std::move(rotation)) {}

  void release(int64_t first, int64_t count) const override {
    if (count < original_.rows()) return;
    original_.source().release(first, count);
    const std::lock_guard lock(mutex_);
    whole_.reset();
  }

 private:
  using Whole = std::shared_ptr<const std::vector<float>>;

  void compute(int64_t first, int64_t count, float* values) const override {
    const int64_t columns = original_.columns();
    const auto whole = rotated();
    std::copy_n(whole->data() + first * columns, count * columns, values);
  }

  // Whoever comes first makes it, the others wait for it.
  Whole rotated() const {
    const std::lock_guard lock(mutex_);
    if (!whole_) {
      auto whole = std::make_shared<std::vector<float>>(static_cast<size_t>(original_.rows() * original_.columns()));
      original_.read(0, original_.rows(), whole->data());
      std::vector<double> lanes, scratch;
      for (int64_t row = 0; row < original_.rows(); row += rotation_->size()) {
        for (int64_t c = 0; c < original_.columns(); c += kLanes) rotate(*whole, row, c, lanes, scratch);
      }
      whole_ = std::move(whole);
    }
    return whole_;
  }

  void rotate(std::vector<float>& whole, int64_t first_row, int64_t first_column, std::vector<double>& lanes,
              std::vector<double>& scratch) const {
    const int64_t columns = original_.columns();
    const int64_t width = std::min(kLanes, columns - first_column);
    float* corner = whole.data() + first_row * columns + first_column;
    lanes.resize(static_cast<size_t>(rotation_->size() * width));
    for (int64_t r = 0; r < rotation_->size(); ++r) std::copy_n(corner + r * columns, width, lanes.data() + r * width);
    rotation_->apply(lanes.data(), width, scratch);
    for (int64_t r = 0; r < rotation_->size(); ++r) {
      for (int64_t c = 0; c < width; ++c)
        corner[r * columns + c] = static_cast<float>(lanes[static_cast<size_t>(r * width + c)]);
    }
  }

  const std::shared_ptr<const Rotation> rotation_;
  mutable std::mutex mutex_;
  mutable Whole whole_;
};

template <typename Source, typename Change>
model::Tensor changed(model::Tensor tensor, Change change) {
  model::Tensor result{tensor.name, tensor.shape, &codecs::f32.info, nullptr};
  result.source = std::make_shared<Source>(std::move(tensor), std::move(change));
  return result;
}

}  // namespace

model::Tensor with_columns_scaled(model::Tensor tensor, Factors factors) {
  return changed<ColumnsScaled>(std::move(tensor), std::move(factors));
}

model::Tensor with_rows_scaled(model::Tensor tensor, Factors factors) {
  return changed<RowsScaled>(std::move(tensor), std::move(factors));
}

model::Tensor with_columns_rotated(model::Tensor tensor, std::shared_ptr<const Rotation> rotation) {
  return changed<ColumnsRotated>(std::move(tensor), std::move(rotation));
}

model::Tensor with_rows_rotated(model::Tensor tensor, std::shared_ptr<const Rotation> rotation) {
  return changed<RowsRotated>(std::move(tensor), std::move(rotation));
}

model::Tensor ones(std::string name, int64_t size) {
  const std::vector<float> values(static_cast<size_t>(size), 1.0f);
  const auto bytes = std::as_bytes(std::span(values));
  return model::owned_tensor(std::move(name), Shape{size}, &codecs::f32.info, {bytes.begin(), bytes.end()});
}

}  // namespace adze::transforms
