// The arrays of a folder by module: "model.layers.0.mlp.up_proj" has ".qweight", ".scales" …
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/tensor.h"

namespace adze::formats {

class ModuleArrays {
 public:
  /// REQUIRES: `tensors` stay where they are.
  explicit ModuleArrays(std::span<const model::Tensor> tensors);

  /// `part` begins with a dot. Null where the module has none.
  const model::Tensor* find(std::string_view module, std::string_view part) const;
  /// Error(bad_input) naming module and part.
  const model::Tensor& at(std::string_view module, std::string_view part) const;

 private:
  std::map<std::string, const model::Tensor*, std::less<>> by_name_;
};

/// Which arrays make up a quantized module.
struct ModuleParts {
  std::span<const std::string_view> codes;   // ".qweight": a module that has one of these may be quantized
  std::span<const std::string_view> others;  // belong to it and are used up
};

/// The names of modules with codes, in their order.
std::vector<std::string> modules_with_codes(std::span<const model::Tensor> tensors, const ModuleParts& parts);

/// `matrices` by module, in the places of their codes; other parts of those modules are left out, everything else
/// stays.
std::vector<model::Tensor> with_matrices(std::span<const model::Tensor> tensors, const ModuleParts& parts,
                                         const std::map<std::string, model::Tensor>& matrices);

}  // namespace adze::formats
