// Many names said shortly: what differs only in numbers becomes one pattern.
#pragma once

#include <set>
#include <span>
#include <string>
#include <vector>

namespace adze::model {

struct NameGroup {
  std::string pattern;            // "model.layers.*.mlp.foo.weight"; the name itself where it is alone
  std::set<std::string> numbers;  // that the first "*" stands for
  size_t names = 0;
};

/// In the order in which the first of each group comes.
std::vector<NameGroup> grouped_names(std::span<const std::string> names);

/// "model.layers.*.mlp.foo.weight (32 layers)"; "… (32 layers, 256 tensors)" where a layer has several.
std::string to_string(const NameGroup& group);

}  // namespace adze::model
