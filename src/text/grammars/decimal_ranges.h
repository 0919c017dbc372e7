// Numbers within bounds, as JSON writes them without an exponent.
#pragma once

#include <optional>
#include <string>

#include "text/grammars/grammar.h"

namespace adze::text {

inline constexpr uint32_t kMaxIntegerDigits = 16;
inline constexpr uint32_t kMaxFractionDigits = 16;

/// A decimal number: its digits in front of the point (no leading zeros but "0") and behind it (no trailing zeros).
struct Decimal {
  bool is_negative = false;  // never of zero
  std::string integer = "0";
  std::string fraction;

  /// From what C++ and JSON write: "-12.50", "1e-07". Nothing when it has more than 300 digits.
  static std::optional<Decimal> parse(const std::string& text);
  /// Below, equal or above: -1, 0 or 1.
  int compare(const Decimal& other) const;
};

struct DecimalBound {
  Decimal value;
  bool is_exclusive = false;
};

struct DecimalRange {
  std::optional<DecimalBound> min;
  std::optional<DecimalBound> max;

  /// Keeps the narrower bound.
  void raise_min(const DecimalBound& bound);
  void lower_max(const DecimalBound& bound);
};

/// Whole numbers of at most kMaxIntegerDigits digits, without a point; all other numbers with at most
/// kMaxFractionDigits behind it.
ExpressionId add_integers(Grammar& grammar, const DecimalRange& range);
ExpressionId add_decimals(Grammar& grammar, const DecimalRange& range);

}  // namespace adze::text
