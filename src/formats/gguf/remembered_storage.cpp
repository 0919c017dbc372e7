#include "formats/gguf/remembered_storage.h"

#include "codecs/codec.h"

namespace adze::formats {
namespace {
constexpr const char* kKey = "adze.stored_before";
}

void recall_storage(model::Model& model) {
  const auto* value = model.other.find(kKey);
  const auto* names = value ? std::get_if<std::vector<std::string>>(value) : nullptr;
  if (!names || names->size() != model.tensors.size()) return;
  model::TensorList tensors;
  size_t index = 0;
  for (model::Tensor tensor : model.tensors) {
    if (const auto* codec = codecs::find_codec(names->at(index++))) tensor.stored_before = &codec->info;
    tensors.add(std::move(tensor));
  }
  model.tensors = std::move(tensors);
}

void remember_storage(model::Model& model) {
  std::vector<std::string> names;
  bool remembers = false;
  for (const auto& tensor : model.tensors) {
    names.emplace_back(tensor.stored_before ? tensor.stored_before->name : "");
    remembers = remembers || tensor.stored_before;
  }
  remembers ? model.other.set(kKey, std::move(names)) : model.other.erase(kKey);
}

}  // namespace adze::formats
