#include "formats/hf_quantized/modules_to_write.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <utility>

#include "formats/hf_quantized/split_matrix.h"

namespace adze::formats {
namespace {

// "model.layers.3.mlp.up_proj" is in a layer, an embedding is not.
bool is_in_layer(std::string_view module) {
  for (size_t dot = module.find('.'); dot != module.npos; dot = module.find('.', dot + 1)) {
    if (dot + 1 < module.size() && std::isdigit(static_cast<unsigned char>(module[dot + 1]))) return true;
  }
  return false;
}

}  // namespace

ModulesToWrite modules_to_write(std::span<const model::Tensor> tensors) {
  ModulesToWrite modules;
  for (const auto& tensor : tensors) {
    if (!tensor.name.ends_with(kWeightEnding) || tensor.shape.rank() != 2) continue;
    const std::string module = tensor.name.substr(0, tensor.name.size() - kWeightEnding.size());
    if (const auto* layout = matrix_layout_of(tensor.storage)) {
      modules.quantized.push_back({module, *layout, tensor.shape.row_length()});
    } else if (is_in_layer(module)) {
      modules.plain.push_back(module);
    }
  }
  return modules;
}

GroupRule usual_rule(std::span<const QuantizedModule> modules) {
  const bool whole_rows = std::ranges::all_of(modules, &QuantizedModule::has_one_group);
  std::map<std::pair<int, int64_t>, int64_t> counts;
  for (const auto& module : modules) {
    ++counts[{module.layout.bits, whole_rows ? -1 : module.layout.group}];
  }
  const auto most = std::ranges::max_element(counts, {}, [](const auto& entry) { return entry.second; });
  return {most->first.first, most->first.second};
}

}  // namespace adze::formats
