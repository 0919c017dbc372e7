#include "formats/hf/weight_stacks.h"

#include <utility>

#include "base/error.h"
#include "model/derived_tensors.h"

namespace adze::formats {

void WeightStacks::add(model::Tensor tensor) { tensors_.push_back(std::move(tensor)); }

void WeightStacks::add(model::Tensor tensor, const MappedWeight& target) {
  if (!target.part) return add(model::renamed(std::move(tensor), target.name));
  Stack& stack = stacks_[target.name];
  const auto [found, is_new] = stack.parts.emplace(*target.part, std::move(tensor));
  if (!is_new) {
    fail(ErrorCode::bad_input, "{}: part {} of '{}' is there twice", found->second.source->where(), *target.part,
         target.name);
  }
  stack.place = tensors_.size();
  tensors_.emplace_back();
}

std::vector<model::Tensor> WeightStacks::take() && {
  for (auto& [name, stack] : stacks_) {
    std::vector<model::Tensor> parts;
    for (auto& [number, part] : stack.parts) {
      if (number != static_cast<int64_t>(parts.size())) {
        fail(ErrorCode::bad_input, "{}: part {} of '{}' is missing", part.source->where(), parts.size(), name);
      }
      parts.push_back(std::move(part));
    }
    tensors_[stack.place] = model::stacked(name, std::move(parts));
  }
  std::erase_if(tensors_, [](const model::Tensor& tensor) { return tensor.source == nullptr; });
  return std::move(tensors_);
}

}  // namespace adze::formats
