#include "codecs/group_search.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "codecs/group_blocks.h"
#include "codecs/lane_fit.h"

namespace adze::codecs {
namespace {

// How much of the range the codes span: numbers beyond are clipped.
constexpr double kShares[] = {1.0, 0.95, 0.9, 0.85, 0.8, 0.7, 0.6};
constexpr int kRounds = 2;

bool is_float_scale(GroupScale scale) { return scale != GroupScale::e8m0 && scale != GroupScale::e4m3; }

}  // namespace

GroupSearch::GroupSearch(const GroupLayout& layout)
    : layout_(layout),
      moves_scale_(is_float_scale(layout.scale)),
      x_(static_cast<size_t>(layout.group)),
      w_(static_cast<size_t>(layout.group)) {}

void GroupSearch::load(const float* values, const float* importance) {
  float most = 0;
  smallest_ = largest_ = finite_value(values[0]);
  for (size_t i = 0; i < x_.size(); ++i) {
    x_[i] = finite_value(values[i]);
    w_[i] = importance ? finite_weight(importance[i]) : 1.0f;
    most = std::max(most, w_[i]);
    smallest_ = std::min(smallest_, x_[i]);
    largest_ = std::max(largest_, x_[i]);
  }
  weight_ = 0;
  for (float& w : w_) {
    w = most > 1e-30f ? w / most : 1.0f;
    weight_ += static_cast<double>(w);
  }
}

std::vector<GroupSearch::Fit> GroupSearch::integer_starts(double share) const {
  const int last = (1 << layout_.bits) - 1;
  const int half = 1 << (layout_.bits - 1);
  if (layout_.offset == GroupOffset::none) {
    const double magnitude = share * static_cast<double>(std::max(largest_, -smallest_));
    return {{.scale = magnitude / (half - 1)}, {.scale = -magnitude / half}, {.scale = magnitude / half}};
  }
  const bool has_zero = layout_.offset == GroupOffset::zero_point;
  const double low = share * static_cast<double>(has_zero ? std::min(smallest_, 0.0f) : smallest_);
  const double high = share * static_cast<double>(has_zero ? std::max(largest_, 0.0f) : largest_);
  const double scale = (high - low) / last;
  if (!has_zero) return {{.scale = scale, .offset = low}};
  if (scale <= 0) return {{}};
  const int zero = static_cast<int>(std::nearbyint(-low / scale));
  std::vector<Fit> fits = {{.scale = scale, .zero = zero}};
  if (zero > 0) fits.push_back({.scale = scale, .zero = zero - 1});
  if (zero < last) fits.push_back({.scale = scale, .zero = zero + 1});
  return fits;
}

std::vector<GroupSearch::Fit> GroupSearch::starts() const {
  std::vector<Fit> all;
  const double top = static_cast<double>(largest_level(layout_.levels));
  const double magnitude = static_cast<double>(std::max(largest_, -smallest_));
  if (!moves_scale_) {  // neighbouring scales that can be stored
    for (const double share : {1.0, 0.5, 0.75, 0.875, 0.625, 1.25, 1.5})
      all.push_back({.scale = share * magnitude / top});
    return all;
  }
  if (layout_.levels == GroupLevels::e4m3 || layout_.levels == GroupLevels::e5m2) {
    // Floats of more bits are about as good with any scale that lets none of them overflow.
    return {{.scale = magnitude / top}, {.scale = 0.75 * magnitude / top}, {.scale = 0.625 * magnitude / top}};
  }
  for (const double share : kShares) {
    if (layout_.levels == GroupLevels::integers) {
      const auto fits = integer_starts(share);
      all.insert(all.end(), fits.begin(), fits.end());
    } else {
      all.push_back({.scale = share * magnitude / top});
      all.push_back({.scale = -share * magnitude / top});
    }
  }
  return all;
}

GroupSearch::Fit GroupSearch::storable(Fit fit) const {
  fit.scale = static_cast<double>(nearest_scale(layout_.scale, static_cast<float>(fit.scale)));
  if (layout_.offset == GroupOffset::offset) {
    fit.offset = static_cast<double>(nearest_scale(layout_.scale, static_cast<float>(fit.offset)));
  }
  return fit;
}

double GroupSearch::level_of(uint8_t code, int zero) const {
  if (layout_.levels != GroupLevels::integers) return static_cast<double>(group_level_table(layout_.levels)[code]);
  return code - (layout_.offset == GroupOffset::none ? 1 << (layout_.bits - 1) : zero);
}

uint8_t GroupSearch::nearest(const Fit& fit, double value) const {
  const double wanted = fit.scale != 0 ? (value - fit.offset) / fit.scale : 0;
  if (layout_.levels != GroupLevels::integers) return nearest_level_code(layout_.levels, static_cast<float>(wanted));
  const int zero = layout_.offset == GroupOffset::none ? 1 << (layout_.bits - 1) : fit.zero;
  return static_cast<uint8_t>(std::clamp<double>(std::nearbyint(wanted) + zero, 0, (1 << layout_.bits) - 1));
}

GroupSearch::Sums GroupSearch::measure(const Fit& fit) const {
  Sums sums;
  for (size_t i = 0; i < x_.size(); ++i) {
    const double x = static_cast<double>(x_[i]), w = static_cast<double>(w_[i]);
    const double level = level_of(nearest(fit, x), fit.zero);
    const double error = x - (fit.scale * level + fit.offset);
    sums.error += w * error * error;
    sums.x += w * x;
    sums.level += w * level;
    sums.level_x += w * level * x;
    sums.level_level += w * level * level;
  }
  return sums;
}

GroupSearch::Fit GroupSearch::least_squares(const Fit& fit, const Sums& sums) const {
  Fit moved = fit;
  if (layout_.offset == GroupOffset::offset) {
    const double determinant = weight_ * sums.level_level - sums.level * sums.level;
    if (!(determinant > 1e-6 * weight_ * sums.level_level)) return fit;
    moved.scale = (weight_ * sums.level_x - sums.level * sums.x) / determinant;
    moved.offset = (sums.level_level * sums.x - sums.level * sums.level_x) / determinant;
  } else if (sums.level_level > 0) {
    moved.scale = sums.level_x / sums.level_level;
  }
  return moved;
}

void GroupSearch::consider(Fit fit) {
  for (int round = 0; round <= kRounds; ++round) {
    fit = storable(fit);
    const Sums sums = measure(fit);
    if (sums.error < best_error_) {
      best_error_ = sums.error;
      best_ = fit;
    }
    if (!moves_scale_) return;
    fit = least_squares(fit, sums);
  }
}

void GroupSearch::encode(const float* values, const float* importance, std::byte* packed) {
  load(values, importance);
  best_ = {};
  best_error_ = std::numeric_limits<double>::infinity();
  for (const Fit& start : starts()) consider(start);
  const MutableGroupBlock block(layout_, packed);
  store_scale(layout_.scale, static_cast<float>(best_.scale), block.scale);
  if (layout_.offset == GroupOffset::offset) store_scale(layout_.scale, static_cast<float>(best_.offset), block.offset);
  if (layout_.offset == GroupOffset::zero_point) *block.offset = static_cast<uint8_t>(best_.zero);
  std::vector<uint8_t> codes(x_.size());
  for (size_t i = 0; i < x_.size(); ++i) codes[i] = nearest(best_, static_cast<double>(x_[i]));
  pack_codes(codes.data(), layout_.bits, layout_.group, block.codes);
}

}  // namespace adze::codecs
