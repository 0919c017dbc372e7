// 'text %s' % values
#include <fmt/format.h>

#include <cmath>

#include "base/error.h"
#include "text/chat_templates/budget.h"
#include "text/chat_templates/print.h"
#include "text/chat_templates/python_format.h"
#include "text/chat_templates/python_string.h"

namespace adze::text::jinja {

namespace {

class PercentFormatter {
 public:
  PercentFormatter(const Value& format, const Value& arguments, Budget& budget)
      : text_(format.as_string()), escapes_(format.is_markup()), arguments_(arguments), budget_(budget) {
    is_tuple_ = arguments.is(Kind::sequence) && arguments.as_sequence().type == SequenceType::tuple;
  }

  std::string run() {
    while (!text_.empty()) {
      const size_t mark = std::min(text_.find('%'), text_.size());
      append(text_.substr(0, mark));
      text_.remove_prefix(mark);
      if (text_.empty()) break;
      text_.remove_prefix(1);
      read_conversion();
    }
    const bool leaves_some = is_tuple_ ? next_ < arguments_.as_sequence().items.size() : next_ == 0 && !uses_names_;
    if (leaves_some && !arguments_.is(Kind::dict))
      fail(ErrorCode::bad_input, "'%' got more values than the text has places");
    return std::move(out_);
  }

 private:
  void append(std::string_view text) {
    budget_.spend_bytes(text.size());
    out_ += text;
  }

  char take() {
    if (text_.empty()) fail(ErrorCode::bad_input, "the format ends after '%'; write '%%' for a percent sign");
    const char c = text_[0];
    text_.remove_prefix(1);
    return c;
  }

  Value next_value() {
    if (!is_tuple_) {
      if (next_++ > 0) fail(ErrorCode::bad_input, "'%' got fewer values than the text has places");
      return arguments_;
    }
    const auto& items = arguments_.as_sequence().items;
    if (next_ >= items.size()) fail(ErrorCode::bad_input, "'%' got fewer values than the text has places");
    return items[next_++];
  }

  Value named_value() {
    const size_t end = text_.find(')');
    if (end == std::string_view::npos) fail(ErrorCode::bad_input, "a name in the format needs a ')'");
    const std::string_view name = text_.substr(0, end);
    text_.remove_prefix(end + 1);
    uses_names_ = true;
    const Value* value = arguments_.is(Kind::dict) ? arguments_.as_dict().find(name) : nullptr;
    if (value == nullptr) fail(ErrorCode::not_found, "'%' got no value named '{}'", std::string(name));
    return *value;
  }

  /// Digits, or a `*` that takes the next value.
  std::string read_count() {
    if (!text_.empty() && text_[0] == '*') {
      take();
      const Value value = next_value();
      if (!value.is_integral()) fail(ErrorCode::bad_input, "'*' in a format needs an integer");
      return std::to_string(std::abs(value.as_integer() % kMaxWidth));
    }
    std::string digits;
    while (!text_.empty() && text_[0] >= '0' && text_[0] <= '9') digits += take();
    return digits;
  }

  /// Translates `%-08.3f` into a format specification and applies it.
  void read_conversion() {
    std::optional<Value> value;
    if (!text_.empty() && text_[0] == '(') {
      take();
      value = named_value();
    }
    std::string flags;
    while (!text_.empty() && std::string_view("-+ #0").find(text_[0]) != std::string_view::npos) flags += take();
    const std::string width = read_count();
    std::string precision;
    if (!text_.empty() && text_[0] == '.') {
      take();
      precision = "." + read_count();
      if (precision == ".") precision = ".0";
    }
    const char type = take();
    if (type == '%') return append("%");
    append(convert(value ? *value : next_value(), type, {flags, width, precision}));
  }

  struct Layout {
    std::string flags;
    std::string width;
    std::string precision;
    bool has(char flag) const { return flags.find(flag) != std::string::npos; }
    std::string spec(bool is_number, const std::string& type) const {
      std::string spec = has('-') ? "<" : ">";
      if (is_number && has('+')) {
        spec += '+';
      } else if (is_number && has(' ')) {
        spec += ' ';
      }
      if (is_number && has('#')) spec += '#';
      if (is_number && has('0') && !has('-')) spec = "0=" + spec.substr(1);
      return spec + width + precision + type;
    }
  };

  std::string convert(const Value& value, char type, Layout layout) {
    switch (type) {
      case 's':
      case 'r':
      case 'a': {
        std::string text = type == 's' ? to_text(value, budget_) : to_repr(value, budget_);
        if (escapes_ && !value.is_markup()) text = escape_html(text);
        return format_value(Value::string(std::move(text)), layout.spec(false, ""), budget_);
      }
      case 'd':
      case 'i':
      case 'u':
      case 'x':
      case 'X':
      case 'o':
        return convert_integer(value, type, layout);
      case 'e':
      case 'E':
      case 'f':
      case 'F':
      case 'g':
      case 'G':
        if (!value.is_number()) fail_type(value, type);
        return format_value(Value::floating(value.as_number()), layout.spec(true, std::string(1, type)), budget_);
      case 'c':
        return convert_character(value, layout);
      default:
        fail(ErrorCode::bad_input, "'%{}' is not a format", type);
    }
  }

  std::string convert_integer(const Value& value, char type, Layout layout) {
    if (!value.is_number() || (type != 'd' && type != 'i' && type != 'u' && !value.is_integral()))
      fail_type(value, type);
    if (!value.is_integral() && !(std::abs(value.as_number()) < 9e18)) {
      fail(ErrorCode::unsupported, "a number is too large for '%{}'", type);
    }
    const int64_t number = value.is_integral() ? value.as_integer() : static_cast<int64_t>(value.as_number());
    layout.precision.clear();
    const bool is_decimal = type == 'd' || type == 'i' || type == 'u';
    return format_value(Value::integer(number), layout.spec(true, std::string(1, is_decimal ? 'd' : type)), budget_);
  }

  std::string convert_character(const Value& value, const Layout& layout) {
    if (value.is_string() && count_characters(value.as_string()) == 1) {
      return format_value(value, layout.spec(false, ""), budget_);
    }
    if (!value.is_integral()) fail_type(value, 'c');
    const Value character = Value::string(format_value(Value::integer(value.as_integer()), "c", budget_));
    return format_value(character, layout.spec(false, ""), budget_);
  }

  [[noreturn]] static void fail_type(const Value& value, char type) {
    fail(ErrorCode::bad_input, "'%{}' needs a number, got {}", type, value.type_name());
  }

  std::string_view text_;
  bool escapes_;
  const Value& arguments_;
  Budget& budget_;
  bool is_tuple_ = false;
  bool uses_names_ = false;
  size_t next_ = 0;
  std::string out_;
};

}  // namespace

Value format_percent(const Value& format, const Value& arguments, Budget& budget) {
  return Value::string(PercentFormatter(format, arguments, budget).run(), format.is_markup());
}

}  // namespace adze::text::jinja
