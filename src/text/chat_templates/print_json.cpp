// json.dumps(): the `tojson` filter as chat templates know it.
#include <fmt/format.h>

#include <cmath>

#include "base/error.h"
#include "base/utf8.h"
#include "text/chat_templates/budget.h"
#include "text/chat_templates/compare.h"
#include "text/chat_templates/print.h"

namespace adze::text::jinja {

namespace {

std::string json_escape(char32_t c, bool escape_non_ascii, std::string_view utf8) {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    case '\b':
      return "\\b";
    case '\f':
      return "\\f";
    default:
      break;
  }
  const auto number = static_cast<uint32_t>(c);
  if (number >= 0x20 && (number < 0x7F || !escape_non_ascii)) return std::string(utf8);
  if (number < 0x10000) return fmt::format("\\u{:04x}", number);
  return fmt::format("\\u{:04x}\\u{:04x}", 0xD7C0 + (number >> 10), 0xDC00 + (number & 0x3FF));
}

std::string json_string(std::string_view text, bool escape_non_ascii) {
  std::string out = "\"";
  while (!text.empty()) {
    const Utf8Character character = decode_utf8(text);
    out += json_escape(character.code_point, escape_non_ascii, text.substr(0, character.bytes));
    text.remove_prefix(character.bytes);
  }
  return out + "\"";
}

std::string json_float(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-Infinity" : "Infinity";
  return float_to_text(value);
}

class JsonWriter {
 public:
  JsonWriter(const JsonStyle& style, Budget& budget) : style_(style), budget_(budget) {
    item_separator_ = style.item_separator.value_or(style.indent ? "," : ", ");
    key_separator_ = style.key_separator.value_or(": ");
  }

  void write(const Value& value) {
    budget_.spend_steps(1);
    switch (value.kind()) {
      case Kind::none:
        return append("null");
      case Kind::boolean:
        return append(value.as_boolean() ? "true" : "false");
      case Kind::integer:
        return append(std::to_string(value.as_integer()));
      case Kind::floating:
        return append(json_float(value.as_number()));
      case Kind::string:
        return append(json_string(value.as_string(), style_.escape_non_ascii));
      case Kind::sequence:
        return write_sequence(value.as_sequence());
      case Kind::dict:
        return write_dict(value.as_dict());
      case Kind::undefined:
        fail(ErrorCode::bad_input, "{} is undefined and cannot become JSON; test it with `is defined`",
             value.undefined_hint());
      case Kind::object:
        break;
    }
    fail_type(value);
  }
  std::string take() { return std::move(out_); }

 private:
  void append(std::string_view text) {
    budget_.spend_bytes(text.size());
    out_ += text;
  }

  void start_line() {
    if (!style_.indent) return;
    append("\n");
    for (int i = 0; i < level_; ++i) append(*style_.indent);
  }

  void write_sequence(const Sequence& sequence) {
    if (sequence.type != SequenceType::list && sequence.type != SequenceType::tuple) {
      fail(ErrorCode::bad_input, "a {} cannot become JSON; make it a list with `| list`", sequence.traits().type_name);
    }
    write_enclosed("[]", sequence.items.size(), [&](size_t i) { write(sequence.items[i]); });
  }

  void write_dict(const Dict& dict) {
    std::vector<Dict::Entry> entries = dict.entries();
    if (style_.sort_keys) {
      sort_keyed(entries, less);
    }
    write_enclosed("{}", entries.size(), [&](size_t i) {
      write_key(entries[i].first);
      append(key_separator_);
      write(entries[i].second);
    });
  }

  template <typename WriteItem>
  void write_enclosed(std::string_view brackets, size_t count, WriteItem write_item) {
    if (count == 0) return append(brackets);
    append(brackets.substr(0, 1));
    ++level_;
    for (size_t i = 0; i < count; ++i) {
      if (i > 0) append(item_separator_);
      start_line();
      write_item(i);
    }
    --level_;
    start_line();
    append(brackets.substr(1));
  }

  void write_key(const Value& key) {
    switch (key.kind()) {
      case Kind::string:
        return append(json_string(key.as_string(), style_.escape_non_ascii));
      case Kind::none:
        return append("\"null\"");
      case Kind::boolean:
        return append(key.as_boolean() ? "\"true\"" : "\"false\"");
      case Kind::integer:
        return append("\"" + std::to_string(key.as_integer()) + "\"");
      case Kind::floating:
        return append("\"" + json_float(key.as_number()) + "\"");
      default:
        fail_type(key);
    }
  }

  [[noreturn]] static void fail_type(const Value& value) {
    fail(ErrorCode::bad_input, "a value of type {} cannot become JSON", value.type_name());
  }

  const JsonStyle& style_;
  Budget& budget_;
  std::string item_separator_;
  std::string key_separator_;
  std::string out_;
  int level_ = 0;
};

}  // namespace

std::string to_json_text(const Value& value, const JsonStyle& style, Budget& budget) {
  JsonWriter writer(style, budget);
  writer.write(value);
  return writer.take();
}

}  // namespace adze::text::jinja
