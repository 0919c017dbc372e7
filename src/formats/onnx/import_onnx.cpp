#include "formats/onnx/import_onnx.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/error.h"
#include "formats/onnx/graph_importer.h"
#include "formats/onnx/read_onnx_model.h"

namespace adze::formats {

ImportedGraph import_onnx(const OnnxModel& model, const std::string& where) {
  return with_context(where, [&] {
    ImportContext context{model, where, {}, {}};
    const auto graph = GraphImporter(context, nullptr, 0).import(model.graph, model.opsets);
    if (!context.unknown_operators.empty()) {
      fail(ErrorCode::unsupported, "these operators are not known: {}", fmt::join(context.unknown_operators, ", "));
    }
    verify(*graph);
    return ImportedGraph{graph, std::move(context.weights), model.metadata};
  });
}

ImportedGraph read_onnx_graph(const std::string& path) { return import_onnx(read_onnx_model(path), path); }

}  // namespace adze::formats
