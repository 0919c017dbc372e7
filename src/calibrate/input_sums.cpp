#include "calibrate/input_sums.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <limits>

#include "base/error.h"

namespace adze::calibrate {
namespace {

constexpr int kDroppedBits = 19;  // of the 31 of a magnitude

size_t magnitude_of(float x) { return (std::bit_cast<uint32_t>(x) & 0x7fffffffu) >> kDroppedBits; }

// The largest magnitude that counts there.
float upper_end(size_t magnitude) {
  return std::bit_cast<float>(static_cast<uint32_t>((magnitude + 1) << kDroppedBits) - 1);
}

std::vector<float> as_floats(const std::vector<double>& values) { return {values.begin(), values.end()}; }

}  // namespace

InputSums::InputSums(int64_t columns)
    : square_sums(static_cast<size_t>(columns)),
      sums(static_cast<size_t>(columns)),
      minima(static_cast<size_t>(columns), std::numeric_limits<float>::infinity()),
      maxima(static_cast<size_t>(columns), -std::numeric_limits<float>::infinity()),
      magnitudes(kMagnitudes) {}

int64_t InputSums::bytes() const {
  return static_cast<int64_t>(sums.size() * (2 * sizeof(double) + 2 * sizeof(float)) + kMagnitudes * sizeof(int64_t));
}

void InputSums::add(const ops::TensorView& rows, const Team& team) {
  const Range columns = team.share(sums.size(), 16);
  add_columns(rows, columns);
  count_magnitudes(rows, columns);
  if (team.thread() == 0) count += rows.rows;
}

void InputSums::add_columns(const ops::TensorView& rows, Range columns) {
  for (int64_t row = 0; row < rows.rows; ++row) {
    const float* x = rows.floats(row);
    for (size_t i = columns.begin; i < columns.end; ++i) {
      const double value = x[i];
      square_sums[i] += value * value;
      sums[i] += value;
      minima[i] = x[i] < minima[i] ? x[i] : minima[i];
      maxima[i] = x[i] > maxima[i] ? x[i] : maxima[i];
    }
  }
}

void InputSums::count_magnitudes(const ops::TensorView& rows, Range columns) {
  std::array<uint32_t, kMagnitudes> counted{};
  for (int64_t row = 0; row < rows.rows; ++row) {
    const float* x = rows.floats(row);
    for (size_t i = columns.begin; i < columns.end; ++i) ++counted[magnitude_of(x[i])];
  }
  for (size_t i = 0; i < kMagnitudes; ++i) {
    if (counted[i]) std::atomic_ref(magnitudes[i]).fetch_add(counted[i], std::memory_order_relaxed);
  }
}

std::vector<float> InputSums::quantiles() const {
  float largest = 0;
  for (size_t i = 0; i < minima.size(); ++i) largest = std::max({largest, -minima[i], maxima[i]});
  const auto total = static_cast<double>(count) * static_cast<double>(sums.size());
  std::vector<float> values;
  for (const float share : model::kQuantileShares) {
    double seen = 0;
    size_t magnitude = 0;
    while (magnitude + 1 < kMagnitudes && (seen += static_cast<double>(magnitudes[magnitude])) < share * total) {
      ++magnitude;
    }
    values.push_back(std::min(largest, upper_end(magnitude)));
  }
  return values;
}

model::InputStatistics InputSums::statistics(const std::string& weight) const {
  for (const double sum : square_sums) {
    if (!std::isfinite(sum)) fail(ErrorCode::bad_input, "the inputs of '{}' are not finite", weight);
  }
  model::InputStatistics result;
  result.columns = static_cast<int64_t>(sums.size());
  result.counts = {count};
  result.square_sums = as_floats(square_sums);
  result.sums = as_floats(sums);
  if (count == 0) return result;
  result.minima = minima;
  result.maxima = maxima;
  result.quantiles = quantiles();
  return result;
}

}  // namespace adze::calibrate
