#include "calibrate/input_sums.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

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

InputSums::InputSums(int64_t columns, int64_t matrices)
    : counts(static_cast<size_t>(matrices)),
      square_sums(static_cast<size_t>(matrices * columns)),
      sums(static_cast<size_t>(matrices * columns)),
      minima(static_cast<size_t>(matrices * columns), std::numeric_limits<float>::infinity()),
      maxima(static_cast<size_t>(matrices * columns), -std::numeric_limits<float>::infinity()),
      magnitudes(kMagnitudes) {}

int64_t InputSums::bytes() const {
  return static_cast<int64_t>(sums.size() * (2 * sizeof(double) + 2 * sizeof(float)) +
                              (kMagnitudes + counts.size()) * sizeof(int64_t));
}

void InputSums::add(const ops::TensorView& rows, const ops::TensorView* experts, const Team& team) {
  const Range columns = team.share(sums.size() / counts.size(), 16);
  const int32_t* chosen = experts ? experts->ints(0) : nullptr;
  const int64_t uses = experts ? experts->rows * experts->row_length : rows.rows;
  const int64_t uses_of_row = uses / std::max<int64_t>(1, rows.rows);
  std::array<uint32_t, kMagnitudes> counted{};
  for (int64_t use = 0; use < uses; ++use) {
    const float* x = rows.floats(use / uses_of_row);
    const int64_t matrix = chosen ? chosen[use] : 0;
    add_row(x, matrix, columns);
    for (size_t i = columns.begin; i < columns.end; ++i) ++counted[magnitude_of(x[i])];
    if (team.thread() == 0) ++counts[static_cast<size_t>(matrix)];
  }
  add_magnitudes(counted.data());
}

void InputSums::add_row(const float* x, int64_t matrix, Range columns) {
  const size_t first = static_cast<size_t>(matrix) * (sums.size() / counts.size());
  for (size_t i = columns.begin; i < columns.end; ++i) {
    const double value = x[i];
    const size_t at = first + i;
    square_sums[at] += value * value;
    sums[at] += value;
    minima[at] = x[i] < minima[at] ? x[i] : minima[at];
    maxima[at] = x[i] > maxima[at] ? x[i] : maxima[at];
  }
}

void InputSums::add_magnitudes(const uint32_t* counted) {
  for (size_t i = 0; i < kMagnitudes; ++i) {
    if (counted[i]) std::atomic_ref(magnitudes[i]).fetch_add(counted[i], std::memory_order_relaxed);
  }
}

std::vector<float> InputSums::quantiles() const {
  float largest = 0;
  for (size_t i = 0; i < minima.size(); ++i) largest = std::max({largest, -minima[i], maxima[i]});
  const auto total = static_cast<double>(std::accumulate(counts.begin(), counts.end(), int64_t{0})) *
                     static_cast<double>(sums.size() / counts.size());
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
  result.columns = static_cast<int64_t>(sums.size() / counts.size());
  result.counts = counts;
  result.square_sums = as_floats(square_sums);
  result.sums = as_floats(sums);
  if (std::all_of(counts.begin(), counts.end(), [](int64_t count) { return count == 0; })) return result;
  const auto finite = [](std::vector<float> values) {  // those of experts that saw nothing are not
    for (float& value : values) value = std::isinf(value) ? 0 : value;
    return values;
  };
  result.minima = finite(minima);
  result.maxima = finite(maxima);
  result.quantiles = quantiles();
  return result;
}

}  // namespace adze::calibrate
