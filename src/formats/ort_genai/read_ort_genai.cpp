#include "formats/ort_genai/read_ort_genai.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "formats/hf/config_json.h"
#include "formats/hf/read_hf.h"
#include "formats/onnx/read_onnx_model.h"
#include "formats/onnx_lowering/write_decoder.h"
#include "formats/ort_genai/builder_config.h"
#include "formats/ort_genai/builder_weights.h"
#include "formats/ort_genai/onnx_weights.h"

namespace adze::formats {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kGenaiConfig = "genai_config.json";

std::string file_in(const std::string& folder, std::string_view name) { return (fs::path(folder) / name).string(); }

bool has_file(const std::string& folder, std::string_view name) {
  std::error_code ignored;
  return fs::exists(file_in(folder, name), ignored);
}

int64_t whole_setting(const Json& config, const char* key, int64_t fallback) {
  const auto found = config.find(key);
  return found != config.end() && found->is_number_integer() ? found->get<int64_t>() : fallback;
}

FusedHeads fused_heads(const Json& config) {
  const int64_t heads = whole_setting(config, "num_attention_heads", 0);
  const int64_t key_heads = whole_setting(config, "num_key_value_heads", heads);
  const int64_t usual = heads > 0 ? whole_setting(config, "hidden_size", 0) / heads : 0;
  const int64_t width = whole_setting(config, "head_dim", usual);
  return {heads * width, key_heads * width};
}

/// config.json where it is there, or what the graph shows.
Json config_of(const std::string& folder, const Json& genai, const OnnxModel& onnx,
               const std::vector<model::Tensor>& weights) {
  if (has_file(folder, "config.json")) return read_json_file(file_in(folder, "config.json"));
  return with_context(folder, [&] { return builder_config(genai, onnx, weights); });
}

model::Model read_with_settings(const std::string& path, const ReadOptions& options, const OnnxModel& onnx,
                                std::vector<model::Tensor> weights) {
  const Json genai = read_json_file(file_in(path, kGenaiConfig));
  const Json config = config_of(path, genai, onnx, weights);
  const Json generation = builder_generation(genai);
  const auto* architecture = architecture_of_config(config);
  if (!architecture) fail(ErrorCode::unsupported, "{}: {}", path, unknown_class(config));
  const auto stored = [&](const std::string&) {
    return builder_weights(std::move(weights), *architecture, fused_heads(config));
  };
  const auto keep = [](std::vector<model::Tensor> tensors, const Json&) { return tensors; };
  const bool has_generation = has_file(path, "generation_config.json");
  return read_hf_variant(path, options,
                         {keep, exported_names, stored, &config, has_generation ? nullptr : &generation});
}

model::Model read_written_by_builder(const std::string& path, const ReadOptions& options, const OnnxModel& onnx,
                                     std::vector<model::Tensor> weights) {
  try {
    return read_with_settings(path, options, onnx, std::move(weights));
  } catch (const Json::exception& error) {
    fail(ErrorCode::bad_input, "{}: {}", file_in(path, kGenaiConfig), error.what());
  }
}

}  // namespace

bool is_ort_genai(const std::string& path) { return has_file(path, kGenaiConfig) && has_file(path, kOnnxModelFile); }

model::Model read_ort_genai(const std::string& path, const ReadOptions& options) {
  const auto onnx = read_onnx_model(file_in(path, kOnnxModelFile));
  auto weights = onnx_weights(onnx);
  model::Model model;
  if (std::ranges::find(weights, std::string_view("token_embd.weight"), &model::Tensor::name) == weights.end()) {
    model = read_written_by_builder(path, options, onnx, std::move(weights));
  } else {
    const auto stored = [&](const std::string&) { return std::move(weights); };
    const auto keep = [](std::vector<model::Tensor> tensors, const Json&) { return tensors; };
    model = read_hf_variant(path, options, {keep, canonical_names, stored});
  }
  model.format = "ort-genai";
  return model;
}

}  // namespace adze::formats
