#include "formats/ort_genai/read_ort_genai.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "base/error.h"
#include "formats/hf/read_hf.h"
#include "formats/onnx/read_onnx_model.h"
#include "formats/onnx_lowering/write_decoder.h"
#include "formats/ort_genai/onnx_weights.h"

namespace adze::formats {
namespace {

namespace fs = std::filesystem;

}  // namespace

bool is_ort_genai(const std::string& path) {
  const std::array<std::string, 3> needed = {"genai_config.json", "config.json", std::string(kOnnxModelFile)};
  return std::ranges::all_of(needed, [&](const std::string& name) {
    std::error_code ignored;
    return fs::exists(fs::path(path) / name, ignored);
  });
}

model::Model read_ort_genai(const std::string& path, const ReadOptions& options) {
  const auto stored = [](const std::string& folder) {
    auto weights = onnx_weights(read_onnx_model((fs::path(folder) / std::string(kOnnxModelFile)).string()));
    if (std::ranges::find(weights, std::string_view("token_embd.weight"), &model::Tensor::name) == weights.end()) {
      fail(ErrorCode::unsupported, "{}: its weights have other names than those that Adze writes", folder);
    }
    return weights;
  };
  const auto keep = [](std::vector<model::Tensor> tensors, const Json&) { return tensors; };
  auto model = read_hf_variant(path, options, {keep, canonical_names, stored});
  model.format = "ort-genai";
  return model;
}

}  // namespace adze::formats
