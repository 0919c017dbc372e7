#include "formats/onnx/read_onnx.h"

#include <fmt/format.h>

#include "formats/onnx/onnx_numbers.h"
#include "formats/onnx/read_onnx_model.h"

namespace adze::formats {
namespace {

void set_text(model::KeyValues& values, std::string_view key, const std::string& text) {
  if (!text.empty()) values.set(std::string(key), text);
}

}  // namespace

std::vector<GraphFact> onnx_facts(const std::string& path) {
  const auto onnx = read_onnx_model(path);
  std::string opsets;
  for (const auto& opset : onnx.opsets) {
    opsets += fmt::format("{}{} {}", opsets.empty() ? "" : ", ", opset.domain.empty() ? "ai.onnx" : opset.domain,
                          opset.version);
  }
  std::vector<GraphFact> facts{{"Opsets", "opsets", opsets}, {"IR version", "ir_version", "", onnx.ir_version}};
  if (!onnx.producer_name.empty()) {
    facts.push_back({"Producer", "producer", onnx.producer_name + " " + onnx.producer_version});
  }
  return facts;
}

model::Model read_onnx(const std::string& path, const ReadOptions&) {
  const auto onnx = read_onnx_model(path);
  model::Model model;
  model.source = path;
  model.format = "onnx";
  set_text(model.metadata, "name", onnx.graph.name);
  set_text(model.metadata, "producer", onnx.producer_name);
  set_text(model.metadata, "producer_version", onnx.producer_version);
  set_text(model.metadata, "domain", onnx.domain);
  set_text(model.metadata, "description", onnx.description);
  for (const auto& [key, value] : onnx.metadata) set_text(model.other, key, value);
  for (const OnnxTensor& tensor : onnx.graph.initializers) {
    if (tensor.type == OnnxType::string) continue;
    model.tensors.add(model_tensor_of(tensor, tensor.name, path));
  }
  return model;
}

}  // namespace adze::formats
