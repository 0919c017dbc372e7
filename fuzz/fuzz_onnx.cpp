// Any bytes as an ONNX model: an Error, or a graph that runs on zeros or says why not.
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <vector>

#include "base/error.h"
#include "formats/onnx/import_onnx.h"
#include "formats/onnx/read_onnx_model.h"
#include "ops/standard/standard_op.h"
#include "runtime/graph_session.h"

namespace {

constexpr size_t kMaxNodes = 64;  // more only takes time

adze::ops::HostValue zeros_for(const adze::graph::ValueType& type) {
  std::vector<int64_t> dims;
  for (const auto& dim : type.dims) dims.push_back(dim.is_constant() && dim.constant() < 16 ? dim.constant() : 2);
  if (type.kind != adze::graph::ValueKind::tensor) return {};
  return type.storage ? adze::ops::zeros(type.storage, dims) : adze::ops::HostValue();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace adze;
  try {
    const auto kept = std::make_shared<const std::vector<uint8_t>>(data, data + size);
    const auto imported = formats::import_onnx(
        formats::read_onnx_message(std::as_bytes(std::span(*kept)), kept, "input.onnx"), "input.onnx");
    if (imported.graph->nodes.size() > kMaxNodes) return 0;
    for (const auto& node : imported.graph->nodes) {
      if (!node.subgraphs.empty()) return 0;  // a loop may be meant to run for ever
    }
    std::map<std::string, ops::HostValue> inputs;
    for (const auto id : imported.graph->inputs)
      inputs[imported.graph->value(id).name] = zeros_for(imported.graph->value(id).type);
    runtime::GraphSession(imported.graph, imported.weights, {.threads = 1}).run(inputs);
  } catch (const Error&) {
  }
  return 0;
}
