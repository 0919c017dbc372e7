#include "graph/dim.h"

#include <fmt/format.h>

#include <map>

#include "base/error.h"
#include "graph/text_cursor.h"

namespace adze::graph {
namespace {

int64_t sum_of(int64_t a, int64_t b) {
  int64_t sum;
  if (__builtin_add_overflow(a, b, &sum)) fail(ErrorCode::bad_input, "dimension {} + {} does not fit 64 bits", a, b);
  return sum;
}

int64_t product_of(int64_t a, int64_t b) {
  int64_t product;
  if (__builtin_mul_overflow(a, b, &product)) {
    fail(ErrorCode::bad_input, "dimension {} * {} does not fit 64 bits", a, b);
  }
  return product;
}

std::string symbol_text(SymbolId id, std::span<const Symbol> symbols) {
  return id < symbols.size() ? word_or_quoted(symbols[id].name) : fmt::format("${}", id);
}

std::string term_text(SymbolId id, int64_t factor, std::span<const Symbol> symbols) {
  const auto symbol = symbol_text(id, symbols);
  if (factor == 1) return symbol;
  if (factor == -1) return fmt::format("-{}", symbol);
  return fmt::format("{}*{}", factor, symbol);
}

}  // namespace

Dim Dim::symbol(SymbolId id, int64_t factor, int64_t constant) {
  Dim dim(constant);
  if (factor != 0) dim.terms_.emplace_back(id, factor);
  return dim;
}

Dim Dim::operator+(const Dim& other) const {
  if (!known_ || !other.known_) return unknown();
  std::map<SymbolId, int64_t> factors(terms_.begin(), terms_.end());
  for (const auto& [id, factor] : other.terms_) factors[id] = sum_of(factors[id], factor);
  Dim sum(sum_of(constant_, other.constant_));
  for (const auto& [id, factor] : factors) {
    if (factor != 0) sum.terms_.emplace_back(id, factor);
  }
  return sum;
}

Dim Dim::operator*(int64_t factor) const {
  if (!known_) return unknown();
  Dim product(product_of(constant_, factor));
  if (factor == 0) return product;
  for (const auto& [id, own] : terms_) product.terms_.emplace_back(id, product_of(own, factor));
  return product;
}

std::optional<int64_t> Dim::evaluate(const std::vector<int64_t>& symbol_values) const {
  if (!known_) return std::nullopt;
  int64_t value = constant_;
  for (const auto& [id, factor] : terms_) {
    if (id >= symbol_values.size()) return std::nullopt;
    value = sum_of(value, product_of(factor, symbol_values[id]));
  }
  return value;
}

bool Dim::operator==(const Dim& other) const {
  return known_ && other.known_ && constant_ == other.constant_ && terms_ == other.terms_;
}

bool Dim::may_equal(const Dim& other) const {
  if (!known_ || !other.known_ || terms_ != other.terms_) return true;
  return constant_ == other.constant_;
}

std::string to_string(const Dim& dim, std::span<const Symbol> symbols) {
  if (!dim.is_known()) return "?";
  std::string text;
  for (const auto& [id, factor] : dim.terms()) {
    if (!text.empty() && factor > 0) text += '+';
    text += term_text(id, factor, symbols);
  }
  if (text.empty()) return fmt::format("{}", dim.constant_part());
  return dim.constant_part() == 0 ? text : fmt::format("{}{:+}", text, dim.constant_part());
}

}  // namespace adze::graph
