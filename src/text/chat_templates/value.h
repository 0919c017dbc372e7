// The values of a template: Python's, as far as templates can see them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

namespace adze::text::jinja {

class Budget;
class Dict;
class Object;
struct Sequence;

enum class Kind { undefined, none, boolean, integer, floating, string, sequence, dict, object };

struct Text {
  std::string utf8;
  bool markup = false;  // made by `safe` or `escape`: escaping leaves it alone and `+` escapes what it meets
};

/// Immutable and cheap to copy: everything larger than a number is shared.
class Value {
 public:
  /// Undefined: prints as nothing, is false, and refuses attributes and arithmetic.
  Value() = default;
  /// `hint` completes the sentence "... is undefined".
  static Value undefined(std::string hint);
  static Value none();
  static Value boolean(bool value);
  static Value integer(int64_t value);
  static Value integer_from_size(size_t value) { return integer(static_cast<int64_t>(value)); }
  static Value floating(double value);
  static Value string(std::string utf8, bool markup = false);
  static Value list(std::vector<Value> items);
  static Value tuple(std::vector<Value> items);
  static Value generator(std::vector<Value> items);
  static Value sequence(std::shared_ptr<const Sequence> sequence);
  static Value dict(Dict dict);
  static Value object(std::shared_ptr<Object> object);

  Kind kind() const { return static_cast<Kind>(storage_.index()); }
  bool is(Kind kind) const { return this->kind() == kind; }
  bool is_undefined() const { return is(Kind::undefined); }
  bool is_none() const { return is(Kind::none); }
  bool is_string() const { return is(Kind::string); }
  /// Integer or boolean, which Python counts as an integer.
  bool is_integral() const { return is(Kind::integer) || is(Kind::boolean); }
  bool is_number() const { return is_integral() || is(Kind::floating); }

  // REQUIRES: the matching kind.
  bool as_boolean() const { return std::get<bool>(storage_); }
  int64_t as_integer() const { return is(Kind::boolean) ? as_boolean() : std::get<int64_t>(storage_); }
  double as_number() const {
    return is(Kind::floating) ? std::get<double>(storage_) : static_cast<double>(as_integer());
  }
  const std::string& as_string() const { return std::get<TextPointer>(storage_)->utf8; }
  const Sequence& as_sequence() const { return *std::get<SequencePointer>(storage_); }
  const Dict& as_dict() const { return *std::get<DictPointer>(storage_); }
  Object& as_object() const { return *std::get<ObjectPointer>(storage_); }
  bool is_markup() const { return is_string() && std::get<TextPointer>(storage_)->markup; }

  /// Python's truth of the value.
  bool truth() const;
  /// Python's name of the type: 'str', 'NoneType', 'dict_items'.
  std::string type_name() const;
  /// What an undefined value was looked up as, for messages.
  std::string undefined_hint() const;
  /// How deeply containers nest; scalars have depth 0.
  int depth() const;
  /// Values reachable when shared parts are counted each time; saturates.
  uint64_t tree_size() const;
  /// Python's `is`.
  bool same_as(const Value& other) const { return storage_ == other.storage_; }

 private:
  using HintPointer = std::shared_ptr<const std::string>;
  using TextPointer = std::shared_ptr<const Text>;
  using SequencePointer = std::shared_ptr<const Sequence>;
  using DictPointer = std::shared_ptr<const Dict>;
  using ObjectPointer = std::shared_ptr<Object>;
  // In the order of Kind.
  std::variant<HintPointer, std::monostate, bool, int64_t, double, TextPointer, SequencePointer, DictPointer,
               ObjectPointer>
      storage_;
};

enum class SequenceType { list, tuple, range, generator, dict_keys, dict_values, dict_items };

/// What Python lets one do with each type of sequence.
struct SequenceTraits {
  const char* type_name;
  bool has_length;
  bool can_be_indexed;
  bool is_one_shot;  // iterating uses it up
};
const SequenceTraits& sequence_traits(SequenceType type);

struct Range {
  int64_t start = 0;
  int64_t stop = 0;
  int64_t step = 1;
};

struct Sequence {
  Sequence(SequenceType type, std::vector<Value> items);
  SequenceType type;
  std::vector<Value> items;
  std::vector<std::string> field_names;  // of a named tuple
  Range range;                           // what the items of a range are made from
  mutable size_t used = 0;               // items already taken from a one-shot sequence
  int depth = 0;
  uint64_t tree_size = 1;

  const SequenceTraits& traits() const { return sequence_traits(type); }
};

/// Keeps insertion order. Keys are compared as Python does: 1, 1.0 and true are one key.
class Dict {
 public:
  using Entry = std::pair<Value, Value>;
  const Value* find(const Value& key) const;
  const Value* find(std::string_view key) const;
  /// Throws Error when the key cannot be hashed (a list or a dict).
  void set(const Value& key, Value value);
  void set(std::string_view key, Value value) { set(Value::string(std::string(key)), std::move(value)); }
  const std::vector<Entry>& entries() const { return entries_; }
  std::vector<Value> keys() const;
  int depth() const { return depth_; }
  uint64_t tree_size() const { return tree_size_; }

 private:
  std::optional<size_t> position_of(const Value& key, size_t hash) const;
  std::vector<Entry> entries_;
  std::unordered_multimap<size_t, size_t> positions_;  // hash of the key -> index in entries_
  int depth_ = 1;
  uint64_t tree_size_ = 1;
};

class Interpreter;

struct Arguments {
  std::vector<Value> positional;
  std::vector<std::pair<std::string, Value>> keyword;
};

/// Things with behaviour: functions, macros, loops, namespaces.
class Object {
 public:
  virtual ~Object() = default;
  virtual std::string type_name() const = 0;
  /// What printing the object gives.
  virtual std::string text() const { return "<" + type_name() + ">"; }
  virtual bool is_callable() const { return false; }
  virtual Value call(Interpreter& interpreter, const Arguments& arguments);
  virtual std::optional<Value> attribute(const std::string& name) const;
  virtual int depth() const { return 0; }
};

}  // namespace adze::text::jinja
