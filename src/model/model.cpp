#include "model/model.h"

#include "base/error.h"

namespace adze::model {

void TensorList::add(Tensor tensor) {
  const auto [place, inserted] = index_.emplace(tensor.name, tensors_.size());
  if (!inserted) fail(ErrorCode::bad_input, "tensor '{}' appears twice ({})", tensor.name, tensor.source->where());
  tensors_.push_back(std::move(tensor));
}

void TensorList::replace(Tensor tensor) {
  const auto found = index_.find(tensor.name);
  if (found == index_.end()) return add(std::move(tensor));
  tensors_[found->second] = std::move(tensor);
}

const Tensor* TensorList::find(std::string_view name) const {
  const auto found = index_.find(std::string(name));
  return found == index_.end() ? nullptr : &tensors_[found->second];
}

const Tensor& TensorList::at(std::string_view name) const {
  const Tensor* tensor = find(name);
  if (!tensor) fail(ErrorCode::not_found, "the model has no tensor '{}'", name);
  return *tensor;
}

int64_t TensorList::byte_size() const {
  int64_t total = 0;
  for (const auto& tensor : tensors_) total += tensor.byte_size();
  return total;
}

int64_t TensorList::element_count() const {
  int64_t total = 0;
  for (const auto& tensor : tensors_) total += tensor.shape.element_count();
  return total;
}

const std::string* Model::chat_template() const {
  for (const auto& [name, source_text] : chat_templates) {
    if (name.empty() || name == "default") return &source_text;
  }
  return chat_templates.empty() ? nullptr : &chat_templates.front().second;
}

std::string_view Model::side_file(std::string_view name) const {
  for (const auto& side : side_files) {
    if (side.name != name) continue;
    const auto bytes = side.file->bytes();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  return {};
}

}  // namespace adze::model
