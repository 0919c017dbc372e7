// lint: foreign names: formats
// The table of graph formats. To add one: write its folder, add a line here, one in all_formats.cpp and a page in
// docs/formats/.
#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/opened_files.h"
#include "formats/graph_format.h"
#include "formats/onnx/export_onnx.h"
#include "formats/onnx/import_onnx.h"
#include "formats/onnx/read_onnx.h"
#include "formats/onnx/read_onnx_model.h"
#include "formats/openvino/graph_to_ir.h"
#include "formats/openvino_ir/import_ir.h"
#include "formats/pytorch_networks/pytorch_network.h"
#include "formats/tflite/import_tflite.h"

namespace adze::formats {
namespace {

constexpr std::array kGraphFormats = {
    GraphFormat{"onnx", is_onnx_model, read_onnx_graph, onnx_facts, ".onnx", write_onnx_graph, onnx_data_beside},
    GraphFormat{"openvino", is_openvino_ir, read_ir_graph, ir_facts, ".xml", write_ir_graph, ir_data_beside},
    GraphFormat{"pytorch", is_pytorch_network, read_pytorch_graph, pytorch_network_facts, ".th"},
    GraphFormat{"tflite", is_tflite, read_tflite_graph, tflite_facts, ".tflite"},
};

}  // namespace

std::span<const GraphFormat> all_graph_formats() { return kGraphFormats; }

const GraphFormat* graph_format_of(const std::string& path) {
  const auto found = std::ranges::find_if(kGraphFormats, [&](const GraphFormat& f) { return f.recognizes(path); });
  return found == kGraphFormats.end() ? nullptr : &*found;
}

std::vector<std::string> files_of_graph(const std::string& path) {
  const GraphFormat* format = graph_format_of(path);
  if (!format) return {};
  OpenedFiles opened;
  try {
    format->facts(path);  // which opens all of them
  } catch (const Error&) {
    return {};
  }
  return opened.paths();
}

StandardGraph read_graph(const std::string& path) {
  const GraphFormat* format = graph_format_of(path);
  if (!format)
    fail(ErrorCode::unsupported,
         "{}: is no model with a graph of its own (ONNX, OpenVINO, TFLite) and no checkpoint of a known network", path);
  return format->read(path);
}

}  // namespace adze::formats
