// What one rendering may cost, so that a hostile template ends in an Error instead of a hang or an exhausted machine.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/error.h"

namespace adze::text::jinja {

inline constexpr int kMaxSyntaxDepth = 200;         // nested expressions and statements of a template
inline constexpr int kMaxChainLinks = 2000;         // operators, filters and subscripts of one tag
inline constexpr int kMaxEvaluationDepth = 1000;    // nested evaluations, macro calls included
inline constexpr int kMaxValueDepth = 200;          // lists in lists, and objects that hold values
inline constexpr int64_t kMaxRangeLength = 100000;  // jinja2's sandbox has the same limit

class Budget {
 public:
  Budget(uint64_t steps, uint64_t bytes) : steps_left_(steps), bytes_left_(bytes) {}

  /// One step is about one visited node or one touched list item.
  void spend_steps(uint64_t steps) {
    if (steps > steps_left_) fail(ErrorCode::bad_input, "the template runs too long; simplify its loops");
    steps_left_ -= steps;
  }
  /// Counts every byte of text and data produced, kept or not.
  void spend_bytes(uint64_t bytes) {
    if (bytes > bytes_left_) {
      fail(ErrorCode::bad_input, "the template produces too much text or data; shorten what it repeats");
    }
    bytes_left_ -= bytes;
  }
  /// List items that refer to values which are there already.
  void spend_items(uint64_t count) {
    spend_steps(count);
    spend_bytes(count * kItemBytes);
  }
  /// New values with their own memory: strings of a split, entries of a dict.
  void spend_values(uint64_t count) {
    spend_steps(count);
    spend_bytes(count * kValueBytes);
  }
  /// For work that reads text without producing any.
  void spend_reading(uint64_t bytes) { spend_steps(bytes / 64); }

 private:
  static constexpr uint64_t kItemBytes = 32;
  static constexpr uint64_t kValueBytes = 160;
  uint64_t steps_left_;
  uint64_t bytes_left_;
};

}  // namespace adze::text::jinja
