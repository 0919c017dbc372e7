// What operators and subscripts do to values, with Python's rules and jinja2's for undefined values.
#pragma once

#include <optional>
#include <vector>

#include "text/chat_templates/syntax_tree.h"
#include "text/chat_templates/value.h"

namespace adze::text::jinja {

Value apply_binary(BinaryOperator operation, const Value& left, const Value& right, Budget& budget);
Value apply_unary(UnaryOperator operation, const Value& operand);
bool compare(Comparison comparison, const Value& left, const Value& right, Budget& budget);

/// Everything a for loop over the value gives; takes the items out of a generator.
std::vector<Value> iterate(const Value& value, Budget& budget);
bool is_iterable(const Value& value);
/// len(value); throws Error for values without a length.
size_t length(const Value& value);

/// `value.name`: a method or attribute first, then the item of a dict; undefined when there is neither.
Value get_attribute(const Value& value, const std::string& name);
/// `value[key]`: an item first, then an attribute.
Value get_item(const Value& value, const Value& key, Budget& budget);

struct SliceIndexes {
  std::optional<int64_t> start;
  std::optional<int64_t> stop;
  int64_t step = 1;
};
Value get_slice(const Value& value, const SliceIndexes& indexes, Budget& budget);

}  // namespace adze::text::jinja
