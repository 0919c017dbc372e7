#include "text/chat_templates/filters.h"
#include "text/chat_templates/operators.h"
#include "text/chat_templates/print.h"

namespace adze::text::jinja::filter {

namespace {

constexpr int64_t kMaxParts = 100000;  // lists that batch and slice may make or fill

int64_t checked_count(const Call& call, size_t index) {
  const int64_t count = call.integer(index);
  if (count < 1 || count > kMaxParts) {
    fail(ErrorCode::bad_input, "{}: needs a count from 1 to {}, got {}", call.name(), kMaxParts, count);
  }
  return count;
}

}  // namespace

Value length(Call& call) { return Value::integer_from_size(jinja::length(call.value(0))); }

Value list(Call& call) { return Value::list(call.items(0)); }

Value first(Call& call) {
  const Value& value = call.value(0);
  if (value.is(Kind::sequence)) {
    const Sequence& sequence = value.as_sequence();
    if (sequence.used >= sequence.items.size()) return Value::undefined("the first item of an empty sequence");
    const Value& item = sequence.items[sequence.used];
    if (sequence.traits().is_one_shot) ++sequence.used;
    return item;
  }
  const std::vector<Value> items = call.items(0);
  return items.empty() ? Value::undefined("the first item of an empty sequence") : items.front();
}

Value last(Call& call) {
  const Value& value = call.value(0);
  if (value.is(Kind::sequence)) {
    const Sequence& sequence = value.as_sequence();
    if (sequence.type == SequenceType::generator)
      fail(ErrorCode::bad_input, "last: make the generator a list with `| list`");
    return sequence.items.empty() ? Value::undefined("the last item of an empty sequence") : sequence.items.back();
  }
  const std::vector<Value> items = call.items(0);
  return items.empty() ? Value::undefined("the last item of an empty sequence") : items.back();
}

Value items(Call& call) {
  if (call.value(0).is_undefined()) return Value::generator({});
  if (!call.value(0).is(Kind::dict)) {
    fail(ErrorCode::bad_input, "items: needs a mapping, got {}", call.value(0).type_name());
  }
  std::vector<Value> pairs;
  for (const auto& [key, value] : call.value(0).as_dict().entries()) pairs.push_back(Value::tuple({key, value}));
  call.budget().spend_values(pairs.size());
  return Value::generator(std::move(pairs));
}

Value join(Call& call) {
  const std::string separator = call.has(1) ? call.text(1) : "";
  std::string text;
  bool is_first = true;
  for (const Value& item : call.items(0)) {
    const std::string part =
        to_text(call.has_value(2) ? follow_path(item, call.value(2), call.budget()) : item, call.budget());
    call.budget().spend_bytes(part.size() + separator.size());
    if (!is_first) text += separator;
    is_first = false;
    text += part;
  }
  return Value::string(std::move(text));
}

Value reverse(Call& call) {
  const std::vector<Value> forward = call.items(0);
  std::vector<Value> items(forward.rbegin(), forward.rend());
  if (!call.value(0).is_string()) return Value::generator(std::move(items));
  std::string text;
  for (const Value& character : items) text += character.as_string();
  return call.like_subject(std::move(text));
}

Value batch(Call& call) {
  const auto size = static_cast<size_t>(checked_count(call, 1));
  std::vector<Value> batches;
  std::vector<Value> current;
  for (Value& item : call.items(0)) {
    if (current.size() == size) batches.push_back(Value::list(std::exchange(current, {})));
    current.push_back(std::move(item));
  }
  if (current.empty()) return Value::generator(std::move(batches));
  while (call.has_value(2) && current.size() < size) {
    call.budget().spend_items(1);
    current.push_back(call.value(2));
  }
  batches.push_back(Value::list(std::move(current)));
  return Value::generator(std::move(batches));
}

Value slice(Call& call) {
  const auto count = static_cast<size_t>(checked_count(call, 1));
  const std::vector<Value> items = call.items(0);
  const size_t per_slice = items.size() / count;
  const size_t longer = items.size() % count;
  call.budget().spend_values(count);
  std::vector<Value> slices;
  size_t at = 0;
  for (size_t i = 0; i < count; ++i) {
    const auto begin = items.begin() + static_cast<std::ptrdiff_t>(at);
    const size_t size = per_slice + (i < longer ? 1 : 0);
    std::vector<Value> part(begin, begin + static_cast<std::ptrdiff_t>(size));
    if (call.has_value(2) && i >= longer) part.push_back(call.value(2));
    slices.push_back(Value::list(std::move(part)));
    at += size;
  }
  return Value::generator(std::move(slices));
}

Value sum(Call& call) {
  Value total = call.value_or(2, Value::integer(0));
  for (const Value& item : call.items(0)) {
    const Value value = call.has_value(1) ? follow_path(item, call.value(1), call.budget()) : item;
    total = apply_binary(BinaryOperator::add, total, value, call.budget());
  }
  return total;
}

}  // namespace adze::text::jinja::filter
