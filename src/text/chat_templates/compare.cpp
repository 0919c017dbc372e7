#include "text/chat_templates/compare.h"

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/error.h"
#include "text/chat_templates/budget.h"

namespace adze::text::jinja {

namespace {

constexpr uint64_t kMaxKeySize = 100;  // values in a tuple that serves as a key

bool equal_numbers(const Value& left, const Value& right) {
  if (left.is_integral() && right.is_integral()) return left.as_integer() == right.as_integer();
  return left.as_number() == right.as_number();
}

bool equal_sequences(const Sequence& left, const Sequence& right) {
  if (left.type != right.type || left.items.size() != right.items.size()) return false;
  if (left.type == SequenceType::generator || left.type == SequenceType::dict_values) return &left == &right;
  return std::equal(left.items.begin(), left.items.end(), right.items.begin(), equal);
}

bool equal_dicts(const Dict& left, const Dict& right) {
  if (left.entries().size() != right.entries().size()) return false;
  return std::all_of(left.entries().begin(), left.entries().end(), [&](const Dict::Entry& entry) {
    const Value* other = right.find(entry.first);
    return other != nullptr && equal(entry.second, *other);
  });
}

size_t hash_sequence(const Sequence& sequence) {
  if (sequence.tree_size > kMaxKeySize) fail(ErrorCode::unsupported, "a tuple is too large for a dictionary key");
  size_t hash = sequence.items.size();
  for (const Value& item : sequence.items) hash = hash * 1000003 + hash_key(item);
  return hash;
}

bool less_sequences(const Sequence& left, const Sequence& right) {
  const size_t shared = std::min(left.items.size(), right.items.size());
  for (size_t i = 0; i < shared; ++i) {
    if (!equal(left.items[i], right.items[i])) return less(left.items[i], right.items[i]);
  }
  return left.items.size() < right.items.size();
}

bool can_be_ordered(const Value& left, const Value& right) {
  if (!left.is(Kind::sequence) || !right.is(Kind::sequence)) return false;
  const SequenceType type = left.as_sequence().type;
  return type == right.as_sequence().type && (type == SequenceType::list || type == SequenceType::tuple);
}

}  // namespace

bool equal(const Value& left, const Value& right) {
  if (left.is_number() && right.is_number()) return equal_numbers(left, right);
  if (left.kind() != right.kind()) return false;
  switch (left.kind()) {
    case Kind::string:
      return left.as_string() == right.as_string();
    case Kind::sequence:
      return left.same_as(right) || equal_sequences(left.as_sequence(), right.as_sequence());
    case Kind::dict:
      return left.same_as(right) || equal_dicts(left.as_dict(), right.as_dict());
    case Kind::object:
      return left.same_as(right);
    default:
      return true;  // undefined or none
  }
}

bool less(const Value& left, const Value& right) {
  if (left.is_number() && right.is_number()) {
    if (left.is_integral() && right.is_integral()) return left.as_integer() < right.as_integer();
    return left.as_number() < right.as_number();
  }
  // UTF-8 orders its bytes as the code points are ordered.
  if (left.is_string() && right.is_string()) return left.as_string() < right.as_string();
  if (can_be_ordered(left, right)) return less_sequences(left.as_sequence(), right.as_sequence());
  for (const Value* side : {&left, &right}) {
    if (side->is_undefined()) fail(ErrorCode::bad_input, "{} is undefined", side->undefined_hint());
  }
  fail(ErrorCode::bad_input, "'{}' and '{}' cannot be ordered", left.type_name(), right.type_name());
}

size_t hash_key(const Value& key) {
  switch (key.kind()) {
    case Kind::undefined:
      return 1;
    case Kind::none:
      return 2;
    case Kind::boolean:
    case Kind::integer:
    case Kind::floating:
      return std::hash<double>()(key.as_number());
    case Kind::string:
      return std::hash<std::string>()(key.as_string());
    case Kind::object:
      return std::hash<const void*>()(&key.as_object());
    case Kind::sequence:
      if (key.as_sequence().type == SequenceType::tuple) return hash_sequence(key.as_sequence());
      [[fallthrough]];
    case Kind::dict:
      break;
  }
  fail(ErrorCode::bad_input, "a {} cannot be a dictionary key", key.type_name());
}

void sort_keyed(std::vector<Keyed>& rows, const std::function<bool(const Value&, const Value&)>& precedes) {
  const auto precedes_row = [&](const Keyed& left, const Keyed& right) { return precedes(left.first, right.first); };
  std::vector<Keyed> merged;
  for (size_t run = 1; run < rows.size(); run *= 2) {
    merged.clear();
    for (size_t start = 0; start < rows.size(); start += 2 * run) {
      const auto first = rows.begin() + static_cast<std::ptrdiff_t>(start);
      const auto middle = rows.begin() + static_cast<std::ptrdiff_t>(std::min(start + run, rows.size()));
      const auto last = rows.begin() + static_cast<std::ptrdiff_t>(std::min(start + 2 * run, rows.size()));
      std::merge(first, middle, middle, last, std::back_inserter(merged), precedes_row);
    }
    rows.swap(merged);
  }
}

void spend_comparison(Budget& budget, const Value& left, const Value& right) {
  if (left.is_string() && right.is_string()) {
    budget.spend_reading(std::min(left.as_string().size(), right.as_string().size()));
  } else if (left.kind() == right.kind()) {
    budget.spend_steps(std::min(left.tree_size(), right.tree_size()));
  }
}

}  // namespace adze::text::jinja
