#include "model/name_patterns.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string_view>

namespace adze::model {
namespace {

struct Split {
  std::string pattern;
  std::string number;  // the first
};

// Numbers are whole parts between dots.
Split split_of(std::string_view name) {
  Split split;
  for (size_t begin = 0; begin <= name.size();) {
    const size_t end = std::min(name.find('.', begin), name.size());
    const auto part = name.substr(begin, end - begin);
    const bool number = !part.empty() && std::ranges::all_of(part, [](char c) { return c >= '0' && c <= '9'; });
    if (number && split.number.empty()) split.number = part;
    if (begin > 0) split.pattern += '.';
    split.pattern += number ? "*" : part;
    begin = end + 1;
  }
  return split;
}

}  // namespace

std::vector<NameGroup> grouped_names(std::span<const std::string> names) {
  std::vector<NameGroup> groups;
  std::map<std::string, size_t> places;
  std::vector<std::string_view> firsts;
  for (const auto& name : names) {
    const Split split = split_of(name);
    const auto [place, is_new] = places.emplace(split.pattern, groups.size());
    if (is_new) {
      groups.push_back({split.pattern, {}, 0});
      firsts.emplace_back(name);
    }
    NameGroup& group = groups[place->second];
    ++group.names;
    if (!split.number.empty()) group.numbers.insert(split.number);
  }
  for (size_t i = 0; i < groups.size(); ++i) {
    if (groups[i].names == 1) groups[i].pattern = firsts[i];
  }
  return groups;
}

std::string to_string(const NameGroup& group) {
  if (group.names == 1) return group.pattern;
  const auto layers = group.numbers.size();
  const auto counted = fmt::format("{} ({} {}", group.pattern, layers, layers == 1 ? "layer" : "layers");
  return layers == group.names ? counted + ")" : fmt::format("{}, {} tensors)", counted, group.names);
}

}  // namespace adze::model
