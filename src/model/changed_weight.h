// A weight with a low-rank change in it, row by row, as floats. Sums are of doubles in one fixed order, so that files
// made of them are the same on every machine.
#pragma once

#include <cstdint>
#include <vector>

#include "model/adapter.h"

namespace adze::model {

class ChangedWeight {
 public:
  /// `strength` multiplies the change's own scale. REQUIRES: check_adapter() was passed, the weight has rows.
  ChangedWeight(Tensor weight, const LowRankChange& change, double strength);

  const Tensor& weight() const { return weight_; }

  struct Scratch {
    std::vector<std::byte> packed;
    std::vector<double> sums;
    std::vector<float> product;
  };
  /// Row `row` of W + scale * B A, without the magnitude. As PEFT merges it, the product is rounded first to the type
  /// of A and B where that has 16 bits, and of a table that is looked up also to the table's type.
  void sum(int64_t row, float* values, Scratch& scratch) const;
  /// What the magnitude makes of the row: magnitude / length of the row of the sum; 0 for a row of zeros, 1 where there
  /// is no magnitude.
  float magnitude_factor(int64_t row, const float* sum) const;

 private:
  void product(int64_t row, Scratch& scratch) const;

  Tensor weight_;
  int64_t rank_;
  int64_t rows_per_pair_;  // of the weight: all, or those of an expert
  float scale_;
  std::vector<StorageType> roundings_;  // of the product, one after the other
  std::vector<float> a_;                // [pairs, rank, columns]
  std::vector<float> b_;                // [rows, rank]
  std::vector<float> magnitude_;
};

/// The weight with the change in it, in f32, computed as somebody asks for rows.
Tensor merged_tensor(Tensor weight, const LowRankChange& change, double strength);

}  // namespace adze::model
