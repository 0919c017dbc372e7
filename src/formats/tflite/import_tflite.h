// TfliteModel -> Graph over standard ops, and the tensors that it names as weights.
#pragma once

#include <string>
#include <vector>

#include "formats/format.h"
#include "formats/graph_format.h"
#include "formats/standard_graph.h"
#include "formats/tflite/tflite_model.h"

namespace adze::formats {

/// The first graph of the model. Images stay [batch, height, width, channels] between operators. The graph is verified.
/// Error(bad_input) for values that nothing computes before they are used, Error(unsupported) listing the operators
/// that are unknown.
StandardGraph import_tflite(const TfliteModel& model, const std::string& where);

/// read_tflite_model and import_tflite.
StandardGraph read_tflite_graph(const std::string& path);

std::vector<GraphFact> tflite_facts(const std::string& path);

/// A TFLite file as a Model: its constants and what it says about itself.
model::Model read_tflite(const std::string& path, const ReadOptions& options);

}  // namespace adze::formats
