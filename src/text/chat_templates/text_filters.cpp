#include <fmt/format.h>

#include <algorithm>

#include "base/utf8.h"
#include "text/chat_templates/filters.h"
#include "text/chat_templates/operators.h"
#include "text/chat_templates/print.h"
#include "text/chat_templates/python_format.h"
#include "text/chat_templates/python_string.h"

namespace adze::text::jinja::filter {

namespace {

template <typename Change>
Value change_text(Call& call, Change change) {
  std::string text = change(call.text(0));
  call.budget().spend_bytes(text.size());
  return call.like_subject(std::move(text));
}

/// Where `title` starts a new word.
bool separates_title_words(char c) {
  return is_space(static_cast<unsigned char>(c)) || std::string_view("-({[<").find(c) != std::string_view::npos;
}

std::string title_case(const std::string& text) {
  std::string out;
  for (size_t at = 0; at < text.size();) {
    if (static_cast<unsigned char>(text[at]) < 0x80 && separates_title_words(text[at])) {
      out += text[at++];
      continue;
    }
    size_t end = at;
    while (end < text.size() && !(static_cast<unsigned char>(text[end]) < 0x80 && separates_title_words(text[end])))
      ++end;
    const std::string_view word = std::string_view(text).substr(at, end - at);
    const size_t first = decode_utf8(word).bytes;
    out += to_upper(word.substr(0, first)) + to_lower(word.substr(first));
    at = end;
  }
  return out;
}

std::string join_lines(const std::vector<std::string>& lines, const std::string& indentation, bool indents_blank) {
  std::string out = lines.empty() ? "" : lines[0];
  for (size_t i = 1; i < lines.size(); ++i) {
    out += "\n";
    if (indents_blank || !lines[i].empty()) out += indentation;
    out += lines[i];
  }
  return out;
}

std::optional<std::string> json_indentation(const Call& call, size_t index) {
  if (!call.has_value(index)) return std::nullopt;
  if (call.value(index).is_string()) return call.string(index);
  const int64_t width = call.integer(index);
  if (width > kMaxWidth) fail(ErrorCode::bad_input, "tojson: the indentation is above {}", kMaxWidth);
  return std::string(static_cast<size_t>(std::max<int64_t>(width, 0)), ' ');
}

void read_separators(const Call& call, size_t index, JsonStyle& style) {
  if (!call.has_value(index)) return;
  const std::vector<Value> pair = call.items(index);
  if (pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string()) {
    fail(ErrorCode::bad_input, "tojson: separators must be two strings, as in (',', ':')");
  }
  style.item_separator = pair[0].as_string();
  style.key_separator = pair[1].as_string();
}

bool is_url_safe(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_.-~").find(c) != std::string_view::npos;
}

std::string url_quote(const std::string& text, bool keeps_slash) {
  std::string out;
  for (const char c : text) {
    if (is_url_safe(c) || (c == '/' && keeps_slash)) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

/// Query strings write a space as '+'.
std::string url_quote_query(const std::string& text) {
  std::string out;
  for (const char c : text) out += c == ' ' ? "+" : url_quote(std::string(1, c), false);
  return out;
}

std::string url_query(const std::vector<Value>& pairs, Budget& budget) {
  std::string out;
  for (const Value& pair : pairs) {
    const std::vector<Value> parts = iterate(pair, budget);
    if (parts.size() != 2) fail(ErrorCode::bad_input, "urlencode: needs a string, a dictionary or pairs");
    if (!out.empty()) out += "&";
    const std::string pair_text =
        url_quote_query(to_text(parts[0], budget)) + "=" + url_quote_query(to_text(parts[1], budget));
    budget.spend_bytes(pair_text.size());
    out += pair_text;
  }
  return out;
}

std::vector<Value> pairs_of(const Dict& dict) {
  std::vector<Value> pairs;
  for (const auto& [key, value] : dict.entries()) pairs.push_back(Value::tuple({key, value}));
  return pairs;
}

}  // namespace

Value capitalize(Call& call) { return change_text(call, jinja::capitalize); }
Value lower(Call& call) { return change_text(call, to_lower); }
Value upper(Call& call) { return change_text(call, to_upper); }
Value title(Call& call) {
  std::string text = title_case(call.text(0));
  call.budget().spend_bytes(text.size());
  return Value::string(std::move(text));
}

Value center(Call& call) {
  const Builtin* method = find_builtin(string_methods(), "center");
  Arguments arguments;
  arguments.positional.push_back(Value::integer(call.integer_or(1, 80)));
  return call_builtin(call.interpreter, *method, call.like_subject(call.text(0)), arguments);
}

Value escape(Call& call) {
  if (call.value(0).is_markup()) return call.value(0);
  return force_escape(call);
}

Value force_escape(Call& call) {
  std::string text = escape_html(call.text(0));
  call.budget().spend_bytes(text.size());
  return Value::string(std::move(text), true);
}

Value safe(Call& call) { return Value::string(call.text(0), true); }

Value string(Call& call) {
  if (call.value(0).is_string()) return call.value(0);
  return Value::string(call.text(0));
}

Value format(Call& call) {
  if (!call.rest.positional.empty() && !call.rest.keyword.empty()) {
    fail(ErrorCode::bad_input, "format: takes positional or keyword arguments, not both");
  }
  const Value text = call.like_subject(call.text(0));
  if (call.rest.keyword.empty()) return format_percent(text, Value::tuple(call.rest.positional), call.budget());
  Dict named;
  for (const auto& [name, value] : call.rest.keyword) named.set(name, value);
  return format_percent(text, Value::dict(std::move(named)), call.budget());
}

Value indent(Call& call) {
  std::string indentation = "    ";
  if (call.has(1)) {
    indentation = call.value(1).is_string()
                      ? call.string(1)
                      : std::string(static_cast<size_t>(std::clamp<int64_t>(call.integer(1), 0, kMaxWidth)), ' ');
  }
  const std::vector<std::string> lines = split_lines(call.string(0) + "\n", false, call.budget());
  call.budget().spend_bytes(call.string(0).size());
  for (size_t i = 0; i <= lines.size(); ++i) call.budget().spend_bytes(indentation.size());
  std::string text = join_lines(lines, indentation, call.flag(3));
  return call.like_subject(call.flag(2) ? indentation + text : text);
}

Value replace(Call& call) {
  const std::string subject = call.text(0);
  const std::string from = call.text(1);
  call.budget().spend_reading(subject.size() * (1 + from.size() / 64));
  const int64_t most = call.has_value(3) ? call.integer(3) : -1;
  return Value::string(jinja::replace(subject, from, call.text(2), most, call.budget()));
}

Value strip_tags(Call& call) {
  std::string text;
  const std::string subject = call.text(0);
  for (size_t at = 0; at < subject.size();) {
    const size_t open = std::min(subject.find('<', at), subject.size());
    text.append(subject, at, open - at);
    const bool is_comment = subject.compare(open, 4, "<!--") == 0;
    const size_t close = subject.find(is_comment ? "-->" : ">", open);
    if (close == std::string::npos) {
      text.append(subject, open);
      break;
    }
    at = close + (is_comment ? 3 : 1);
  }
  std::string words;
  for (const std::string& word : split(text, std::nullopt, -1, call.budget()))
    words += (words.empty() ? "" : " ") + word;
  return Value::string(std::move(words));
}

Value to_json(Call& call) {
  JsonStyle style;
  style.escape_non_ascii = call.flag(1);
  style.indent = json_indentation(call, 2);
  read_separators(call, 3, style);
  style.sort_keys = call.flag(4);
  return Value::string(to_json_text(call.value(0), style, call.budget()));
}

Value trim(Call& call) {
  std::optional<std::string> characters;
  if (call.has_value(1)) characters = call.string(1);
  return change_text(call, [&](const std::string& text) { return std::string(strip(text, Side::both, characters)); });
}

Value truncate(Call& call) {
  const std::string& text = call.string(0);
  const int64_t length = call.integer_or(1, 255);
  const std::string end = call.string_or(3, "...");
  const int64_t leeway = call.has_value(4) ? call.integer(4) : 5;
  const auto end_length = static_cast<int64_t>(count_characters(end));
  if (length < end_length || leeway < 0) {
    fail(ErrorCode::bad_input, "truncate: needs a length of at least {} and a leeway of at least 0", end_length);
  }
  const auto size = static_cast<int64_t>(count_characters(text));
  if (size <= length || size - length <= leeway) return call.value(0);
  const std::u32string characters = utf8_to_code_points(text);
  std::string kept = to_utf8(std::u32string_view(characters).substr(0, static_cast<size_t>(length - end_length)));
  if (!call.flag(2)) kept = kept.substr(0, kept.rfind(' '));
  return call.like_subject(kept + end);
}

Value url_encode(Call& call) {
  const Value& value = call.value(0);
  if (value.is(Kind::dict)) return Value::string(url_query(pairs_of(value.as_dict()), call.budget()));
  if (value.is_string() || !is_iterable(value)) return Value::string(url_quote(call.text(0), true));
  return Value::string(url_query(call.items(0), call.budget()));
}

Value word_count(Call& call) {
  int64_t words = 0;
  bool in_word = false;
  for (const char32_t character : utf8_to_code_points(call.text(0))) {
    const bool is_word = is_word_character(character);
    if (is_word && !in_word) ++words;
    in_word = is_word;
  }
  return Value::integer(words);
}

Value xml_attributes(Call& call) {
  if (!call.value(0).is(Kind::dict)) fail(ErrorCode::bad_input, "xmlattr: needs a dictionary");
  std::string out;
  for (const auto& [key, value] : call.value(0).as_dict().entries()) {
    if (value.is_none() || value.is_undefined()) continue;
    const std::string name = to_text(key, call.budget());
    if (name.find_first_of(" \t\n\v\f\r/>=") != std::string::npos) {
      fail(ErrorCode::bad_input, "xmlattr: '{}' cannot name an attribute", name);
    }
    const std::string text = to_text(value, call.budget());
    call.budget().spend_bytes(name.size() + text.size());
    const bool starts = out.empty() && call.has(1) && !call.flag(1);
    out += (starts ? "" : " ") + escape_html(name) + "=\"" + (value.is_markup() ? text : escape_html(text)) + "\"";
  }
  return Value::string(std::move(out));
}

}  // namespace adze::text::jinja::filter
