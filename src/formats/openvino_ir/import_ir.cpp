// lint: foreign names: OpenVINO
#include "formats/openvino_ir/import_ir.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "base/error.h"
#include "formats/openvino_ir/ir_importer.h"
#include "formats/openvino_ir/ir_meanings.h"
#include "formats/openvino_ir/ir_numbers.h"

namespace adze::formats {
namespace {

bool is_const(const IrLayer& layer) { return layer.type == "Const" || layer.type == "Constant"; }

void collect_unknown(const IrGraph& graph, std::set<std::string>& unknown) {
  for (const IrLayer& layer : graph.layers) {
    const bool is_end = layer.type == "Parameter" || layer.type == "Result" || is_const(layer);
    if (!is_end && !find_ir_meaning(layer.type)) unknown.insert(fmt::format("{}-{}", layer.type, layer.opset));
    for (const IrBody& body : layer.bodies) collect_unknown(*body.graph, unknown);
  }
}

}  // namespace

StandardGraph import_ir(const IrDocument& document, const std::string& where) {
  return with_context(where, [&] {
    std::set<std::string> unknown;
    collect_unknown(document.graph, unknown);
    if (!unknown.empty()) {
      fail(ErrorCode::unsupported, "these types of layers are not known: {}", fmt::join(unknown, ", "));
    }
    StandardGraph result;
    IrImporter importer(document.graph, document, result.weights, nullptr);
    importer.import();
    verify(*importer.graph());
    result.graph = importer.graph();
    if (result.graph->outputs.empty()) {
      fail(ErrorCode::bad_input, "it has no layer Result, so nothing would be computed; the file may be cut off");
    }
    return result;
  });
}

StandardGraph read_ir_graph(const std::string& path) { return import_ir(read_ir_document(path), path); }

std::vector<GraphFact> ir_facts(const std::string& path) {
  const auto document = read_ir_document(path);
  std::vector<GraphFact> facts{{"IR version", "ir_version", "", document.version}};
  for (const auto& [key, value] : document.told) {
    if (key == "Runtime_version") facts.push_back({"Producer", "producer", "OpenVINO " + value});
  }
  return facts;
}

model::Model read_openvino_ir(const std::string& path, const ReadOptions&) {
  const auto document = read_ir_document(path);
  model::Model model;
  model.source = path;
  model.format = "openvino";
  if (!document.name.empty()) model.metadata.set("name", document.name);
  for (const auto& [key, value] : document.told) model.other.set(key, value);
  for (const IrLayer& layer : document.graph.layers) {
    if (!is_const(layer)) continue;
    auto tensor =
        with_context(fmt::format("{}: layer '{}'", path, layer.name), [&] { return ir_constant(layer, document); });
    // Names need not be unique among layers.
    const std::string name = tensor.name;
    for (int number = 1; model.tensors.contains(tensor.name); ++number) {
      tensor.name = fmt::format("{}~{}", name, number);
    }
    model.tensors.add(std::move(tensor));
  }
  return model;
}

}  // namespace adze::formats
