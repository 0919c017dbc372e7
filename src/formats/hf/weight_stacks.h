// Weights that Hugging Face keeps one by one for each expert or head and that are one tensor here.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "formats/hf/weight_names.h"
#include "model/tensor.h"

namespace adze::formats {

/// Tensors in the order of a file; a stack stands where its last part was.
class WeightStacks {
 public:
  void add(model::Tensor tensor);
  /// Under its canonical name: as it is, or as a part of a stack.
  void add(model::Tensor tensor, const MappedWeight& target);

  /// Error(bad_input) naming a stack of which a part is missing or there twice.
  std::vector<model::Tensor> take() &&;

 private:
  struct Stack {
    std::map<int64_t, model::Tensor> parts;
    size_t place = 0;  // in tensors_
  };
  std::vector<model::Tensor> tensors_;  // without a source where the part of a stack was
  std::map<std::string, Stack> stacks_;
};

}  // namespace adze::formats
