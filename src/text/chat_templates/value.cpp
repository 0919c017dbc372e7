#include "text/chat_templates/value.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "text/chat_templates/budget.h"
#include "text/chat_templates/compare.h"

namespace adze::text::jinja {

namespace {

constexpr uint64_t kMaxTreeSize = uint64_t{1} << 40;  // where counting stops

constexpr std::array<SequenceTraits, 7> kSequenceTraits = {{
    {"list", true, true, false},
    {"tuple", true, true, false},
    {"range", true, true, false},
    {"generator", false, false, true},
    {"dict_keys", true, false, false},
    {"dict_values", true, false, false},
    {"dict_items", true, false, false},
}};

int checked_depth(int depth) {
  if (depth > kMaxValueDepth) fail(ErrorCode::bad_input, "values nest deeper than {} levels", kMaxValueDepth);
  return depth;
}

}  // namespace

const SequenceTraits& sequence_traits(SequenceType type) { return kSequenceTraits[static_cast<size_t>(type)]; }

Value Value::undefined(std::string hint) {
  Value value;
  value.storage_ = std::make_shared<const std::string>(std::move(hint));
  return value;
}

Value Value::none() {
  Value value;
  value.storage_ = std::monostate();
  return value;
}

Value Value::boolean(bool flag) {
  Value value;
  value.storage_ = flag;
  return value;
}

Value Value::integer(int64_t number) {
  Value value;
  value.storage_ = number;
  return value;
}

Value Value::floating(double number) {
  Value value;
  value.storage_ = number;
  return value;
}

Value Value::string(std::string utf8, bool markup) {
  Value value;
  value.storage_ = std::make_shared<const Text>(Text{std::move(utf8), markup});
  return value;
}

Value Value::sequence(std::shared_ptr<const Sequence> sequence) {
  Value value;
  value.storage_ = std::move(sequence);
  return value;
}

Value Value::list(std::vector<Value> items) {
  return sequence(std::make_shared<const Sequence>(SequenceType::list, std::move(items)));
}

Value Value::tuple(std::vector<Value> items) {
  return sequence(std::make_shared<const Sequence>(SequenceType::tuple, std::move(items)));
}

Value Value::generator(std::vector<Value> items) {
  return sequence(std::make_shared<const Sequence>(SequenceType::generator, std::move(items)));
}

Value Value::dict(Dict dict) {
  Value value;
  value.storage_ = std::make_shared<const Dict>(std::move(dict));
  return value;
}

Value Value::object(std::shared_ptr<Object> object) {
  Value value;
  value.storage_ = std::move(object);
  return value;
}

bool Value::truth() const {
  switch (kind()) {
    case Kind::undefined:
    case Kind::none:
      return false;
    case Kind::boolean:
    case Kind::integer:
      return as_integer() != 0;
    case Kind::floating:
      return as_number() != 0;
    case Kind::string:
      return !as_string().empty();
    case Kind::sequence:
      return !as_sequence().traits().has_length || !as_sequence().items.empty();
    case Kind::dict:
      return !as_dict().entries().empty();
    case Kind::object:
      return true;
  }
  return false;
}

std::string Value::type_name() const {
  switch (kind()) {
    case Kind::undefined:
      return "Undefined";
    case Kind::none:
      return "NoneType";
    case Kind::boolean:
      return "bool";
    case Kind::integer:
      return "int";
    case Kind::floating:
      return "float";
    case Kind::string:
      return is_markup() ? "Markup" : "str";
    case Kind::sequence:
      return as_sequence().traits().type_name;
    case Kind::dict:
      return "dict";
    case Kind::object:
      return as_object().type_name();
  }
  return {};
}

std::string Value::undefined_hint() const {
  const auto& hint = std::get<HintPointer>(storage_);
  return hint ? *hint : "the value";
}

int Value::depth() const {
  switch (kind()) {
    case Kind::sequence:
      return as_sequence().depth;
    case Kind::dict:
      return as_dict().depth();
    case Kind::object:
      return as_object().depth();
    default:
      return 0;
  }
}

uint64_t Value::tree_size() const {
  if (is(Kind::sequence)) return as_sequence().tree_size;
  if (is(Kind::dict)) return as_dict().tree_size();
  return 1;
}

Sequence::Sequence(SequenceType sequence_type, std::vector<Value> values)
    : type(sequence_type), items(std::move(values)), depth(1) {
  for (const Value& item : items) {
    depth = std::max(depth, checked_depth(item.depth() + 1));
    tree_size = std::min(kMaxTreeSize, tree_size + item.tree_size());
  }
}

std::optional<size_t> Dict::position_of(const Value& key, size_t hash) const {
  const auto [first, last] = positions_.equal_range(hash);
  for (auto candidate = first; candidate != last; ++candidate) {
    if (equal(entries_[candidate->second].first, key)) return candidate->second;
  }
  return std::nullopt;
}

const Value* Dict::find(const Value& key) const {
  const auto position = position_of(key, hash_key(key));
  return position ? &entries_[*position].second : nullptr;
}

const Value* Dict::find(std::string_view key) const { return find(Value::string(std::string(key))); }

void Dict::set(const Value& key, Value value) {
  depth_ = std::max({depth_, checked_depth(key.depth() + 1), checked_depth(value.depth() + 1)});
  tree_size_ = std::min(kMaxTreeSize, tree_size_ + key.tree_size() + value.tree_size());
  const size_t hash = hash_key(key);
  if (const auto position = position_of(key, hash)) {
    entries_[*position].second = std::move(value);
    return;
  }
  positions_.emplace(hash, entries_.size());
  entries_.emplace_back(key, std::move(value));
}

std::vector<Value> Dict::keys() const {
  std::vector<Value> keys;
  keys.reserve(entries_.size());
  for (const auto& [key, value] : entries_) keys.push_back(key);
  return keys;
}

Value Object::call(Interpreter&, const Arguments&) { fail(ErrorCode::bad_input, "{} is not callable", text()); }

std::optional<Value> Object::attribute(const std::string&) const { return std::nullopt; }

}  // namespace adze::text::jinja
