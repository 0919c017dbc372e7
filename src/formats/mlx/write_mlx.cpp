#include "formats/mlx/write_mlx.h"

#include "architectures/architecture.h"
#include "base/error.h"
#include "formats/hf/config_json.h"
#include "formats/hf/json_numbers.h"
#include "formats/hf/latent_heads.h"
#include "formats/hf/write_hf.h"
#include "formats/mlx/group_arrays.h"
#include "formats/mlx/mlx_names.h"
#include "formats/mlx/mlx_quantization.h"
#include "formats/mlx/stored_before.h"

namespace adze::formats {
namespace {

std::string config_text(const model::Model& model, std::span<const model::Tensor> tensors) {
  MlxModules modules;
  for (const auto& tensor : tensors) {
    if (const auto quantization = mlx_quantization_of(tensor.storage)) {
      modules.set(mlx_module_of(tensor.name), *quantization);
    }
  }
  Json config = parse_json(config_json_of(model), "config.json");
  if (modules.is_empty()) return json_text(config);
  config["quantization"] = modules.to_json();
  config["quantization_config"] = config["quantization"];
  if (Json memory = mlx_memory_of(tensors); !memory.is_null()) config[kAdzeConfigKey] = std::move(memory);
  return json_text(config);
}

std::vector<model::Tensor> mlx_tensors(const model::Model& model) {
  auto tensors = hugging_face_tensors(model, mlx_names);
  if (!keeps_latent_heads_together(class_to_write(model).class_name)) return tensors;
  return with_latent_heads_together(std::move(tensors), architectures::architecture_named(model.architecture));
}

void check_storage(const model::Tensor& tensor) {
  if (tensor.storage->is_plain() || mlx_quantization_of(tensor.storage)) return;
  fail(ErrorCode::unsupported,
       "tensor '{}': MLX cannot hold {}; it has affine codes of 2, 3, 4, 5, 6 or 8 bits in groups of 32, 64 or 128, "
       "mxfp4, mxfp8 and nvfp4",
       tensor.name, tensor.storage->name);
}

}  // namespace

void write_mlx(const model::Model& model, const std::string& path, const WriteOptions& options) {
  const auto tensors = mlx_tensors(model);
  HfVariantFolder contents{.tensors = {},
                           .config = config_text(model, tensors),
                           .style = {.format = "mlx",
                                     .keeps_order = true,
                                     .always_has_index = true,
                                     .total_parameters = model.tensors.element_count()}};
  for (const auto& tensor : tensors) {
    check_storage(tensor);
    if (!mlx_quantization_of(tensor.storage)) {
      contents.tensors.push_back(tensor);
      continue;
    }
    for (auto& array : split_arrays(tensor)) contents.tensors.push_back(std::move(array));
  }
  write_hf_variant(model, contents, path, options);
}

}  // namespace adze::formats
