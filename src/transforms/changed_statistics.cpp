#include "transforms/changed_statistics.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "codecs/codec.h"

namespace adze::transforms {
namespace {

double factor_of(const InputChange& change, int64_t i) {
  return change.factors ? static_cast<double>((*change.factors)[static_cast<size_t>(i)]) : 1.0;
}

// Every run of `size` rows of `columns` numbers in a square matrix.
void rotate_rows(std::vector<double>& square, int64_t columns, const Rotation& rotation) {
  std::vector<double> scratch;
  for (int64_t row = 0; row < columns; row += rotation.size()) {
    rotation.apply(square.data() + row * columns, columns, scratch);
  }
}

void transpose(std::vector<double>& square, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < i; ++j)
      std::swap(square[static_cast<size_t>(i * n + j)], square[static_cast<size_t>(j * n + i)]);
  }
}

/// A H A^T of a Hessian's lower triangle, for inputs that become A x.
std::vector<float> changed_triangle(const std::vector<float>& triangle, int64_t n, const InputChange& change) {
  std::vector<double> square(static_cast<size_t>(n * n));
  size_t at = 0;
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j <= i; ++j) {
      const double value = static_cast<double>(triangle[at++]) * factor_of(change, i) * factor_of(change, j);
      square[static_cast<size_t>(i * n + j)] = square[static_cast<size_t>(j * n + i)] = value;
    }
  }
  if (change.rotation) {
    rotate_rows(square, n, *change.rotation);
    transpose(square, n);
    rotate_rows(square, n, *change.rotation);
  }
  std::vector<float> changed(triangle.size());
  at = 0;
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < i; ++j) changed[at++] = static_cast<float>(square[static_cast<size_t>(i * n + j)]);
    changed[at++] = static_cast<float>(std::max(0.0, square[static_cast<size_t>(i * n + i)]));
  }
  return changed;
}

class ChangedTriangle final : public model::TensorSource {
 public:
  ChangedTriangle(std::shared_ptr<const model::Tensor> original, int64_t columns, InputChange change)
      : original_(std::move(original)), columns_(columns), change_(std::move(change)) {}

  // A triangle is one row.
  std::span<const std::byte> rows(int64_t, int64_t, std::vector<std::byte>& scratch) const override {
    const auto changed = changed_triangle(model::decode_all(*original_), columns_, change_);
    scratch.resize(changed.size() * sizeof(float));
    std::memcpy(scratch.data(), changed.data(), scratch.size());
    return scratch;
  }
  void release(int64_t first, int64_t count) const override { original_->source->release(first, count); }
  std::string where() const override { return original_->source->where(); }

 private:
  const std::shared_ptr<const model::Tensor> original_;
  const int64_t columns_;
  const InputChange change_;
};

std::shared_ptr<const model::Tensor> changed_hessian(const std::shared_ptr<const model::Tensor>& original,
                                                     int64_t columns, const InputChange& change) {
  auto changed = std::make_shared<model::Tensor>(*original);
  changed->shape = Shape{original->shape.element_count()};
  changed->source = std::make_shared<ChangedTriangle>(original, columns, change);
  return changed;
}

void check(const model::InputStatistics& inputs, const std::string& weight, const InputChange& change) {
  const bool fits =
      inputs.matrices() == 1 && static_cast<int64_t>(inputs.square_sums.size()) == inputs.columns &&
      (!change.factors || static_cast<int64_t>(change.factors->size()) == inputs.columns) &&
      (!change.rotation || inputs.columns % change.rotation->size() == 0) &&
      (!inputs.hessian || (inputs.hessian->storage == &codecs::f32.info &&
                           inputs.hessian->shape.element_count() == model::triangle_size(inputs.columns)));
  if (!fits)
    fail(ErrorCode::bad_input, "the statistics of '{}' do not fit the model; were they made from another?", weight);
}

void scale(std::vector<float>& values, const InputChange& change, bool squared) {
  for (size_t i = 0; i < values.size(); ++i) {
    const double factor = factor_of(change, static_cast<int64_t>(i));
    values[i] = static_cast<float>(static_cast<double>(values[i]) * (squared ? factor * factor : factor));
  }
}

}  // namespace

void StatisticsChange::apply(model::InputStatistics& inputs, const std::string& weight) {
  check(inputs, weight, change_);
  inputs.minima.clear();
  inputs.maxima.clear();
  inputs.quantiles.clear();
  scale(inputs.square_sums, change_, true);
  scale(inputs.sums, change_, false);
  const bool is_sibling = inputs.hessian && inputs.hessian == original_;
  if (inputs.hessian && !is_sibling) {
    original_ = inputs.hessian;
    changed_ = changed_hessian(original_, inputs.columns, change_);
    squares_.clear();
  }
  if (inputs.hessian) inputs.hessian = changed_;
  if (!change_.rotation) return;
  std::vector<double> sums(inputs.sums.begin(), inputs.sums.end()), scratch;
  if (!sums.empty()) change_.rotation->apply_to_row(sums.data(), inputs.columns, scratch);
  std::copy(sums.begin(), sums.end(), inputs.sums.begin());
  if (!is_sibling || squares_.empty()) {
    rotate_squares(inputs);
    squares_ = inputs.square_sums;
  }
  inputs.square_sums = squares_;
}

void StatisticsChange::rotate_squares(model::InputStatistics& inputs) const {
  if (inputs.hessian) {
    const auto triangle = model::decode_all(*inputs.hessian);
    for (int64_t i = 0; i < inputs.columns; ++i) {
      inputs.square_sums[static_cast<size_t>(i)] = triangle[static_cast<size_t>(model::triangle_size(i + 1) - 1)];
    }
    inputs.hessian->source->release(0, 1);
    return;
  }
  const int64_t size = change_.rotation->size();
  std::vector<double> squares(inputs.square_sums.begin(), inputs.square_sums.end());
  std::vector<double> column(static_cast<size_t>(size)), scratch;
  std::vector<double> rotated(squares.size());
  for (int64_t j = 0; j < size; ++j) {
    std::fill(column.begin(), column.end(), 0.0);
    column[static_cast<size_t>(j)] = 1;
    change_.rotation->apply(column.data(), 1, scratch);
    for (size_t run = 0; run < squares.size(); run += column.size()) {
      const double square = squares[run + static_cast<size_t>(j)];
      for (size_t i = 0; i < column.size(); ++i) rotated[run + i] += column[i] * column[i] * square;
    }
  }
  std::copy(rotated.begin(), rotated.end(), inputs.square_sums.begin());
}

}  // namespace adze::transforms
