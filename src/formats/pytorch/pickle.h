// Python pickles as data. Nothing is ever called: what a pickle asks to call is recorded by name, with its arguments.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "formats/byte_cursor.h"

namespace adze::formats {

struct PickleValue {
  enum class Kind : uint8_t {
    none,
    boolean,
    integer,
    number,
    text,
    bytes,       // also integers of more than 64 bits, little endian
    sequence,    // list, tuple or set: items
    mapping,     // entries
    global,      // text: "torch.FloatStorage"
    call,        // text: what is called; items: arguments; entries: what was set on the result
    persistent,  // items: the one value that says what is meant
  };
  using Entry = std::pair<const PickleValue*, const PickleValue*>;

  Kind kind = Kind::none;
  int64_t integer = 0;  // of a boolean too
  double number = 0;
  std::string text = {};
  std::vector<const PickleValue*> items = {};
  std::vector<Entry> entries = {};

  bool is_call_of(std::string_view name) const { return kind == Kind::call && text == name; }
  /// The value under a text key of a mapping or of what was called; null: none.
  const PickleValue* find(std::string_view key) const;
};

/// One pickle of protocol 0 to 5. Values may refer to each other in any way, also in circles.
class Pickle {
 public:
  /// Reads up to and with the STOP. Throws Error(bad_input) that names file, byte and opcode.
  static Pickle read(ByteCursor& cursor);

  const PickleValue& root() const { return *root_; }

 private:
  friend class Unpickler;
  std::deque<PickleValue> values_;  // addresses stay
  const PickleValue* root_ = nullptr;
};

}  // namespace adze::formats
