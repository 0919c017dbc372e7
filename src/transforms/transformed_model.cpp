#include <algorithm>
#include <utility>

#include "transforms/transform.h"

namespace adze::transforms {

const model::Tensor& TransformedModel::tensor(const std::string& name) const {
  const auto changed = changes_.find(name);
  return changed != changes_.end() ? changed->second : model_.tensors.at(name);
}

void TransformedModel::replace(model::Tensor tensor) {
  original_storage_.emplace(tensor.name, model_.tensors.at(tensor.name).storage);
  std::string name = tensor.name;
  changes_.insert_or_assign(std::move(name), std::move(tensor));
}

void TransformedModel::add(model::Tensor tensor, const std::string& like) {
  original_storage_.insert_or_assign(tensor.name, original_storage(like));
  model_.tensors.add(std::move(tensor));
}

StorageType TransformedModel::original_storage(const std::string& name) const {
  const auto known = original_storage_.find(name);
  return known != original_storage_.end() ? known->second : model_.tensors.at(name).storage;
}

bool TransformedModel::did_anything_since(size_t first_fold) const {
  return std::any_of(folds_.begin() + static_cast<std::ptrdiff_t>(first_fold), folds_.end(),
                     [](const Fold& fold) { return fold.done; });
}

void TransformedModel::finish() {
  model::TensorList tensors;
  for (const auto& tensor : model_.tensors) tensors.add(this->tensor(tensor.name));
  model_.tensors = std::move(tensors);
  changes_.clear();
}

}  // namespace adze::transforms
