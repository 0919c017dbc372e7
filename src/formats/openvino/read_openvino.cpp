#include "formats/openvino/read_openvino.h"

#include <algorithm>
#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "formats/graph_folder.h"
#include "formats/hf/config_json.h"
#include "formats/hf/read_hf.h"
#include "formats/openvino/ir_weights.h"
#include "formats/openvino/module_weights.h"
#include "formats/openvino_ir/import_ir.h"

namespace adze::formats {
namespace {

namespace fs = std::filesystem;

std::string model_file(const std::string& folder) { return (fs::path(folder) / kIrModelFile).string(); }

/// As they hang in the module that was exported, and those that it lost the names of.
void add_module_names(const std::string& folder, const IrDocument& document, std::vector<model::Tensor>& stored) {
  for (model::Tensor& tensor : stored) {
    constexpr std::string_view kSelf = "self.";
    if (tensor.name.starts_with(kSelf)) tensor.name.erase(0, kSelf.size());
  }
  const Json config = read_json_file((fs::path(folder) / "config.json").string());
  const auto* architecture = architecture_of_config(config);
  if (!architecture) fail(ErrorCode::unsupported, "{}/config.json: {}", folder, unknown_class(config));
  const auto known = WeightNames::to_canonical(*architecture);
  auto found = ir_module_weights(document, known, stored);
  std::ranges::move(found, std::back_inserter(stored));
  const auto is_embedding = [&](const model::Tensor& tensor) {
    const auto mapped = known.find(tensor.name);
    return mapped && mapped->name == "token_embd.weight";
  };
  if (std::ranges::none_of(stored, is_embedding)) {
    fail(ErrorCode::unsupported,
         "{}: no constant is called as the embedding of {} is; the exporter gave the weights other names", folder,
         architecture->name);
  }
}

}  // namespace

bool is_openvino(const std::string& path) {
  if (is_openvino_ir(path)) return true;
  std::error_code ignored;
  return fs::exists(fs::path(path) / "config.json", ignored) && is_openvino_ir(model_file(path));
}

model::Model read_openvino(const std::string& path, const ReadOptions& options) {
  if (is_openvino_ir(path)) return read_openvino_ir(path, options);
  const auto document = read_ir_document(model_file(path));
  auto stored = ir_weights(document);
  const bool is_canonical =
      std::ranges::find(stored, std::string_view("token_embd.weight"), &model::Tensor::name) != stored.end();
  if (!is_canonical) add_module_names(path, document, stored);
  const auto keep = [](std::vector<model::Tensor> tensors, const Json&) { return tensors; };
  auto model = read_hf_variant(
      path, options,
      {keep, is_canonical ? canonical_names : exported_names, [&](const std::string&) { return stored; }});
  model.format = "openvino";
  return model;
}

}  // namespace adze::formats
