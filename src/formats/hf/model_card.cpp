#include "formats/hf/model_card.h"

#include <algorithm>

namespace adze::formats {
namespace {

constexpr std::string_view kFence = "---";

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r");
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r") - begin + 1);
}

std::string unquoted(std::string_view text) {
  text = trimmed(text);
  const bool quoted = text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text.front();
  return std::string(quoted ? text.substr(1, text.size() - 2) : text);
}

std::vector<std::string> flow_list(std::string_view text) {  // "[a, b]"
  std::vector<std::string> items;
  text = text.substr(1, text.size() - 2);
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    if (auto item = unquoted(text.substr(0, comma)); !item.empty()) items.push_back(std::move(item));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return items;
}

std::vector<std::string> inline_value(std::string_view text) {
  text = trimmed(text);
  if (text.empty() || text == "|" || text == ">" || text.front() == '{') return {};
  if (text.front() == '[' && text.back() == ']') return flow_list(text);
  return {unquoted(text)};
}

std::string_view take_line(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  const auto line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

// "- item" of a list, indented or not; a nested mapping ("- name: x") is not one.
bool is_item(std::string_view line) {
  const auto text = trimmed(line);
  return text.starts_with("- ") && text.find(": ") == text.npos && !text.ends_with(':');
}

}  // namespace

ModelCard read_model_card(std::string_view readme) {
  ModelCard card;
  if (trimmed(take_line(readme)) != kFence) return card;
  std::string key;
  while (!readme.empty()) {
    const auto line = take_line(readme);
    if (trimmed(line) == kFence) return card;
    const size_t colon = line.find(':');
    if (is_item(line) && !key.empty()) {
      card[key].push_back(unquoted(trimmed(line).substr(2)));
    } else if (!line.empty() && line[0] != ' ' && line[0] != '-' && line[0] != '#' && colon != line.npos) {
      key = std::string(trimmed(line.substr(0, colon)));
      card[key] = inline_value(line.substr(colon + 1));
    } else if (!trimmed(line).empty()) {
      key.clear();  // inside something nested
    }
  }
  return {};  // no closing fence: not a block
}

}  // namespace adze::formats
