#include "formats/hf_quantized/module_arrays.h"

#include "base/error.h"

namespace adze::formats {
namespace {

/// The module that `name` is one of these parts of; empty: it is another part.
std::string_view module_of(std::string_view name, std::span<const std::string_view> parts) {
  for (const auto part : parts) {
    if (name.ends_with(part)) return name.substr(0, name.size() - part.size());
  }
  return {};
}

}  // namespace

ModuleArrays::ModuleArrays(std::span<const model::Tensor> tensors) {
  for (const auto& tensor : tensors) by_name_.emplace(tensor.name, &tensor);
}

const model::Tensor* ModuleArrays::find(std::string_view module, std::string_view part) const {
  const auto found = by_name_.find(std::string(module) + std::string(part));
  return found == by_name_.end() ? nullptr : found->second;
}

const model::Tensor& ModuleArrays::at(std::string_view module, std::string_view part) const {
  if (const auto* found = find(module, part)) return *found;
  fail(ErrorCode::bad_input, "'{}' is quantized, but '{}{}' is missing", module, module, part);
}

std::vector<std::string> modules_with_codes(std::span<const model::Tensor> tensors, const ModuleParts& parts) {
  std::vector<std::string> modules;
  for (const auto& tensor : tensors) {
    if (const auto module = module_of(tensor.name, parts.codes); !module.empty()) modules.emplace_back(module);
  }
  return modules;
}

std::vector<model::Tensor> with_matrices(std::span<const model::Tensor> tensors, const ModuleParts& parts,
                                         const std::map<std::string, model::Tensor>& matrices) {
  const auto is_used_up = [&](const model::Tensor& tensor) {
    return matrices.contains(std::string(module_of(tensor.name, parts.others)));
  };
  std::vector<model::Tensor> arranged;
  for (const auto& tensor : tensors) {
    const auto matrix = matrices.find(std::string(module_of(tensor.name, parts.codes)));
    if (matrix != matrices.end()) {
      arranged.push_back(matrix->second);
    } else if (!is_used_up(tensor)) {
      arranged.push_back(tensor);
    }
  }
  return arranged;
}

}  // namespace adze::formats
