#include <algorithm>

#include "text/chat_templates/compare.h"
#include "text/chat_templates/filters.h"
#include "text/chat_templates/operators.h"
#include "text/chat_templates/python_string.h"

namespace adze::text::jinja::filter {

namespace {

Value fold_case(const Value& value, Budget& budget) {
  if (!value.is_string()) return value;
  budget.spend_values(1);
  budget.spend_bytes(value.as_string().size());
  return Value::string(to_lower(value.as_string()));
}

/// What an item is ordered by: itself or an attribute, without case unless that matters.
struct KeyRule {
  Value path;
  bool case_sensitive = false;
  Value fallback;  // for items without the attribute

  Value key(const Value& item, Budget& budget) const {
    Value key = path.is_none() || path.is_undefined() ? item : follow_path(item, path, budget);
    if (key.is_undefined() && !fallback.is_undefined()) key = fallback;
    return case_sensitive ? key : fold_case(key, budget);
  }
};

std::vector<Keyed> add_keys(const std::vector<Value>& items, const KeyRule& rule, Budget& budget) {
  std::vector<Keyed> keyed;
  keyed.reserve(items.size());
  for (const Value& item : items) keyed.emplace_back(rule.key(item, budget), item);
  return keyed;
}

void sort_by_key(std::vector<Keyed>& keyed, bool reverse, Budget& budget) {
  sort_keyed(keyed, [&](const Value& left, const Value& right) {
    spend_comparison(budget, left, right);
    budget.spend_steps(1);
    return reverse ? less(right, left) : less(left, right);
  });
}

std::vector<Value> drop_keys(std::vector<Keyed> keyed) {
  std::vector<Value> items;
  for (Keyed& row : keyed) items.push_back(std::move(row.second));
  return items;
}

/// "a,b" orders by several attributes: the key is a list of them.
std::vector<Keyed> add_combined_keys(const std::vector<Value>& items, const Value& path, const KeyRule& rule,
                                     Budget& budget) {
  const bool is_combined = path.is_string() && path.as_string().find(',') != std::string::npos;
  if (!is_combined) return add_keys(items, rule, budget);
  const std::vector<std::string> paths = split(path.as_string(), ",", -1, budget);
  std::vector<Keyed> keyed;
  for (const Value& item : items) {
    std::vector<Value> parts;
    for (const std::string& part : paths) {
      parts.push_back(KeyRule{Value::string(part), rule.case_sensitive, Value()}.key(item, budget));
    }
    keyed.emplace_back(Value::list(std::move(parts)), item);
  }
  return keyed;
}

Value extreme(Call& call, bool wants_largest) {
  const KeyRule rule{call.value_or(2, Value::none()), call.flag(1), Value()};
  std::optional<Keyed> best;
  for (const Value& item : call.items(0)) {
    Keyed candidate(rule.key(item, call.budget()), item);
    if (best) spend_comparison(call.budget(), best->first, candidate.first);
    const bool is_better =
        !best || (wants_largest ? less(best->first, candidate.first) : less(candidate.first, best->first));
    if (is_better) best = std::move(candidate);
  }
  return best ? best->second : Value::undefined("the extreme of an empty sequence");
}

Value make_group(const Value& grouper, std::vector<Value> items) {
  auto group =
      std::make_shared<Sequence>(SequenceType::tuple, std::vector<Value>{grouper, Value::list(std::move(items))});
  group->field_names = {"grouper", "list"};
  return Value::sequence(std::move(group));
}

}  // namespace

Value sort(Call& call) {
  const Value path = call.value_or(3, Value::none());
  const KeyRule rule{path, call.flag(2), Value()};
  std::vector<Keyed> keyed = add_combined_keys(call.items(0), path, rule, call.budget());
  sort_by_key(keyed, call.flag(1), call.budget());
  return Value::list(drop_keys(std::move(keyed)));
}

Value dict_sort(Call& call) {
  const Value& dict = call.value(0);
  const std::string by = call.string_or(2, "key");
  if (by != "key" && by != "value") fail(ErrorCode::bad_input, "dictsort: sorts by 'key' or 'value', not '{}'", by);
  if (!dict.is(Kind::dict)) fail(ErrorCode::bad_input, "dictsort: needs a dictionary, got {}", dict.type_name());
  std::vector<Value> pairs;
  call.budget().spend_values(dict.as_dict().entries().size());
  for (const auto& [key, value] : dict.as_dict().entries()) pairs.push_back(Value::tuple({key, value}));
  const KeyRule rule{Value::integer(by == "key" ? 0 : 1), call.flag(1), Value()};
  std::vector<Keyed> keyed = add_keys(pairs, rule, call.budget());
  sort_by_key(keyed, call.flag(3), call.budget());
  return Value::list(drop_keys(std::move(keyed)));
}

Value group_by(Call& call) {
  const KeyRule rule{call.value(1), call.flag(3), call.value_or(2, Value())};
  const KeyRule shown{call.value(1), true, call.value_or(2, Value())};
  std::vector<Keyed> keyed = add_keys(call.items(0), rule, call.budget());
  sort_by_key(keyed, false, call.budget());
  std::vector<Value> groups;
  for (size_t i = 0; i < keyed.size();) {
    const size_t start = i;
    std::vector<Value> members;
    for (; i < keyed.size() && equal(keyed[i].first, keyed[start].first); ++i) members.push_back(keyed[i].second);
    const Value grouper = shown.key(members[0], call.budget());
    groups.push_back(make_group(grouper, std::move(members)));
  }
  return Value::list(std::move(groups));
}

Value maximum(Call& call) { return extreme(call, true); }
Value minimum(Call& call) { return extreme(call, false); }

Value unique(Call& call) {
  const KeyRule rule{call.value_or(2, Value::none()), call.flag(1), Value()};
  Dict seen;
  std::vector<Value> kept;
  for (const Value& item : call.items(0)) {
    const Value key = rule.key(item, call.budget());
    if (seen.find(key) != nullptr) continue;
    call.budget().spend_values(1);
    seen.set(key, Value::none());
    kept.push_back(item);
  }
  return Value::generator(std::move(kept));
}

}  // namespace adze::text::jinja::filter
