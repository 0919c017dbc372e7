#include "formats/onnx/read_onnx.h"

#include <fmt/format.h>

#include "formats/onnx/onnx_numbers.h"
#include "formats/onnx/read_onnx_model.h"

namespace adze::formats {
namespace {

void set_text(model::KeyValues& values, std::string_view key, const std::string& text) {
  if (!text.empty()) values.set(std::string(key), text);
}

/// Initializers and the tensors of Constant nodes, in graphs inside graphs too.
class TensorCollector {
 public:
  TensorCollector(const std::string& path, model::TensorList& tensors) : path_(path), tensors_(tensors) {}

  void add_graph(const OnnxGraph& graph) {
    for (const OnnxTensor& tensor : graph.initializers) add(tensor, tensor.name);
    add_nodes(graph.nodes);
  }

  void add_nodes(const std::vector<OnnxNode>& nodes) {
    for (const OnnxNode& node : nodes) {
      for (const OnnxAttribute& attribute : node.attributes) add_attribute(node, attribute.value);
    }
  }

 private:
  void add_attribute(const OnnxNode& node, const OnnxAttributeValue& value) {
    const auto* tensor = std::get_if<OnnxTensor>(&value);
    if (tensor && node.op == "Constant" && !node.outputs.empty()) add(*tensor, node.outputs[0]);
    if (const auto* body = std::get_if<OnnxSubgraph>(&value); body && *body) add_graph(**body);
  }

  /// Names of different graphs may be the same.
  void add(const OnnxTensor& tensor, const std::string& wanted) {
    if (tensor.type == OnnxType::string) return;
    std::string name = wanted;
    for (int number = 1; tensors_.contains(name); ++number) name = fmt::format("{}~{}", wanted, number);
    tensors_.add(model_tensor_of(tensor, name, path_));
  }

  const std::string& path_;
  model::TensorList& tensors_;
};

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
    const std::string space = onnx.producer_version.empty() ? "" : " ";
    facts.push_back({"Producer", "producer", onnx.producer_name + space + onnx.producer_version});
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
  TensorCollector collector(path, model.tensors);
  collector.add_graph(onnx.graph);
  for (const OnnxFunction& function : onnx.functions) collector.add_nodes(function.nodes);
  return model;
}

}  // namespace adze::formats
