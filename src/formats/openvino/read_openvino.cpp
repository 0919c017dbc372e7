#include "formats/openvino/read_openvino.h"

#include <algorithm>
#include <filesystem>

#include "formats/hf/read_hf.h"
#include "formats/openvino/ir_weights.h"
#include "formats/openvino_ir/import_ir.h"

namespace adze::formats {
namespace {

namespace fs = std::filesystem;

constexpr const char* kModelFile = "openvino_model.xml";

std::string model_file(const std::string& folder) { return (fs::path(folder) / kModelFile).string(); }

}  // namespace

bool is_openvino(const std::string& path) {
  if (is_openvino_ir(path)) return true;
  std::error_code ignored;
  return fs::exists(fs::path(path) / "config.json", ignored) && is_openvino_ir(model_file(path));
}

model::Model read_openvino(const std::string& path, const ReadOptions& options) {
  if (!fs::is_directory(path)) return read_openvino_ir(path, options);
  auto stored = ir_weights(read_ir_document(model_file(path)));
  const bool is_canonical =
      std::ranges::find(stored, std::string_view("token_embd.weight"), &model::Tensor::name) != stored.end();
  for (model::Tensor& tensor : stored) {
    // As they hang in the exported module.
    constexpr std::string_view kSelf = "self.";
    if (tensor.name.starts_with(kSelf)) tensor.name.erase(0, kSelf.size());
  }
  const auto keep = [](std::vector<model::Tensor> tensors, const Json&) { return tensors; };
  auto model = read_hf_variant(
      path, options,
      {keep, is_canonical ? canonical_names : hugging_face_names, [&](const std::string&) { return stored; }});
  model.format = "openvino";
  return model;
}

}  // namespace adze::formats
