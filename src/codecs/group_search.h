// The search for the scale of one group of any size and kind. Every sum runs over the group in order.
#pragma once

#include <vector>

#include "codecs/group_codecs.h"

namespace adze::codecs {

class GroupSearch {
 public:
  explicit GroupSearch(const GroupLayout& layout);

  /// `importance` may be null.
  void encode(const float* values, const float* importance, std::byte* packed);

 private:
  /// value = scale * (level[code] - zero) + offset
  struct Fit {
    double scale = 0;
    double offset = 0;
    int zero = 0;
  };
  /// Weighted sums over the group for its nearest codes.
  struct Sums {
    double error = 0;
    double x = 0, level = 0, level_x = 0, level_level = 0;
  };

  void load(const float* values, const float* importance);
  std::vector<Fit> starts() const;
  std::vector<Fit> integer_starts(double share) const;
  Fit storable(Fit fit) const;
  double level_of(uint8_t code, int zero) const;
  uint8_t nearest(const Fit& fit, double value) const;
  Sums measure(const Fit& fit) const;
  Fit least_squares(const Fit& fit, const Sums& sums) const;
  void consider(Fit fit);

  const GroupLayout& layout_;
  const bool moves_scale_;  // least squares help: not with steps of a power of two between scales
  std::vector<float> x_, w_;
  double weight_ = 0;
  float smallest_ = 0, largest_ = 0;
  Fit best_;
  double best_error_ = 0;
};

}  // namespace adze::codecs
