// The methods of strings.
#include <algorithm>
#include <array>

#include "base/utf8.h"
#include "text/chat_templates/builtins.h"
#include "text/chat_templates/print.h"
#include "text/chat_templates/python_format.h"
#include "text/chat_templates/python_string.h"

namespace adze::text::jinja {

namespace {

// Argument 0 is the string itself.

std::optional<std::string_view> optional_text(const Call& call, size_t index) {
  if (!call.has_value(index)) return std::nullopt;
  return call.string(index);
}

template <Side side>
Value strip_method(Call& call) {
  return call.like_subject(std::string(strip(call.string(0), side, optional_text(call, 1))));
}

Value string_list(const Call& call, const std::vector<std::string>& parts) {
  std::vector<Value> items;
  for (const std::string& part : parts) items.push_back(call.like_subject(part));
  return Value::list(std::move(items));
}

Value split_method(Call& call) {
  return string_list(call, split(call.string(0), optional_text(call, 1), call.integer_or(2, -1), call.budget()));
}

Value rsplit_method(Call& call) {
  return string_list(call,
                     split_from_right(call.string(0), optional_text(call, 1), call.integer_or(2, -1), call.budget()));
}

Value splitlines_method(Call& call) {
  return string_list(call, split_lines(call.string(0), call.flag(1), call.budget()));
}

Value cut_in_three(Call& call, size_t found, const std::string& separator, bool from_right) {
  const std::string& text = call.string(0);
  const auto part = [&](std::string_view piece) { return call.like_subject(std::string(piece)); };
  if (separator.empty()) fail(ErrorCode::bad_input, "{}: needs a separator that is not empty", call.name());
  if (found == std::string::npos) {
    return from_right ? Value::tuple({part(""), part(""), part(text)}) : Value::tuple({part(text), part(""), part("")});
  }
  const std::string_view view = text;
  return Value::tuple({part(view.substr(0, found)), part(separator), part(view.substr(found + separator.size()))});
}

Value partition_method(Call& call) {
  return cut_in_three(call, call.string(0).find(call.string(1)), call.string(1), false);
}
Value rpartition_method(Call& call) {
  return cut_in_three(call, call.string(0).rfind(call.string(1)), call.string(1), true);
}

/// Part `[start, stop)` of the subject, counted in characters, as find(), count() and startswith() limit themselves.
struct Window {
  std::string_view text;
  int64_t start = 0;
  bool is_valid = true;  // start is not behind the end
};

size_t byte_offset(std::string_view text, int64_t characters) {
  size_t at = 0;
  for (; characters > 0 && at < text.size(); --characters) at += decode_utf8(text.substr(at)).bytes;
  return at;
}

Window window(const Call& call, size_t start_index) {
  const std::string& text = call.string(0);
  if (!call.has_value(start_index) && !call.has_value(start_index + 1)) return {text, 0, true};
  const auto size = static_cast<int64_t>(count_characters(text));
  std::optional<int64_t> start, stop;
  if (call.has_value(start_index)) start = call.integer(start_index);
  if (call.has_value(start_index + 1)) stop = call.integer(start_index + 1);
  const SliceBounds bounds = clamp_slice(start, stop, 1, size);
  const bool is_valid = bounds.start <= bounds.stop && start.value_or(0) <= size;
  const size_t first = byte_offset(text, bounds.start);
  const size_t last = std::max(first, byte_offset(text, bounds.stop));
  return {std::string_view(text).substr(first, last - first), bounds.start, is_valid};
}

template <bool at_start>
bool matches_affix(const Window& part, const Value& affix) {
  if (!affix.is_string()) fail(ErrorCode::bad_input, "startswith() and endswith() need a string or a tuple of strings");
  if (!part.is_valid) return false;
  return at_start ? part.text.starts_with(affix.as_string()) : part.text.ends_with(affix.as_string());
}

template <bool at_start>
Value affix_method(Call& call) {
  const Window part = window(call, 2);
  const Value& affix = call.value(1);
  if (!affix.is(Kind::sequence) || affix.as_sequence().type != SequenceType::tuple) {
    return Value::boolean(matches_affix<at_start>(part, affix));
  }
  const auto& choices = affix.as_sequence().items;
  call.budget().spend_steps(choices.size());
  return Value::boolean(std::any_of(choices.begin(), choices.end(),
                                    [&](const Value& choice) { return matches_affix<at_start>(part, choice); }));
}

Value remove_prefix_method(Call& call) {
  const std::string& text = call.string(0);
  return call.like_subject(text.starts_with(call.string(1)) ? text.substr(call.string(1).size()) : text);
}

Value remove_suffix_method(Call& call) {
  const std::string& text = call.string(0);
  const std::string& suffix = call.string(1);
  return call.like_subject(text.ends_with(suffix) ? text.substr(0, text.size() - suffix.size()) : text);
}

/// Searching for long parts can take time proportional to both lengths.
void spend_search(const Call& call, size_t part_index) {
  call.budget().spend_reading(call.string(0).size() * (1 + call.string(part_index).size() / 64));
}

template <bool from_right>
int64_t find_in_window(Call& call) {
  spend_search(call, 1);
  const Window part = window(call, 2);
  if (!part.is_valid) return -1;
  const size_t found = from_right ? part.text.rfind(call.string(1)) : part.text.find(call.string(1));
  if (found == std::string_view::npos) return -1;
  return part.start + static_cast<int64_t>(count_characters(part.text.substr(0, found)));
}

template <bool from_right>
Value find_method(Call& call) {
  return Value::integer(find_in_window<from_right>(call));
}

template <bool from_right>
Value index_method(Call& call) {
  const int64_t found = find_in_window<from_right>(call);
  if (found < 0) fail(ErrorCode::not_found, "{}: the part is not in the string", call.name());
  return Value::integer(found);
}

Value count_method(Call& call) {
  spend_search(call, 1);
  const Window part = window(call, 2);
  return Value::integer_from_size(part.is_valid ? count_occurrences(part.text, call.string(1)) : 0);
}

Value replace_method(Call& call) {
  spend_search(call, 1);
  return call.like_subject(
      replace(call.string(0), call.string(1), call.string(2), call.integer_or(3, -1), call.budget()));
}

template <std::string (*change)(std::string_view)>
Value case_method(Call& call) {
  call.budget().spend_bytes(call.string(0).size());
  return call.like_subject(change(call.string(0)));
}

template <CharacterClass wanted>
Value class_method(Call& call) {
  return Value::boolean(all_characters_are(call.string(0), wanted));
}

Value is_identifier_method(Call& call) {
  const std::u32string characters = utf8_to_code_points(call.string(0));
  const bool starts_well =
      !characters.empty() && !all_characters_are(to_utf8(characters.substr(0, 1)), CharacterClass::numeric);
  return Value::boolean(starts_well && std::all_of(characters.begin(), characters.end(), is_word_character));
}

Value is_printable_method(Call& call) {
  // Backslashes and quotes are printable although a repr escapes them.
  std::string plain;
  for (const char c : call.string(0)) {
    if (c != '\\' && c != '\'' && c != '"') plain += c;
  }
  return Value::boolean(quote_like_python(plain) == "'" + plain + "'");
}

Value join_method(Call& call) {
  std::string text;
  bool is_first = true;
  for (const Value& item : call.items(1)) {
    if (!item.is_string()) fail(ErrorCode::bad_input, "join(): needs strings, got {}", item.type_name());
    if (!is_first) text += call.string(0);
    is_first = false;
    text += item.as_string();
    call.budget().spend_bytes(item.as_string().size() + call.string(0).size());
  }
  return call.like_subject(std::move(text));
}

Value format_method(Call& call) { return format_braces(call.value(0), call.rest, call.budget()); }

Value format_map_method(Call& call) {
  Arguments arguments;
  if (!call.value(1).is(Kind::dict)) fail(ErrorCode::bad_input, "format_map(): needs a dictionary");
  for (const auto& [name, value] : call.value(1).as_dict().entries()) {
    if (name.is_string()) arguments.keyword.emplace_back(name.as_string(), value);
  }
  return format_braces(call.value(0), arguments, call.budget());
}

int64_t checked_width(const Call& call, size_t index) {
  const int64_t width = call.integer(index);
  if (width > kMaxWidth) fail(ErrorCode::bad_input, "{}: the width is above {}", call.name(), kMaxWidth);
  return width;
}

template <char align>
Value align_method(Call& call) {
  const std::string& text = call.string(0);
  const std::string fill = call.string_or(2, " ");
  if (count_characters(fill) != 1) fail(ErrorCode::bad_input, "{}: the fill must be one character", call.name());
  const int64_t missing = checked_width(call, 1) - static_cast<int64_t>(count_characters(text));
  if (missing <= 0) return call.value(0);
  // Python puts the odd fill character of center() on the left when the width is odd.
  const int64_t centered = missing / 2 + (missing & checked_width(call, 1) & 1);
  const int64_t before = align == '<' ? 0 : align == '>' ? missing : centered;
  return call.like_subject(repeat(fill, before, call.budget()) + text + repeat(fill, missing - before, call.budget()));
}

Value zfill_method(Call& call) {
  const std::string& text = call.string(0);
  const int64_t missing = checked_width(call, 1) - static_cast<int64_t>(count_characters(text));
  if (missing <= 0) return call.value(0);
  const size_t sign = text.starts_with('-') || text.starts_with('+') ? 1 : 0;
  return call.like_subject(text.substr(0, sign) + repeat("0", missing, call.budget()) + text.substr(sign));
}

Value expand_tabs_method(Call& call) {
  const int64_t size = call.has(1) ? checked_width(call, 1) : 8;
  std::string out;
  int64_t column = 0;
  for (const char c : call.string(0)) {
    if (c == '\t') {
      const int64_t spaces = size > 0 ? size - column % size : 0;
      call.budget().spend_bytes(static_cast<uint64_t>(spaces));
      out.append(static_cast<size_t>(spaces), ' ');
      column += spaces;
      continue;
    }
    out += c;
    if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) ++column;
    if (c == '\n' || c == '\r') column = 0;
  }
  return call.like_subject(std::move(out));
}

constexpr std::array<Builtin, 44> kStringMethods = {{
    {"capitalize", "self", case_method<capitalize>},
    {"casefold", "self", case_method<to_lower>},
    {"center", "self width fillchar?", align_method<'^'>},
    {"count", "self sub start? end?", count_method},
    {"endswith", "self suffix start? end?", affix_method<false>},
    {"expandtabs", "self tabsize?", expand_tabs_method},
    {"find", "self sub start? end?", find_method<false>},
    {"format", "self *", format_method},
    {"format_map", "self mapping", format_map_method},
    {"index", "self sub start? end?", index_method<false>},
    {"isalnum", "self", class_method<CharacterClass::alphanumeric>},
    {"isalpha", "self", class_method<CharacterClass::alphabetic>},
    {"isascii", "self", class_method<CharacterClass::ascii>},
    {"isdecimal", "self", class_method<CharacterClass::decimal>},
    {"isdigit", "self", class_method<CharacterClass::digit>},
    {"isidentifier", "self", is_identifier_method},
    {"islower", "self", class_method<CharacterClass::lower>},
    {"isnumeric", "self", class_method<CharacterClass::numeric>},
    {"isprintable", "self", is_printable_method},
    {"isspace", "self", class_method<CharacterClass::space>},
    {"istitle", "self", class_method<CharacterClass::title>},
    {"isupper", "self", class_method<CharacterClass::upper>},
    {"join", "self iterable", join_method},
    {"ljust", "self width fillchar?", align_method<'<'>},
    {"lower", "self", case_method<to_lower>},
    {"lstrip", "self chars?", strip_method<Side::left>},
    {"partition", "self sep", partition_method},
    {"removeprefix", "self prefix", remove_prefix_method},
    {"removesuffix", "self suffix", remove_suffix_method},
    {"replace", "self old new count?", replace_method},
    {"rfind", "self sub start? end?", find_method<true>},
    {"rindex", "self sub start? end?", index_method<true>},
    {"rjust", "self width fillchar?", align_method<'>'>},
    {"rpartition", "self sep", rpartition_method},
    {"rsplit", "self sep? maxsplit?", rsplit_method},
    {"rstrip", "self chars?", strip_method<Side::right>},
    {"split", "self sep? maxsplit?", split_method},
    {"splitlines", "self keepends?", splitlines_method},
    {"startswith", "self prefix start? end?", affix_method<true>},
    {"strip", "self chars?", strip_method<Side::both>},
    {"swapcase", "self", case_method<swap_case>},
    {"title", "self", case_method<to_title>},
    {"upper", "self", case_method<to_upper>},
    {"zfill", "self width", zfill_method},
}};

}  // namespace

std::span<const Builtin> string_methods() { return kStringMethods; }

}  // namespace adze::text::jinja
