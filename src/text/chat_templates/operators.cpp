#include "text/chat_templates/operators.h"

#include <algorithm>

#include "base/error.h"
#include "base/utf8.h"
#include "text/chat_templates/budget.h"
#include "text/chat_templates/builtins.h"
#include "text/chat_templates/compare.h"
#include "text/chat_templates/python_string.h"

namespace adze::text::jinja {

namespace {

std::vector<Value> characters_of(const std::string& text, Budget& budget) {
  budget.spend_values(count_characters(text));
  std::vector<Value> characters;
  for (size_t at = 0; at < text.size();) {
    const size_t bytes = decode_utf8(std::string_view(text).substr(at)).bytes;
    characters.push_back(Value::string(text.substr(at, bytes)));
    at += bytes;
  }
  return characters;
}

bool contains(const Value& container, const Value& item, Budget& budget) {
  if (container.is_string()) {
    if (!item.is_string()) fail(ErrorCode::bad_input, "'in' a string needs a string, got {}", item.type_name());
    budget.spend_reading(container.as_string().size() * (1 + item.as_string().size() / 64));
    return container.as_string().find(item.as_string()) != std::string::npos;
  }
  if (container.is(Kind::dict)) return container.as_dict().find(item) != nullptr;
  const std::vector<Value> items = iterate(container, budget);
  return std::any_of(items.begin(), items.end(), [&](const Value& candidate) {
    spend_comparison(budget, candidate, item);
    return equal(candidate, item);
  });
}

std::span<const Builtin> methods_of(const Value& value) {
  switch (value.kind()) {
    case Kind::string:
      return string_methods();
    case Kind::dict:
      return dict_methods();
    case Kind::sequence: {
      const SequenceType type = value.as_sequence().type;
      if (type == SequenceType::list || type == SequenceType::tuple || type == SequenceType::range) {
        return sequence_methods();
      }
      return {};
    }
    case Kind::floating:
    case Kind::integer:
    case Kind::boolean:
      return number_methods();
    default:
      return {};
  }
}

std::optional<Value> named_field(const Sequence& sequence, const std::string& name) {
  const auto& names = sequence.field_names;
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) return std::nullopt;
  return sequence.items[static_cast<size_t>(found - names.begin())];
}

std::optional<Value> find_attribute(const Value& value, const std::string& name) {
  if (value.is(Kind::object)) return value.as_object().attribute(name);
  if (value.is(Kind::sequence)) {
    if (auto field = named_field(value.as_sequence(), name)) return field;
  }
  const Builtin* method = find_builtin(methods_of(value), name);
  if (method == nullptr) return std::nullopt;
  return make_method(*method, value);
}

[[noreturn]] void fail_undefined(const Value& value, const std::string& wanted) {
  fail(ErrorCode::bad_input, "{} is undefined, so it has no {}; test it with `is defined` first",
       value.undefined_hint(), wanted);
}

Value missing(const Value& value, const std::string& wanted) {
  return Value::undefined(wanted + " of a " + value.type_name());
}

std::optional<Value> item_at(const Value& value, int64_t index, Budget& budget) {
  if (value.is_string()) {
    budget.spend_reading(value.as_string().size());
    const std::u32string characters = utf8_to_code_points(value.as_string());
    const auto size = static_cast<int64_t>(characters.size());
    if (index < -size || index >= size) return std::nullopt;
    return Value::string(to_utf8(characters.substr(static_cast<size_t>(index < 0 ? index + size : index), 1)));
  }
  if (!value.is(Kind::sequence) || !value.as_sequence().traits().can_be_indexed) return std::nullopt;
  const std::vector<Value>& items = value.as_sequence().items;
  const auto size = static_cast<int64_t>(items.size());
  if (index < -size || index >= size) return std::nullopt;
  return items[static_cast<size_t>(index < 0 ? index + size : index)];
}

/// Calls `take` with every index of the slice.
template <typename Take>
void for_each_index(const SliceIndexes& indexes, size_t size, Budget& budget, Take take) {
  if (indexes.step == 0) fail(ErrorCode::bad_input, "the step of a slice cannot be 0");
  // A step longer than any sequence takes one item, like the largest one that cannot overflow here.
  const int64_t longest = int64_t{1} << 48;
  const int64_t step = std::clamp(indexes.step, -longest, longest);
  const SliceBounds bounds = clamp_slice(indexes.start, indexes.stop, step, static_cast<int64_t>(size));
  for (int64_t i = bounds.start; step > 0 ? i < bounds.stop : i > bounds.stop; i += step) {
    budget.spend_items(1);
    take(static_cast<size_t>(i));
  }
}

/// A range stays a range, so that it prints like one.
Range slice_range(const Range& range, const SliceIndexes& indexes, size_t size) {
  const SliceBounds bounds = clamp_slice(indexes.start, indexes.stop, indexes.step, static_cast<int64_t>(size));
  // Wraps where Python's integers would grow: these numbers are only printed.
  const auto multiply_add = [](int64_t a, int64_t b, int64_t c) {
    return static_cast<int64_t>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b) + static_cast<uint64_t>(c));
  };
  return {multiply_add(bounds.start, range.step, range.start), multiply_add(bounds.stop, range.step, range.start),
          multiply_add(range.step, indexes.step, 0)};
}

Value slice_sequence(const Sequence& sequence, const SliceIndexes& indexes, Budget& budget) {
  std::vector<Value> taken;
  for_each_index(indexes, sequence.items.size(), budget, [&](size_t i) { taken.push_back(sequence.items[i]); });
  auto result = std::make_shared<Sequence>(sequence.type, std::move(taken));
  if (sequence.type == SequenceType::range) result->range = slice_range(sequence.range, indexes, sequence.items.size());
  return Value::sequence(std::move(result));
}

}  // namespace

bool compare(Comparison comparison, const Value& left, const Value& right, Budget& budget) {
  if (comparison == Comparison::in) return contains(right, left, budget);
  if (comparison == Comparison::not_in) return !contains(right, left, budget);
  spend_comparison(budget, left, right);
  switch (comparison) {
    case Comparison::equal:
      return equal(left, right);
    case Comparison::not_equal:
      return !equal(left, right);
    case Comparison::less:
      return less(left, right);
    case Comparison::greater:
      return less(right, left);
    case Comparison::less_or_equal:
      return less(left, right) || equal(left, right);
    case Comparison::greater_or_equal:
      return less(right, left) || equal(left, right);
    default:
      return false;
  }
}

bool is_iterable(const Value& value) {
  return value.is_undefined() || value.is_string() || value.is(Kind::sequence) || value.is(Kind::dict);
}

std::vector<Value> iterate(const Value& value, Budget& budget) {
  switch (value.kind()) {
    case Kind::undefined:
      return {};
    case Kind::string:
      return characters_of(value.as_string(), budget);
    case Kind::dict:
      budget.spend_items(value.as_dict().entries().size());
      return value.as_dict().keys();
    case Kind::sequence: {
      const Sequence& sequence = value.as_sequence();
      budget.spend_items(sequence.items.size() - sequence.used);
      const auto first = sequence.items.begin() + static_cast<std::ptrdiff_t>(sequence.used);
      if (sequence.traits().is_one_shot) sequence.used = sequence.items.size();
      return {first, sequence.items.end()};
    }
    default:
      fail(ErrorCode::bad_input, "a value of type {} cannot be iterated over", value.type_name());
  }
}

size_t length(const Value& value) {
  if (value.is_undefined()) return 0;
  if (value.is_string()) return count_characters(value.as_string());
  if (value.is(Kind::dict)) return value.as_dict().entries().size();
  if (value.is(Kind::sequence) && value.as_sequence().traits().has_length) return value.as_sequence().items.size();
  fail(ErrorCode::bad_input, "a value of type {} has no length", value.type_name());
}

Value get_attribute(const Value& value, const std::string& name) {
  if (value.is_undefined()) fail_undefined(value, "attribute '" + name + "'");
  if (auto attribute = find_attribute(value, name)) return *attribute;
  if (value.is(Kind::dict)) {
    if (const Value* item = value.as_dict().find(name)) return *item;
  }
  return missing(value, "attribute '" + name + "'");
}

Value get_item(const Value& value, const Value& key, Budget& budget) {
  if (value.is_undefined()) fail_undefined(value, "items");
  const bool is_hashable = !key.is(Kind::dict) && !(key.is(Kind::sequence) && key.type_name() != std::string("tuple"));
  if (value.is(Kind::dict) && is_hashable) {
    if (const Value* item = value.as_dict().find(key)) return *item;
  }
  if (key.is_integral()) {
    if (auto item = item_at(value, key.as_integer(), budget)) return *item;
  }
  if (!key.is_string())
    return missing(value, "item " + (key.is_integral() ? std::to_string(key.as_integer()) : key.type_name()));
  if (auto attribute = find_attribute(value, key.as_string())) return *attribute;
  return missing(value, "item '" + key.as_string() + "'");
}

Value get_slice(const Value& value, const SliceIndexes& indexes, Budget& budget) {
  if (value.is_undefined()) fail_undefined(value, "items");
  if (value.is_string()) {
    budget.spend_reading(value.as_string().size());
    const std::u32string characters = utf8_to_code_points(value.as_string());
    std::u32string taken;
    for_each_index(indexes, characters.size(), budget, [&](size_t i) { taken += characters[i]; });
    std::string text = to_utf8(taken);
    budget.spend_bytes(text.size());
    return Value::string(std::move(text), value.is_markup());
  }
  if (!value.is(Kind::sequence) || !value.as_sequence().traits().can_be_indexed) {
    fail(ErrorCode::bad_input, "a value of type {} cannot be sliced", value.type_name());
  }
  return slice_sequence(value.as_sequence(), indexes, budget);
}

}  // namespace adze::text::jinja
