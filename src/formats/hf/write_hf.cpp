#include "formats/hf/write_hf.h"

#include "architectures/architecture.h"
#include "base/error.h"
#include "base/file.h"
#include "base/output_folder.h"
#include "formats/hf/config_json.h"
#include "formats/hf/embedding_modules.h"
#include "formats/hf/generation_config.h"
#include "formats/hf/latent_heads.h"
#include "formats/hf/rope_scaling.h"
#include "formats/hf/side_files.h"
#include "formats/hf/stacked_experts.h"
#include "formats/hf/tokenizer_files.h"
#include "formats/hf/weight_names.h"
#include "formats/hf/weight_transforms.h"
#include "formats/safetensors/write_safetensors.h"
#include "model/derived_tensors.h"

namespace adze::formats {
namespace {

// What the hub's own tools use.
constexpr uint64_t kDefaultShardBytes = 5'000'000'000;

model::Tensor in_hugging_face_form(const model::Tensor& tensor, const MappedWeight& target, const model::Model& model) {
  const auto transform = transform_of_stored(tensor, target.transform);
  return transformed(tensor, transform, model.config, Direction::to_hugging_face);
}

// One tensor, or each part of a stack.
void append_in_hugging_face_form(const model::Tensor& tensor, const MappedWeight& target, const model::Model& model,
                                 std::vector<model::Tensor>& tensors) {
  if (target.name.find("{}") == std::string::npos) {
    tensors.push_back(model::renamed(in_hugging_face_form(tensor, target, model), target.name));
    return;
  }
  if (tensor.shape.rank() < 2) {
    fail(ErrorCode::bad_input, "tensor '{}' {} is not a stack", tensor.name, tensor.shape.to_string());
  }
  for (int64_t part = 0; part < tensor.shape[0]; ++part) {
    const auto one = model::part_of(tensor, part, filled(target.name, std::to_string(part)));
    tensors.push_back(in_hugging_face_form(one, target, model));
  }
}

}  // namespace

std::vector<model::Tensor> hugging_face_tensors(const model::Model& model, const WeightNameVariant& variant) {
  const auto& architecture = architectures::architecture_named(model.architecture);
  const auto names = WeightNames::to_hugging_face(architecture, &model, class_to_write(model).prefix);
  std::vector<model::Tensor> tensors;
  for (const auto& tensor : model.tensors) {
    if (is_rope_factor(tensor.name)) continue;
    if (const auto target = names.find(tensor.name)) {
      append_in_hugging_face_form(tensor, variant.from_hugging_face(architecture, *target), model, tensors);
    } else if (!model.side_file("config.json").empty()) {
      tensors.push_back(tensor);  // read_hf left its name alone
    } else {
      fail(ErrorCode::unsupported, "tensor '{}' has no name in Hugging Face's {}", tensor.name, model.architecture);
    }
  }
  return tensors;
}

void write_hf(const model::Model& model, const std::string& path, const WriteOptions& options) {
  const auto& architecture = architectures::architecture_named(model.architecture);
  auto tensors = with_experts_together(hugging_face_tensors(model), architecture);
  tensors = with_latent_heads_together(std::move(tensors), architecture);
  write_hf_variant(model, {std::move(tensors), config_json_of(model), {}}, path, options);
}

void write_hf_variant(const model::Model& model, const HfVariantFolder& contents, const std::string& path,
                      const WriteOptions& options) {
  const std::string generation = generation_config_of(model);
  OutputFolder folder(path);
  write_text_file(folder.path_of("config.json"), contents.config);
  if (!generation.empty()) write_text_file(folder.path_of("generation_config.json"), generation);
  write_tokenizer_files(model, folder);
  write_embedding_modules(model, folder);
  copy_side_files(model, folder);
  WriteOptions sharded = options;
  if (sharded.max_shard_bytes == 0) sharded.max_shard_bytes = kDefaultShardBytes;
  write_safetensors_folder(contents.tensors, folder, sharded, contents.style);
  folder.commit();
}

}  // namespace adze::formats
