#include "formats/numbered_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include "base/error.h"
#include "model/derived_tensors.h"

namespace adze::formats {
namespace {

bool is_whole_name(std::string_view name) { return name.ends_with(".weight") || name.ends_with(".bias"); }

struct PartName {
  std::string_view stack;
  int64_t index;
};

std::optional<PartName> part_name(std::string_view name) {
  const size_t dot = name.rfind('.');
  if (dot == std::string_view::npos || !is_whole_name(name.substr(0, dot))) return std::nullopt;
  const std::string_view digits = name.substr(dot + 1);
  int64_t index = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
  if (error != std::errc() || end != digits.data() + digits.size() || index < 0) return std::nullopt;
  return PartName{name.substr(0, dot), index};
}

}  // namespace

std::string name_of_part(std::string_view stack, int64_t index) { return fmt::format("{}.{}", stack, index); }

bool is_weight_name(std::string_view name) { return is_whole_name(name) || part_name(name); }

std::vector<model::Tensor> with_parts_stacked(std::vector<model::Tensor> tensors) {
  std::map<std::string, std::map<int64_t, model::Tensor>, std::less<>> stacks;
  std::vector<model::Tensor> result;
  for (model::Tensor& tensor : tensors) {
    const auto part = part_name(tensor.name);
    if (!part) {
      result.push_back(std::move(tensor));
      continue;
    }
    auto& parts = stacks[std::string(part->stack)];
    if (parts.contains(part->index)) fail(ErrorCode::bad_input, "tensor '{}' is there twice", tensor.name);
    parts.emplace(part->index, std::move(tensor));
  }
  for (auto& [name, parts] : stacks) {
    if (parts.rbegin()->first != static_cast<int64_t>(parts.size()) - 1) {
      fail(ErrorCode::bad_input, "of '{}' there are {} parts, but one is number {}", name, parts.size(),
           parts.rbegin()->first);
    }
    std::vector<model::Tensor> members;
    for (auto& [index, tensor] : parts) members.push_back(std::move(tensor));
    result.push_back(model::stacked(name, std::move(members)));
  }
  return result;
}

}  // namespace adze::formats
