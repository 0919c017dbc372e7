#include "formats/hf/read_hf.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "architectures/architecture.h"
#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "formats/hf/config_json.h"
#include "formats/hf/embedding_modules.h"
#include "formats/hf/generation_config.h"
#include "formats/hf/latent_heads.h"
#include "formats/hf/model_names.h"
#include "formats/hf/side_files.h"
#include "formats/hf/stacked_experts.h"
#include "formats/hf/tokenizer_files.h"
#include "formats/hf/understood.h"
#include "formats/hf/weight_names.h"
#include "formats/hf/weight_stacks.h"
#include "formats/hf/weight_transforms.h"
#include "formats/pytorch/read_pytorch.h"
#include "formats/safetensors/read_safetensors.h"

namespace adze::formats {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kEmbedding = "token_embd.weight";
constexpr std::string_view kOutput = "output.weight";

// Buffers that old checkpoints contain and that follow from the config.
constexpr std::array<std::string_view, 5> kComputedSuffixes = {
    ".attention.masked_bias", ".attention.bias", ".attn.masked_bias", ".attn.bias", ".rotary_emb.inv_freq"};

bool is_computed(const std::string& name) {
  return std::ranges::any_of(kComputedSuffixes, [&](auto suffix) { return name.ends_with(suffix); });
}

// With tied embeddings one weight serves as both; a file may hold it under either name.
std::vector<model::Tensor> with_tied_embedding(std::vector<model::Tensor> tensors) {
  const auto output = std::ranges::find(tensors, kOutput, &model::Tensor::name);
  if (output == tensors.end()) return tensors;
  if (std::ranges::find(tensors, kEmbedding, &model::Tensor::name) == tensors.end()) {
    output->name = kEmbedding;
  } else {
    tensors.erase(output);
  }
  return tensors;
}

bool contains(const std::vector<model::Tensor>& tensors, std::string_view name) {
  return std::ranges::find(tensors, name, &model::Tensor::name) != tensors.end();
}

// What the architecture's table says is not computed with.
std::vector<model::Tensor> without_unused(std::vector<model::Tensor> tensors,
                                          const architectures::Architecture& architecture) {
  std::vector<std::string_view> unused;
  for (const auto& weights : architecture.unused_weights) {
    if (weights.unless_weight.empty() || !contains(tensors, weights.unless_weight)) unused.push_back(weights.prefix);
  }
  std::erase_if(tensors, [&](const model::Tensor& tensor) {
    const auto name = without_class_prefix(tensor.name, architecture);
    return std::ranges::any_of(unused, [&](auto prefix) { return name.starts_with(prefix); });
  });
  return tensors;
}

bool is_in_layer(std::string_view name, const std::string& layer) {
  const std::string prefix = "model.layers." + layer + ".";
  return name.starts_with(prefix);
}

// Layers behind the last predict further tokens; nothing is computed with them here.
std::vector<model::Tensor> without_further_layers(std::vector<model::Tensor> tensors, const Json& config,
                                                  const std::string& source) {
  constexpr int64_t kMostFurther = 64;
  const auto layers = json_value<int64_t>(config, "num_hidden_layers", 0, source);
  const auto further = json_value<int64_t>(config, "num_nextn_predict_layers", 0, source);
  for (int64_t layer = layers; layer < layers + std::clamp<int64_t>(further, 0, kMostFurther); ++layer) {
    std::erase_if(tensors, [&](const auto& tensor) { return is_in_layer(tensor.name, std::to_string(layer)); });
  }
  return tensors;
}

void add_tensors(std::vector<model::Tensor> stored, const WeightNameVariant& variant, bool tied, model::Model& model) {
  const auto& architecture = architectures::architecture_named(model.architecture);
  const auto names = WeightNames::to_canonical(architecture);
  WeightStacks stacks;
  auto used = with_experts_apart(without_unused(std::move(stored), architecture), architecture);
  for (auto& tensor : with_latent_heads_apart(std::move(used), architecture, model.config)) {
    if (is_computed(tensor.name)) continue;
    const auto target = variant.find(architecture, names, tensor.name);
    if (!target) {
      stacks.add(std::move(tensor));
      continue;
    }
    const auto transform = transform_of_stored(tensor, target->transform);
    tensor = transformed(std::move(tensor), transform, model.config, Direction::to_canonical);
    stacks.add(std::move(tensor), *target);
  }
  auto tensors = std::move(stacks).take();
  if (tied) tensors = with_tied_embedding(std::move(tensors));
  for (auto& tensor : tensors) model.tensors.add(std::move(tensor));
}

void check_understood(const Json& config, const std::string& source, const std::vector<model::Tensor>& stored,
                      const WeightNameVariant& variant) {
  std::vector<std::string> names;
  for (const auto& tensor : stored) {
    if (!is_computed(tensor.name)) names.push_back(tensor.name);
  }
  require_understood(config, source, {names, variant});
}

// Quantized ones are variants of the folder.
void check_plain(const Json& config, const std::string& path) {
  const char* key = quantization_key_of(config);
  if (!key) return;
  const Json& quantization = config[key];
  const bool has_method = quantization.is_object() && quantization.contains("quant_method");
  fail(ErrorCode::unsupported,
       "{}/config.json: \"{}\" {} is no method whose weights can be read; `adze list formats` has those", path, key,
       has_method ? quantization["quant_method"].dump() : quantization.dump().substr(0, 100));
}

void read_generation(const std::string& folder, const Json* given, model::Model& model) {
  const auto path = (fs::path(folder) / "generation_config.json").string();
  if (given) return read_generation_config(*given, path, model);
  if (fs::exists(path)) read_generation_config(read_json_file(path), path, model);
}

}  // namespace

bool is_hf_folder(const std::string& path) {
  std::error_code ignored;
  return fs::exists(fs::path(path) / "config.json", ignored) && (has_safetensors(path) || has_pytorch(path));
}

model::Model read_hf(const std::string& path, const ReadOptions& options) {
  const auto plain = [&](auto tensors, const Json& config) {
    check_plain(config, path);
    return tensors;
  };
  return read_hf_variant(path, options, {plain, hugging_face_names});
}

model::Model read_hf_variant(const std::string& path, const ReadOptions& options, const HfVariant& variant) {
  model::Model model;
  model.source = path;
  model.format = "hf";
  model.side_files = open_side_files(path);
  const auto config_path = (fs::path(path) / "config.json").string();
  const Json config = variant.config ? *variant.config : read_json_file(config_path);
  if (!config.is_object()) fail(ErrorCode::bad_input, "{}: not a JSON object", config_path);
  auto stored = variant.stored          ? variant.stored(path)
                : has_safetensors(path) ? read_safetensors_folder(path)
                                        : read_pytorch_folder(path);
  stored = without_further_layers(variant.arrange(std::move(stored), config), config, config_path);
  check_understood(config, config_path, stored, variant.names);
  read_config_json(config, config_path, model);
  const bool tied = json_value<bool>(config, "tie_word_embeddings", false, config_path);
  add_tensors(std::move(stored), variant.names, tied, model);
  read_generation(path, variant.generation, model);
  read_embedding_modules(path, model);
  if (options.tokenizer) read_tokenizer_files(path, model);
  read_chat_templates(path, model);
  read_conformance_kit(path, model);
  read_model_names(path, config, model);
  return model;
}

}  // namespace adze::formats
