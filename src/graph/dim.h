// One dimension of a value: a constant, an affine expression of symbols, or unknown.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace adze::graph {

/// Index into Graph::symbols.
using SymbolId = uint32_t;

/// A size known only at run time, between `minimum` and `maximum`.
struct Symbol {
  std::string name;  // "T"
  int64_t minimum = 0;
  int64_t maximum = INT64_MAX;
  bool operator==(const Symbol&) const = default;
};

class Dim {
 public:
  /// Nothing is known about it.
  static Dim unknown() { return Dim(); }
  static Dim symbol(SymbolId id, int64_t factor = 1, int64_t constant = 0);
  Dim(int64_t constant) : known_(true), constant_(constant) {}  // NOLINT: a number is a dimension

  bool is_known() const { return known_; }
  bool is_constant() const { return known_ && terms_.empty(); }
  /// REQUIRES: is_constant().
  int64_t constant() const { return constant_; }
  /// constant_part + sum of factor * symbol, sorted by symbol, no zero factors.
  int64_t constant_part() const { return constant_; }
  const std::vector<std::pair<SymbolId, int64_t>>& terms() const { return terms_; }

  Dim operator+(const Dim& other) const;
  Dim operator*(int64_t factor) const;

  /// The value for given symbol values (by SymbolId); empty when unknown or a symbol has no value.
  std::optional<int64_t> evaluate(const std::vector<int64_t>& symbol_values) const;

  /// Same expression. Two unknown dimensions are not the same.
  bool operator==(const Dim& other) const;
  /// Could be equal for some run-time sizes: used by checks, which refuse only what is surely wrong.
  bool may_equal(const Dim& other) const;

 private:
  Dim() = default;
  bool known_ = false;
  int64_t constant_ = 0;
  std::vector<std::pair<SymbolId, int64_t>> terms_;
};

}  // namespace adze::graph
