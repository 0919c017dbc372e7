// A codebook prepared for finding the best point for weighted numbers.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "codecs/codebook_fit_kernel.h"

namespace adze::codecs {

class CodebookSearch {
 public:
  /// `packed` as in codebooks.h. One or two `shifts` are added to all coordinates: a codebook for each.
  template <size_t kPoints, size_t kLevels>
  CodebookSearch(const std::array<uint16_t, kPoints>& packed, const std::array<int8_t, kLevels>& levels,
                 const std::vector<float>& shifts = {0.0f})
      : CodebookSearch(packed.data(), kPoints, {levels.begin(), levels.end()}, shifts) {}

  CodebookSearch(const CodebookSearch&) = delete;

  /// Of all codebooks, or of one of them.
  SplitCodebooks books() const { return {books_.data(), static_cast<int>(books_.size())}; }
  SplitCodebooks book(int index) const { return {&books_[static_cast<size_t>(index)], 1}; }

  int dimensions() const { return books_.front().dimensions; }
  float largest_level() const { return largest_level_; }

  /// What is stored for the point at a position: position % points, so the same for every codebook.
  uint16_t code(int position) const { return codes_[static_cast<size_t>(position % points_)]; }
  int book_of(int position) const { return position / points_; }

  /// The coordinates of the point at a position, shift included.
  const float* point(int position) const { return &coordinates_[static_cast<size_t>(position * dimensions())]; }

 private:
  CodebookSearch(const uint16_t* packed, int points, std::vector<int8_t> levels, const std::vector<float>& shifts);

  int points_;
  float largest_level_ = 0;
  std::vector<SplitCodebook> books_;
  std::vector<uint16_t> codes_;  // by position
  std::vector<uint8_t> run_half_, second_;
  std::vector<uint16_t> run_end_;
  std::vector<float> coordinates_;
};

}  // namespace adze::codecs
