// What running a model over text tells about the inputs of its weights: what calibrating writes and quantizers read.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/tensor.h"

namespace adze::model {

/// Shares of the inputs of a weight for which InputStatistics::quantiles says how large they are at most.
inline constexpr std::array<float, 6> kQuantileShares = {0.5f, 0.9f, 0.99f, 0.999f, 0.9999f, 1.0f};

/// The inputs of one weight [matrices, rows, columns]; matrices are the experts of a stacked weight, else 1. What is
/// empty or null was not recorded.
struct InputStatistics {
  int64_t columns = 0;
  std::vector<int64_t> counts;     // [matrices] inputs (tokens) that were seen
  std::vector<float> square_sums;  // [matrices, columns] of squared inputs
  std::vector<float> sums;         // [matrices, columns]
  std::vector<float> minima;       // [matrices, columns]
  std::vector<float> maxima;       // [matrices, columns]
  std::vector<float> quantiles;    // of |input| over all columns, one per share
  /// Sum over inputs x of x x^T, its lower triangle row by row: f32 [columns * (columns + 1) / 2]. Weights that read
  /// the same inputs share it.
  std::shared_ptr<const Tensor> hessian;

  int64_t matrices() const { return static_cast<int64_t>(counts.size()); }
};

struct ActivationStatistics {
  std::string source;                 // file that they were read from, for messages
  std::vector<std::string> datasets;  // names of the texts
  int64_t chunk_count = 0;
  int64_t chunk_tokens = 0;  // 0: not known
  /// Old files count chunks where newer ones count tokens; their sums are means times that count.
  bool counts_are_chunks = false;

  std::map<std::string, InputStatistics, std::less<>> inputs;  // by the weight's canonical name

  const InputStatistics* find(std::string_view weight) const;
};

/// Mean squared input per column, [matrices, columns]; 1 for an expert that saw nothing.
std::vector<float> mean_squares(const InputStatistics& inputs);

/// Numbers in the lower triangle of a matrix of `columns` rows.
inline int64_t triangle_size(int64_t columns) { return columns * (columns + 1) / 2; }

/// An expert of a stacked weight that saw fewer than `fewest` inputs.
struct RareExpert {
  std::string weight;
  int64_t expert;
  int64_t count;
};
std::vector<RareExpert> experts_with_little_data(const ActivationStatistics& statistics, int64_t fewest);

}  // namespace adze::model
