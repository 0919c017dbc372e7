// IrDocument -> Graph over standard ops, and the tensors that it names as weights.
#pragma once

#include <string>

#include "formats/format.h"
#include "formats/graph_format.h"
#include "formats/openvino_ir/ir_document.h"
#include "formats/standard_graph.h"

namespace adze::formats {

/// Small constants become constants of the graph, large ones weights. Variables become an optional input of their name,
/// without which they are as after a reset, and an output "<name>.next". The graph is verified. Error(bad_input) for
/// cycles and ports that nothing leads to, Error(unsupported) listing the types of layers that are unknown.
StandardGraph import_ir(const IrDocument& document, const std::string& where);

/// read_ir_document and import_ir.
StandardGraph read_ir_graph(const std::string& path);

/// Version of the IR, and which tool wrote it where it says so.
std::vector<GraphFact> ir_facts(const std::string& path);

/// An IR as a Model: its constants and what it says about itself.
model::Model read_openvino_ir(const std::string& path, const ReadOptions& options);

}  // namespace adze::formats
