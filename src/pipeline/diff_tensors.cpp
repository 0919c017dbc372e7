#include "pipeline/diff_tensors.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "codecs/codec.h"

namespace adze::pipeline {
namespace {

// Values compared at a time: both copies stay in the second-level cache.
constexpr int64_t kNumbersAtATime = 32 << 10;

struct Sums {
  int64_t different_values = 0;
  int64_t different_rows = 0;
  int64_t first_row = -1;
  int64_t worst_row = -1;
  double max_error = 0;
  double error = 0;
  double squared_error = 0;
  double squared_value = 0;
};

void add_to(Sums& total, const Sums& part) {
  if (total.first_row < 0) total.first_row = part.first_row;
  if (part.max_error > total.max_error) {
    total.max_error = part.max_error;
    total.worst_row = part.worst_row;
  }
  total.different_values += part.different_values;
  total.different_rows += part.different_rows;
  total.error += part.error;
  total.squared_error += part.squared_error;
  total.squared_value += part.squared_value;
}

// Distance of two values; infinite where only one is a number, or both are different infinities.
double distance(float a, float b) {
  if (a == b || (std::isnan(a) && std::isnan(b))) return 0;
  const double error = std::abs(static_cast<double>(a) - static_cast<double>(b));
  return std::isnan(error) ? std::numeric_limits<double>::infinity() : error;
}

Sums compare_row(const float* a, const float* b, int64_t columns, int64_t row) {
  Sums sums;
  for (int64_t i = 0; i < columns; ++i) {
    const double error = distance(a[i], b[i]);
    if (std::isfinite(a[i])) sums.squared_value += static_cast<double>(a[i]) * static_cast<double>(a[i]);
    if (error == 0) continue;
    ++sums.different_values;
    sums.max_error = std::max(sums.max_error, error);
    sums.error += error;
    sums.squared_error += error * error;
  }
  sums.different_rows = sums.different_values > 0;
  if (sums.different_rows) sums.first_row = sums.worst_row = row;
  return sums;
}

class Comparison {
 public:
  Comparison(const model::Tensor& a, const model::Tensor& b)
      : a_(a), b_(b), decode_a_(codecs::codec_of(a.storage).decode), decode_b_(codecs::codec_of(b.storage).decode) {}

  Sums run(ThreadPool& pool) const {
    const int64_t rows = a_.shape.row_count();
    const int64_t step = std::max<int64_t>(1, kNumbersAtATime / std::max<int64_t>(1, a_.shape.row_length()));
    std::vector<Sums> parts(static_cast<size_t>((rows + step - 1) / step));
    pool.for_each(parts.size(), [&](size_t part) {
      const int64_t first = static_cast<int64_t>(part) * step;
      parts[part] = compare_rows(first, std::min(step, rows - first));
    });
    Sums total;
    for (const Sums& part : parts) add_to(total, part);
    return total;
  }

 private:
  Sums compare_rows(int64_t first, int64_t count) const {
    std::vector<std::byte> scratch_a;
    std::vector<std::byte> scratch_b;
    const auto bytes_a = a_.source->rows(first, count, scratch_a);
    const auto bytes_b = b_.source->rows(first, count, scratch_b);
    const int64_t columns = a_.shape.row_length();
    std::vector<float> values_a(static_cast<size_t>(count * columns));
    std::vector<float> values_b(values_a.size());
    decode_a_(bytes_a.data(), values_a.data(), count * columns);
    decode_b_(bytes_b.data(), values_b.data(), count * columns);
    Sums sums;
    for (int64_t row = 0; row < count; ++row) {
      add_to(sums, compare_row(&values_a[static_cast<size_t>(row * columns)],
                               &values_b[static_cast<size_t>(row * columns)], columns, first + row));
    }
    a_.source->release(first, count);
    b_.source->release(first, count);
    return sums;
  }

  const model::Tensor& a_;
  const model::Tensor& b_;
  const codecs::DecodeFunction decode_a_;
  const codecs::DecodeFunction decode_b_;
};

TensorDifference described(const model::Tensor* a, const model::Tensor* b, TensorDifference::Kind kind) {
  TensorDifference difference{.name = a ? a->name : b->name, .kind = kind};
  if (a) {
    difference.first_shape = a->shape;
    difference.first_storage = a->storage;
  }
  if (b) {
    difference.second_shape = b->shape;
    difference.second_storage = b->storage;
  }
  return difference;
}

TensorDifference described(const model::Tensor& a, const model::Tensor& b, const Sums& sums) {
  TensorDifference difference = described(&a, &b, TensorDifference::Kind::values);
  difference.different_values = sums.different_values;
  difference.different_rows = sums.different_rows;
  difference.first_row = sums.first_row;
  difference.worst_row = sums.worst_row;
  difference.max_error = sums.max_error;
  difference.mean_error = sums.error / static_cast<double>(a.shape.element_count());
  const double infinite = std::numeric_limits<double>::infinity();
  difference.relative_error = sums.squared_value > 0 ? std::sqrt(sums.squared_error / sums.squared_value) : infinite;
  return difference;
}

}  // namespace

const char* kind_name(TensorDifference::Kind kind) {
  switch (kind) {
    case TensorDifference::Kind::only_first:
      return "only in the first";
    case TensorDifference::Kind::only_second:
      return "only in the second";
    case TensorDifference::Kind::shape:
      return "shape";
    case TensorDifference::Kind::values:
      return "values";
  }
  return "values";
}

TensorComparison compare_tensors(const model::Model& first, const model::Model& second, double tolerance,
                                 ThreadPool& pool, Progress& progress) {
  using Kind = TensorDifference::Kind;
  TensorComparison result;
  const auto total = static_cast<uint64_t>(first.tensors.byte_size());
  uint64_t done = 0;
  for (const model::Tensor& a : first.tensors) {
    throw_if_cancelled(progress);
    const model::Tensor* b = second.tensors.find(a.name);
    if (!b || b->shape != a.shape) {
      result.differences.push_back(described(&a, b, b ? Kind::shape : Kind::only_first));
    } else {
      ++result.compared;
      const Sums sums = Comparison(a, *b).run(pool);
      const auto difference = described(a, *b, sums);
      if (sums.different_values > 0 && !(difference.relative_error <= tolerance)) {
        result.differences.push_back(difference);
      }
    }
    done += static_cast<uint64_t>(a.byte_size());
    progress.update("comparing tensors", done, total);
  }
  for (const model::Tensor& b : second.tensors) {
    if (!first.tensors.contains(b.name)) result.differences.push_back(described(nullptr, &b, Kind::only_second));
  }
  return result;
}

}  // namespace adze::pipeline
