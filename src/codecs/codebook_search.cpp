#include "codecs/codebook_search.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace adze::codecs {
namespace {

/// Level numbers of a packed point.
struct PointLevels {
  int dimensions;
  uint16_t packed;

  int operator[](int i) const {
    const int bits = 16 / dimensions;
    return packed >> (bits * i) & ((1 << bits) - 1);
  }
  /// The number of the half that begins at coordinate `first`.
  int half(int first, int levels) const {
    int number = 0;
    for (int i = first; i < first + dimensions / 2; ++i) number = number * levels + (*this)[i];
    return number;
  }
};

}  // namespace

CodebookSearch::CodebookSearch(const uint16_t* packed, int points, std::vector<int8_t> values,
                               const std::vector<float>& shifts)
    : points_(points), codes_(static_cast<size_t>(points)) {
  const int dimensions = values.size() == 4 ? 8 : 4;
  const int levels = dimensions == 8 ? 3 : 8;  // the fourth number of two bits is not used
  const auto levels_of = [&](uint16_t code) { return PointLevels{dimensions, packed[code]}; };
  const auto order = [&](uint16_t code) {
    return levels_of(code).half(0, levels) * kMaxHalves + levels_of(code).half(dimensions / 2, levels);
  };
  std::iota(codes_.begin(), codes_.end(), uint16_t{0});
  std::sort(codes_.begin(), codes_.end(), [&](uint16_t a, uint16_t b) { return order(a) < order(b); });

  for (const uint16_t code : codes_) {
    const auto half = static_cast<uint8_t>(levels_of(code).half(0, levels));
    if (run_half_.empty() || run_half_.back() != half) {
      run_half_.push_back(half);
      run_end_.push_back(static_cast<uint16_t>(second_.size()));
    }
    second_.push_back(static_cast<uint8_t>(levels_of(code).half(dimensions / 2, levels)));
    ++run_end_.back();
  }
  for (const float shift : shifts) {
    SplitCodebook book{dimensions,      levels,        {}, points, static_cast<int>(run_half_.size()), run_half_.data(),
                       run_end_.data(), second_.data()};
    for (int l = 0; l < levels; ++l) {
      book.level[l] = static_cast<float>(values[static_cast<size_t>(l)]) + shift;
      largest_level_ = std::max(largest_level_, std::fabs(book.level[l]));
    }
    for (const uint16_t code : codes_) {
      for (int i = 0; i < dimensions; ++i) coordinates_.push_back(book.level[levels_of(code)[i]]);
    }
    books_.push_back(book);
  }
}

}  // namespace adze::codecs
