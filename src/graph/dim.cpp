#include "graph/dim.h"

#include <map>

namespace adze::graph {

Dim Dim::symbol(SymbolId id, int64_t factor, int64_t constant) {
  Dim dim(constant);
  if (factor != 0) dim.terms_.emplace_back(id, factor);
  return dim;
}

Dim Dim::operator+(const Dim& other) const {
  if (!known_ || !other.known_) return unknown();
  std::map<SymbolId, int64_t> factors(terms_.begin(), terms_.end());
  for (const auto& [id, factor] : other.terms_) factors[id] += factor;
  Dim sum(constant_ + other.constant_);
  for (const auto& [id, factor] : factors) {
    if (factor != 0) sum.terms_.emplace_back(id, factor);
  }
  return sum;
}

Dim Dim::operator*(int64_t factor) const {
  if (!known_) return unknown();
  Dim product(constant_ * factor);
  if (factor == 0) return product;
  for (const auto& [id, own] : terms_) product.terms_.emplace_back(id, own * factor);
  return product;
}

std::optional<int64_t> Dim::evaluate(const std::vector<int64_t>& symbol_values) const {
  if (!known_) return std::nullopt;
  int64_t value = constant_;
  for (const auto& [id, factor] : terms_) {
    if (id >= symbol_values.size()) return std::nullopt;
    value += factor * symbol_values[id];
  }
  return value;
}

bool Dim::operator==(const Dim& other) const {
  return known_ && other.known_ && constant_ == other.constant_ && terms_ == other.terms_;
}

bool Dim::may_equal(const Dim& other) const {
  if (!is_constant() || !other.is_constant()) return true;
  return constant_ == other.constant_;
}

}  // namespace adze::graph
