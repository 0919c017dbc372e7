#include "text/grammars/decimal_ranges.h"

#include <algorithm>
#include <charconv>
#include <utility>

namespace adze::text {
namespace {

constexpr int kMaxExponent = 300;

// What is left of a bound while digits are read; nothing: any digits keep it by now.
using Rest = std::optional<std::string>;

bool is_zero(const std::string& digits) { return digits.find_first_not_of('0') == std::string::npos; }

// The bound's next digit and what is left behind it.
char first_of(const std::string& digits) { return digits.empty() ? '0' : digits[0]; }
std::string behind_first(const std::string& digits) { return digits.empty() ? digits : digits.substr(1); }

// Bounds of what is not negative. Digits are compared from the left, so the same walk serves both sides of the point.
struct Bounds {
  std::string min_integer;
  std::string min_fraction;
  bool excludes_min = false;
  std::string max_integer;
  std::string max_fraction;
  bool excludes_max = false;
};

int compare_integers(const std::string& a, const std::string& b) {
  if (a.size() != b.size()) return a.size() < b.size() ? -1 : 1;
  return a.compare(b);
}

class RangeWriter {
 public:
  RangeWriter(Grammar& grammar, bool has_fractions) : grammar_(grammar), has_fractions_(has_fractions) {}

  // Numbers from `bounds`, one length in front of the point after the other.
  ExpressionId write(const Bounds& bounds) {
    bounds_ = &bounds;
    std::vector<ExpressionId> lengths;
    for (size_t length = bounds.min_integer.size(); length <= bounds.max_integer.size(); ++length) {
      const std::string least = length == 1 ? "0" : "1" + std::string(length - 1, '0');
      const Rest min = length == bounds.min_integer.size() ? bounds.min_integer : least;
      const Rest max = length == bounds.max_integer.size() ? bounds.max_integer : std::string(length, '9');
      lengths.push_back(
          integer_digits({min, max}, length, length == bounds.min_integer.size(), length == bounds.max_integer.size()));
    }
    return grammar_.choice(std::move(lengths));
  }

 private:
  struct Rests {
    Rest min;
    Rest max;
    bool operator==(const Rests&) const = default;
  };

  ExpressionId digits(char first, char last) {
    return grammar_.characters({{static_cast<char32_t>(first), static_cast<char32_t>(last)}});
  }

  // What is left of the bounds behind `digit`; nothing at all when it breaks one.
  static std::optional<Rests> behind(const Rests& rests, char digit) {
    Rests next;
    if (rests.min) {
      if (digit < first_of(*rests.min)) return std::nullopt;
      if (digit == first_of(*rests.min)) next.min = behind_first(*rests.min);
    }
    if (rests.max) {
      if (digit > first_of(*rests.max)) return std::nullopt;
      if (digit == first_of(*rests.max)) next.max = behind_first(*rests.max);
    }
    return next;
  }

  // Each run of digits that leave the same of the bounds, with what may follow it.
  template <typename Follow>
  ExpressionId each_digit(const Rests& rests, Follow&& follow) {
    std::vector<ExpressionId> ways;
    for (char first = '0'; first <= '9';) {
      const auto next = behind(rests, first);
      char last = first;
      while (last < '9' && behind(rests, static_cast<char>(last + 1)) == next) ++last;
      if (next) ways.push_back(grammar_.sequence({digits(first, last), follow(*next)}));
      first = static_cast<char>(last + 1);
    }
    return grammar_.choice(std::move(ways));
  }

  // `is_min`, `is_max`: the digits are as long as the bound's, so that its fraction matters if all of them are its own.
  ExpressionId integer_digits(const Rests& rests, size_t left, bool is_min, bool is_max) {
    if (left == 0) {
      Rests fraction;
      if (is_min && rests.min) fraction.min = bounds_->min_fraction;
      if (is_max && rests.max) fraction.max = bounds_->max_fraction;
      return fraction_behind(fraction);
    }
    return each_digit(rests, [&](const Rests& next) { return integer_digits(next, left - 1, is_min, is_max); });
  }

  bool may_end(const Rests& rests) const {
    const bool keeps_min = !rests.min || (is_zero(*rests.min) && !bounds_->excludes_min);
    const bool keeps_max = !rests.max || !is_zero(*rests.max) || !bounds_->excludes_max;
    return keeps_min && keeps_max;
  }

  ExpressionId fraction_behind(const Rests& rests) {
    std::vector<ExpressionId> ways;
    if (may_end(rests)) ways.push_back(grammar_.nothing());
    if (has_fractions_) {
      const auto follow = [&](const Rests& next) { return fraction_digits(next, kMaxFractionDigits - 1); };
      ways.push_back(grammar_.sequence({grammar_.text("."), each_digit(rests, follow)}));
    }
    return grammar_.choice(std::move(ways));
  }

  ExpressionId fraction_digits(const Rests& rests, uint32_t left) {
    if (!rests.min && !rests.max) return grammar_.repeat(digits('0', '9'), 0, left);
    std::vector<ExpressionId> ways;
    if (may_end(rests)) ways.push_back(grammar_.nothing());
    if (left > 0) ways.push_back(each_digit(rests, [&](const Rests& next) { return fraction_digits(next, left - 1); }));
    return grammar_.choice(std::move(ways));
  }

  Grammar& grammar_;
  const bool has_fractions_;
  const Bounds* bounds_ = nullptr;
};

DecimalBound largest() { return {{false, std::string(kMaxIntegerDigits, '9'), ""}, false}; }

// Numbers from zero on; `negated` bounds are those of what stands behind a minus sign.
ExpressionId add_from_zero(Grammar& grammar, const DecimalRange& range, bool has_fractions) {
  const DecimalBound max = range.max.value_or(largest());
  const DecimalBound min = range.min && !range.min->value.is_negative ? *range.min : DecimalBound{};
  if (max.value.is_negative || min.value.compare(max.value) > 0) return grammar.never();
  Bounds bounds{min.value.integer, min.value.fraction, min.is_exclusive,
                max.value.integer, max.value.fraction, max.is_exclusive};
  if (bounds.min_integer.size() > kMaxIntegerDigits) return grammar.never();
  if (compare_integers(bounds.max_integer, largest().value.integer) > 0) {
    bounds.max_integer = largest().value.integer;
    bounds.max_fraction.clear();
    bounds.excludes_max = false;
  }
  return RangeWriter(grammar, has_fractions).write(bounds);
}

std::optional<DecimalBound> negated(const std::optional<DecimalBound>& bound) {
  if (!bound) return std::nullopt;
  DecimalBound result = *bound;
  const bool is_zero_value = result.value.integer == "0" && result.value.fraction.empty();
  result.value.is_negative = !result.value.is_negative && !is_zero_value;
  return result;
}

ExpressionId add_range(Grammar& grammar, const DecimalRange& range, bool has_fractions) {
  DecimalRange below{negated(range.max), negated(range.min)};
  below.raise_min({{}, true});  // there is no -0
  return grammar.choice({add_from_zero(grammar, range, has_fractions),
                         grammar.sequence({grammar.text("-"), add_from_zero(grammar, below, has_fractions)})});
}

}  // namespace

std::optional<Decimal> Decimal::parse(const std::string& text) {
  Decimal result;
  size_t place = 0;
  if (text.starts_with("-")) {
    result.is_negative = true;
    place = 1;
  }
  const size_t exponent_at = std::min(text.find_first_of("eE"), text.size());
  const std::string mantissa = text.substr(place, exponent_at - place);
  const size_t point = std::min(mantissa.find('.'), mantissa.size());
  std::string digits = mantissa.substr(0, point) + (point < mantissa.size() ? mantissa.substr(point + 1) : "");
  int exponent = 0;
  if (exponent_at < text.size()) {
    const char* begin = text.data() + exponent_at + 1 + (text[exponent_at + 1] == '+' ? 1 : 0);
    std::from_chars(begin, text.data() + text.size(), exponent);
  }
  if (exponent > kMaxExponent || exponent < -kMaxExponent || digits.size() > kMaxExponent) return std::nullopt;
  auto integer_digits = static_cast<int64_t>(point) + exponent;
  if (integer_digits < 1) digits.insert(0, static_cast<size_t>(1 - integer_digits), '0');
  integer_digits = std::max<int64_t>(integer_digits, 1);
  if (digits.size() < static_cast<size_t>(integer_digits)) digits.resize(static_cast<size_t>(integer_digits), '0');
  result.integer = digits.substr(0, static_cast<size_t>(integer_digits));
  result.fraction = digits.substr(static_cast<size_t>(integer_digits));
  result.integer.erase(0, std::min(result.integer.find_first_not_of('0'), result.integer.size() - 1));
  result.fraction.erase(result.fraction.find_last_not_of('0') + 1);
  if (result.integer == "0" && result.fraction.empty()) result.is_negative = false;
  return result;
}

int Decimal::compare(const Decimal& other) const {
  if (is_negative != other.is_negative) return is_negative ? -1 : 1;
  int order = compare_integers(integer, other.integer);
  if (order == 0) order = fraction.compare(other.fraction);
  order = (order > 0) - (order < 0);
  return is_negative ? -order : order;
}

void DecimalRange::raise_min(const DecimalBound& bound) {
  const int order = min ? bound.value.compare(min->value) : 1;
  if (order > 0) min = bound;
  if (order == 0) min->is_exclusive |= bound.is_exclusive;
}

void DecimalRange::lower_max(const DecimalBound& bound) {
  const int order = max ? bound.value.compare(max->value) : -1;
  if (order < 0) max = bound;
  if (order == 0) max->is_exclusive |= bound.is_exclusive;
}

ExpressionId add_integers(Grammar& grammar, const DecimalRange& range) { return add_range(grammar, range, false); }
ExpressionId add_decimals(Grammar& grammar, const DecimalRange& range) { return add_range(grammar, range, true); }

}  // namespace adze::text
