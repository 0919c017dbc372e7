#include "text/chat_templates/print.h"

#include <fmt/format.h>
#include <utf8proc.h>

#include <charconv>
#include <cmath>
#include <cstdlib>

#include "base/error.h"
#include "base/utf8.h"
#include "text/chat_templates/budget.h"

namespace adze::text::jinja {

namespace {

bool is_printable(char32_t c) {
  if (c == ' ') return true;
  switch (utf8proc_category(static_cast<utf8proc_int32_t>(c))) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZS:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
      return false;
    default:
      return true;
  }
}

std::string escape_unprintable(char32_t c) {
  switch (c) {
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      break;
  }
  const auto number = static_cast<uint32_t>(c);
  if (number < 0x100) return fmt::format("\\x{:02x}", number);
  if (number < 0x10000) return fmt::format("\\u{:04x}", number);
  return fmt::format("\\U{:08x}", number);
}

std::string range_text(const Range& range) {
  if (range.step == 1) return fmt::format("range({}, {})", range.start, range.stop);
  return fmt::format("range({}, {}, {})", range.start, range.stop, range.step);
}

/// Appends reprs, paying for every byte.
class ReprWriter {
 public:
  explicit ReprWriter(Budget& budget) : budget_(budget) {}

  void write(const Value& value) {
    budget_.spend_steps(1);
    switch (value.kind()) {
      case Kind::undefined:
        return append("Undefined");
      case Kind::none:
        return append("None");
      case Kind::boolean:
        return append(value.as_boolean() ? "True" : "False");
      case Kind::integer:
        return append(std::to_string(value.as_integer()));
      case Kind::floating:
        return append(float_to_text(value.as_number()));
      case Kind::string:
        return write_string(value);
      case Kind::sequence:
        return write_sequence(value.as_sequence());
      case Kind::dict:
        return write_dict(value.as_dict());
      case Kind::object:
        return append(value.as_object().text());
    }
  }
  std::string take() { return std::move(out_); }

 private:
  void append(std::string_view text) {
    budget_.spend_bytes(text.size());
    out_ += text;
  }

  void write_string(const Value& value) {
    const std::string quoted = quote_like_python(value.as_string());
    append(value.is_markup() ? "Markup(" + quoted + ")" : quoted);
  }

  void write_items(const std::vector<Value>& items) {
    for (size_t i = 0; i < items.size(); ++i) {
      if (i > 0) append(", ");
      write(items[i]);
    }
  }

  void write_sequence(const Sequence& sequence) {
    switch (sequence.type) {
      case SequenceType::list:
        append("[");
        write_items(sequence.items);
        return append("]");
      case SequenceType::tuple:
        append("(");
        write_items(sequence.items);
        return append(sequence.items.size() == 1 ? ",)" : ")");
      case SequenceType::range:
        return append(range_text(sequence.range));
      case SequenceType::generator:
        return append("<generator>");
      default:
        append(sequence.traits().type_name);
        append("([");
        write_items(sequence.items);
        return append("])");
    }
  }

  void write_dict(const Dict& dict) {
    append("{");
    for (size_t i = 0; i < dict.entries().size(); ++i) {
      if (i > 0) append(", ");
      write(dict.entries()[i].first);
      append(": ");
      write(dict.entries()[i].second);
    }
    append("}");
  }

  Budget& budget_;
  std::string out_;
};

/// Python writes exponents below 16 out and keeps at least two exponent digits.
std::string lay_out_digits(const std::string& digits, int exponent) {
  const int count = static_cast<int>(digits.size());
  if (exponent < -4 || exponent >= 16) {
    const std::string fraction = count > 1 ? "." + digits.substr(1) : "";
    return fmt::format("{}{}e{}{:02}", digits[0], fraction, exponent < 0 ? '-' : '+', std::abs(exponent));
  }
  if (exponent < 0) return "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  if (exponent >= count - 1) return digits + std::string(static_cast<size_t>(exponent - count + 1), '0') + ".0";
  const auto whole = static_cast<size_t>(exponent) + 1;
  return digits.substr(0, whole) + "." + digits.substr(whole);
}

}  // namespace

std::string to_text(const Value& value, Budget& budget) {
  if (value.is_undefined()) return "";
  if (value.is_string()) return value.as_string();
  return to_repr(value, budget);
}

std::string to_repr(const Value& value, Budget& budget) {
  ReprWriter writer(budget);
  writer.write(value);
  return writer.take();
}

std::string float_to_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  char buffer[32];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), std::abs(value), std::chars_format::scientific).ptr;
  const std::string_view text(buffer, static_cast<size_t>(end - buffer));
  const size_t mark = text.find('e');
  std::string digits(1, text[0]);
  if (mark > 2) digits += text.substr(2, mark - 2);
  int exponent = 0;
  std::from_chars(buffer + mark + (text[mark + 1] == '+' ? 2 : 1), end, exponent);
  const std::string number = lay_out_digits(digits, exponent);
  return std::signbit(value) ? "-" + number : number;
}

std::string quote_like_python(std::string_view text) {
  const bool has_single = text.find('\'') != std::string_view::npos;
  const char quote = has_single && text.find('"') == std::string_view::npos ? '"' : '\'';
  std::string out(1, quote);
  while (!text.empty()) {
    const Utf8Character character = decode_utf8(text);
    if (character.code_point == static_cast<unsigned char>(quote) || character.code_point == '\\') {
      out += '\\';
      out += text[0];
    } else if (is_printable(character.code_point)) {
      out += text.substr(0, character.bytes);
    } else {
      out += escape_unprintable(character.code_point);
    }
    text.remove_prefix(character.bytes);
  }
  return out + quote;
}

}  // namespace adze::text::jinja
