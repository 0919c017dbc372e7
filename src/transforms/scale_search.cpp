#include "transforms/scale_search.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.h"
#include "codecs/codec.h"
#include "transforms/output_error.h"

namespace adze::transforms {
namespace {

// Rows that a thread tries at a time.
constexpr int64_t kRowsAtATime = 16;
// Inputs that are hardly ever used get no smaller factor than this share of the largest's.
constexpr double kSmallest = 1e-4;

/// x^(k / steps) for k = 0 … steps.
std::vector<double> powers(double x, int steps) {
  double root = x;
  for (int i = 1; i < steps; i *= 2) root = std::sqrt(root);
  std::vector<double> result{1.0};
  for (int k = 1; k <= steps; ++k) result.push_back(result.back() * root);
  return result;
}

/// A sample of the rows of one matrix.
struct Sample {
  const codecs::Codec* codec;
  std::vector<float> values = {};  // [rows, columns]
  int64_t rows = 0;
  double size = 0;  // of its products, squared
};

class ScaleSearch {
 public:
  ScaleSearch(const ScaleProblem& problem, const ScaleSearchOptions& options)
      : problem_(problem), options_(options), output_error_(problem.inputs), columns_(problem.inputs.columns) {
    for (const auto& reader : problem.readers) samples_.push_back(sample_of(reader));
    means_ = model::mean_squares(problem.inputs);
    input_powers_ = powers_of(input_sizes());
    if (options_.divide_by_weights) weight_powers_ = powers_of(weight_sizes());
  }

  ScaleChoice run() {
    ScaleChoice best{.factors = std::vector<float>(static_cast<size_t>(problem_.factors), 1.0f)};
    best.error_before = best.error_after = error_with(best.factors);
    for (int k = 1; k <= options_.steps; ++k) {
      auto factors = factors_of(k);
      const double error = error_with(factors);
      if (!(error < best.error_after)) continue;
      best.factors = std::move(factors);
      best.error_after = error;
      best.exponent = static_cast<double>(k) / options_.steps;
    }
    return best;
  }

 private:
  using Powers = std::vector<std::vector<double>>;  // [factors][steps + 1]

  Sample sample_of(const ScaledReader& reader) const {
    const int64_t all = reader.tensor.shape.row_count();
    if (reader.tensor.shape.row_length() != columns_) {
      fail(ErrorCode::bad_input, "'{}' has {} columns, its statistics {}", reader.tensor.name,
           reader.tensor.shape.row_length(), columns_);
    }
    Sample sample{.codec = reader.codec, .rows = std::min(all, options_.rows)};
    sample.values.resize(static_cast<size_t>(sample.rows * columns_));
    const auto decode = codecs::codec_of(reader.tensor.storage).decode;
    std::vector<std::byte> scratch;
    for (int64_t i = 0; i < sample.rows; ++i) {
      const int64_t row = (2 * i + 1) * all / (2 * sample.rows);
      decode(reader.tensor.source->rows(row, 1, scratch).data(), sample.values.data() + i * columns_, columns_);
    }
    for (const double size : output_error_.of_rows(sample.values.data(), sample.rows)) sample.size += size;
    return sample;
  }

  template <typename SquareOf>
  std::vector<double> root_mean_squares(const SquareOf& square_of_column) const {
    std::vector<double> sums(static_cast<size_t>(problem_.factors)), counts(sums.size());
    for (size_t c = 0; c < problem_.factor_of_column.size(); ++c) {
      const auto factor = static_cast<size_t>(problem_.factor_of_column[c]);
      sums[factor] += square_of_column(c);
      counts[factor] += 1;
    }
    for (size_t i = 0; i < sums.size(); ++i) sums[i] = std::sqrt(sums[i] / std::max(1.0, counts[i]));
    return sums;
  }

  std::vector<double> input_sizes() const {
    return root_mean_squares([&](size_t c) { return static_cast<double>(means_[c]); });
  }

  // Over all matrices, each row by its largest number.
  std::vector<double> weight_sizes() const {
    std::vector<double> squares(static_cast<size_t>(columns_));
    for (const auto& sample : samples_) {
      for (int64_t r = 0; r < sample.rows; ++r) {
        const float* row = sample.values.data() + r * columns_;
        double largest = 0;
        for (int64_t c = 0; c < columns_; ++c) largest = std::max(largest, std::abs(static_cast<double>(row[c])));
        for (int64_t c = 0; c < columns_ && largest > 0; ++c) {
          const double share = row[c] / largest;
          squares[static_cast<size_t>(c)] += share * share;
        }
      }
    }
    return root_mean_squares([&](size_t c) { return squares[c]; });
  }

  Powers powers_of(std::vector<double> sizes) const {
    const double largest = *std::ranges::max_element(sizes);
    Powers result;
    for (const double size : sizes) {
      result.push_back(powers(largest > 0 ? std::max(size / largest, kSmallest) : 1.0, options_.steps));
    }
    return result;
  }

  std::vector<float> factors_of(int k) const {
    const auto step = static_cast<size_t>(k);
    std::vector<double> factors;
    for (size_t i = 0; i < input_powers_.size(); ++i) {
      factors.push_back(input_powers_[i][step]);
      if (!weight_powers_.empty()) factors.back() /= weight_powers_[i][static_cast<size_t>(options_.steps) - step];
    }
    const auto [smallest, largest] = std::ranges::minmax(factors);
    const double middle = std::sqrt(smallest * largest);
    std::vector<float> result;
    for (const double factor : factors) result.push_back(static_cast<float>(factor / middle));
    return result;
  }

  // Mean over the matrices, whose products may be of very different size.
  double error_with(const std::vector<float>& factors) const {
    std::vector<float> by_column;
    for (const int32_t factor : problem_.factor_of_column) by_column.push_back(factors[static_cast<size_t>(factor)]);
    quantize::InputStatistics statistics{means_};
    for (size_t c = 0; c < by_column.size(); ++c) statistics.importance[c] /= by_column[c] * by_column[c];
    double sum = 0;
    for (const auto& sample : samples_) {
      if (sample.size > 0) sum += error_of(sample, by_column, statistics) / sample.size;
    }
    return sum / static_cast<double>(samples_.size());
  }

  double error_of(const Sample& sample, const std::vector<float>& by_column,
                  const quantize::InputStatistics& statistics) const {
    const auto parts = static_cast<size_t>((sample.rows + kRowsAtATime - 1) / kRowsAtATime);
    std::vector<double> errors(parts);
    options_.pool.for_each(parts, [&](size_t part) {
      const int64_t first = static_cast<int64_t>(part) * kRowsAtATime;
      errors[part] = error_of_part(sample, first, by_column, statistics);
    });
    double sum = 0;
    for (const double error : errors) sum += error;
    return sum;
  }

  double error_of_part(const Sample& sample, int64_t first, const std::vector<float>& by_column,
                       const quantize::InputStatistics& statistics) const {
    const int64_t count = std::min(kRowsAtATime, sample.rows - first);
    const float* original = sample.values.data() + first * columns_;
    std::vector<float> values(original, original + count * columns_);
    for (size_t i = 0; i < values.size(); ++i) values[i] *= by_column[i % by_column.size()];
    std::vector<std::byte> packed(static_cast<size_t>(count * row_bytes(sample.codec->info, columns_)));
    const quantize::Settings settings(options_.quantizer.parameters, {});
    options_.quantizer.pack({values.data(), 0, count, columns_, count}, {*sample.codec, &statistics, settings},
                            packed.data());
    sample.codec->decode(packed.data(), values.data(), count * columns_);
    for (size_t i = 0; i < values.size(); ++i) values[i] = values[i] / by_column[i % by_column.size()] - original[i];
    double sum = 0;
    for (const double error : output_error_.of_rows(values.data(), count)) sum += error;
    return sum;
  }

  const ScaleProblem& problem_;
  const ScaleSearchOptions& options_;
  const OutputError output_error_;
  const int64_t columns_;
  std::vector<Sample> samples_;
  std::vector<float> means_;
  Powers input_powers_;
  Powers weight_powers_;
};

}  // namespace

ScaleChoice search_scales(const ScaleProblem& problem, const ScaleSearchOptions& options) {
  return ScaleSearch(problem, options).run();
}

}  // namespace adze::transforms
