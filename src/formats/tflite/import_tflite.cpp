#include "formats/tflite/import_tflite.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <set>

#include "base/error.h"
#include "formats/tflite/tflite_importer.h"
#include "formats/tflite/tflite_meanings.h"

namespace adze::formats {

StandardGraph import_tflite(const TfliteModel& model, const std::string& where) {
  return with_context(where, [&] {
    std::set<std::string> unknown;
    for (const TfliteSubgraph& graph : model.subgraphs) {
      for (const TfliteOperator& operation : graph.operators) {
        if (!find_tflite_meaning(operation.code))
          unknown.insert(tflite_operator_name(operation.code, operation.custom));
      }
    }
    if (!unknown.empty()) {
      fail(ErrorCode::unsupported, "these operators are not known: {}", fmt::join(unknown, ", "));
    }
    StandardGraph result;
    TfliteImporter importer(model, 0, result.weights, nullptr);
    importer.import();
    verify(*importer.graph());
    result.graph = importer.graph();
    return result;
  });
}

StandardGraph read_tflite_graph(const std::string& path) { return import_tflite(read_tflite_model(path), path); }

std::vector<GraphFact> tflite_facts(const std::string& path) {
  const auto model = read_tflite_model(path);
  std::vector<GraphFact> facts{{"Schema", "schema_version", "", model.version}};
  if (!model.description.empty()) facts.push_back({"Description", "description", model.description});
  return facts;
}

model::Model read_tflite(const std::string& path, const ReadOptions&) {
  model::Model model;
  model.source = path;
  model.format = "tflite";
  const auto source = read_tflite_model(path);
  if (!source.description.empty()) model.metadata.set("description", source.description);
  for (const TfliteSubgraph& graph : source.subgraphs) {
    for (const TfliteTensor& constant : graph.tensors) {
      if (!constant.is_constant || !storage_of_tflite(constant.type)) continue;
      auto tensor = with_context(path, [&] { return tflite_constant(constant, source.keeps_bytes); });
      for (int number = 1; model.tensors.contains(tensor.name); ++number) {
        tensor.name = fmt::format("{}~{}", constant.name, number);
      }
      model.tensors.add(std::move(tensor));
    }
  }
  return model;
}

}  // namespace adze::formats
