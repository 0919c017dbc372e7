#include "formats/mlx/read_mlx.h"

#include <filesystem>
#include <map>

#include "base/error.h"
#include "base/json.h"
#include "formats/hf/read_hf.h"
#include "formats/mlx/group_arrays.h"
#include "formats/mlx/mlx_names.h"
#include "formats/mlx/mlx_quantization.h"
#include "formats/mlx/stored_before.h"
#include "formats/safetensors/read_safetensors.h"

namespace adze::formats {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kScales = ".scales";
constexpr std::string_view kBiases = ".biases";

bool is_part(const std::string& name, std::string_view ending) { return name.ends_with(ending); }

std::string with_ending(const std::string& module, std::string_view ending) { return module + std::string(ending); }

/// Takes the arrays of quantized weights out of a folder's tensors.
class ArrayCollector {
 public:
  explicit ArrayCollector(const std::vector<model::Tensor>& tensors) {
    for (const auto& tensor : tensors) by_name_.emplace(tensor.name, &tensor);
  }

  const model::Tensor* find(const std::string& name) const {
    const auto found = by_name_.find(name);
    return found == by_name_.end() ? nullptr : found->second;
  }
  bool is_quantized(const std::string& module) const {
    return find(with_ending(module, kScales)) && find(with_ending(module, ".weight"));
  }

 private:
  std::map<std::string, const model::Tensor*, std::less<>> by_name_;
};

model::Tensor quantized_weight(const std::string& module, const ArrayCollector& arrays, const MlxModules& modules) {
  const auto& codes = *arrays.find(with_ending(module, ".weight"));
  const auto& scales = *arrays.find(with_ending(module, kScales));
  const auto where = codes.source->where();
  const auto quantization = modules.find(module);
  if (!quantization) {
    fail(ErrorCode::bad_input, "{}: '{}' has scales, but config.json says that it is not quantized", where, codes.name);
  }
  if (arrays.find(with_ending(module, ".global_scale"))) {
    fail(ErrorCode::unsupported, "{}: '{}' has a global scale, which cannot be read yet", where, codes.name);
  }
  const StorageType storage = storage_of_mlx(*quantization, scales.storage);
  if (!storage || codes.storage->name != "u32") {
    fail(ErrorCode::bad_input, "{}: '{}' {} with scales {} is no weight of mode \"{}\"", where, codes.name,
         codes.storage->name, scales.storage->name, quantization->mode);
  }
  GroupArrays parts{codes, scales, std::nullopt};
  if (const auto* biases = arrays.find(with_ending(module, kBiases))) parts.biases = *biases;
  return joined_arrays(parts, storage);
}

std::vector<model::Tensor> arrange(std::vector<model::Tensor> tensors, const Json& config) {
  const auto modules = MlxModules::read(config, "config.json");
  const ArrayCollector arrays(tensors);
  std::vector<model::Tensor> arranged;
  for (const auto& tensor : tensors) {
    const std::string module = mlx_module_of(tensor.name);
    if (!arrays.is_quantized(module)) {
      arranged.push_back(tensor);
    } else if (tensor.name.ends_with(".weight")) {
      arranged.push_back(quantized_weight(module, arrays, modules));
      arranged.back().stored_before = mlx_stored_before(config, module);
    } else if (!is_part(tensor.name, kScales) && !is_part(tensor.name, kBiases)) {
      arranged.push_back(tensor);  // a bias
    }
  }
  return arranged;
}

}  // namespace

bool is_mlx_folder(const std::string& path) {
  if (!is_hf_folder(path)) return false;
  try {
    const Json config = read_json_file((fs::path(path) / "config.json").string());
    return says_mlx_quantization(config) || safetensors_folder_format(path) == "mlx";
  } catch (const Error&) {
    return false;  // the next format in the table says what is wrong
  }
}

model::Model read_mlx(const std::string& path, const ReadOptions& options) {
  auto model = read_hf_variant(path, options, {arrange, mlx_names});
  model.format = "mlx";
  return model;
}

}  // namespace adze::formats
