// One dimension of a value: a constant, an affine expression of symbols, or unknown.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
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

  /// Unknown when an operand is. Throws Error(bad_input) when a factor or the constant leaves 64 bits.
  Dim operator+(const Dim& other) const;
  Dim operator*(int64_t factor) const;

  /// The value for given symbol values (by SymbolId); empty when unknown or a symbol has no value. Throws
  /// Error(bad_input) when the result leaves 64 bits.
  std::optional<int64_t> evaluate(const std::vector<int64_t>& symbol_values) const;

  /// Same expression. Two unknown dimensions are not the same.
  bool operator==(const Dim& other) const;
  /// Could be equal for some run-time sizes: used by checks, which refuse only what is surely wrong. Expressions of the
  /// same symbols that differ by a constant (T and T+1) are surely different. REQUIRES: both of one graph.
  bool may_equal(const Dim& other) const;

 private:
  Dim() = default;
  bool known_ = false;
  int64_t constant_ = 0;
  std::vector<std::pair<SymbolId, int64_t>> terms_;
};

/// "2*T+1", "576", "?". A symbol that is not in `symbols` is shown as "$" and its number.
std::string to_string(const Dim& dim, std::span<const Symbol> symbols);

}  // namespace adze::graph
