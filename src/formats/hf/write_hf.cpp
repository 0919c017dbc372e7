#include "formats/hf/write_hf.h"

#include "architectures/architecture.h"
#include "base/error.h"
#include "base/file.h"
#include "base/output_folder.h"
#include "formats/hf/config_json.h"
#include "formats/hf/generation_config.h"
#include "formats/hf/head_order.h"
#include "formats/hf/rope_scaling.h"
#include "formats/hf/side_files.h"
#include "formats/hf/tokenizer_files.h"
#include "formats/hf/weight_names.h"
#include "formats/safetensors/write_safetensors.h"

namespace adze::formats {
namespace {

// What the hub's own tools use.
constexpr uint64_t kDefaultShardBytes = 5'000'000'000;

model::Tensor in_hugging_face_form(const model::Tensor& tensor, const WeightNames& names, const model::Model& model) {
  const auto target = names.find(tensor.name);
  if (target) {
    return model::renamed(with_head_order(tensor, target->transform, model.config, HeadOrder::pairs_to_halves),
                          target->name);
  }
  if (!model.side_file("config.json").empty()) return tensor;  // read_hf left its name alone
  fail(ErrorCode::unsupported, "tensor '{}' has no name in Hugging Face's {}", tensor.name, model.architecture);
}

std::vector<model::Tensor> tensors_of(const model::Model& model) {
  const auto names = WeightNames::to_hugging_face(architectures::architecture_named(model.architecture));
  std::vector<model::Tensor> tensors;
  for (const auto& tensor : model.tensors) {
    if (tensor.name != kRopeFactors) tensors.push_back(in_hugging_face_form(tensor, names, model));
  }
  return tensors;
}

}  // namespace

void write_hf(const model::Model& model, const std::string& path, const WriteOptions& options) {
  const auto tensors = tensors_of(model);
  const std::string config = config_json_of(model);
  const std::string generation = generation_config_of(model);
  OutputFolder folder(path);
  write_text_file(folder.path_of("config.json"), config);
  if (!generation.empty()) write_text_file(folder.path_of("generation_config.json"), generation);
  write_tokenizer_files(model, folder);
  copy_side_files(model, folder);
  WriteOptions sharded = options;
  if (sharded.max_shard_bytes == 0) sharded.max_shard_bytes = kDefaultShardBytes;
  write_safetensors_folder(tensors, folder, sharded);
  folder.commit();
}

}  // namespace adze::formats
