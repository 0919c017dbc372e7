// Equality, order and hashing of values as Python defines them.
#pragma once

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

#include "text/chat_templates/value.h"

namespace adze::text::jinja {

bool equal(const Value& left, const Value& right);
/// Python's `<`; throws Error when the types have no order between them.
bool less(const Value& left, const Value& right);
/// Equal keys have equal hashes; throws Error for lists and dicts.
size_t hash_key(const Value& key);
/// A stable sort that stays in bounds even where `precedes` is no order, as with NaN. It may throw.
using Keyed = std::pair<Value, Value>;  // what decides, and what it decides about
void sort_keyed(std::vector<Keyed>& rows, const std::function<bool(const Value&, const Value&)>& precedes);
/// Pays for comparing the two before it is done.
void spend_comparison(Budget& budget, const Value& left, const Value& right);

}  // namespace adze::text::jinja
