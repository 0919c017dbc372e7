// Small ONNX models for tests.
#pragma once

#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "formats/onnx/onnx_model.h"
#include "formats/onnx/write_onnx_model.h"

namespace adze::formats::test {

template <typename T>
OnnxTensor onnx_numbers(std::string name, OnnxType type, std::vector<int64_t> dims, const std::vector<T>& numbers) {
  std::vector<std::byte> bytes(numbers.size() * sizeof(T));
  if (!bytes.empty()) std::memcpy(bytes.data(), numbers.data(), bytes.size());
  return owned_onnx_tensor(std::move(name), std::move(dims), type, std::move(bytes));
}

inline OnnxTensor onnx_floats(std::string name, std::vector<int64_t> dims, const std::vector<float>& numbers) {
  return onnx_numbers(std::move(name), OnnxType::float32, std::move(dims), numbers);
}

inline OnnxNode onnx_node(std::string op, std::vector<std::string> inputs, std::vector<std::string> outputs,
                          std::vector<OnnxAttribute> attributes = {}) {
  return {{}, std::move(op), {}, {}, std::move(inputs), std::move(outputs), std::move(attributes)};
}

inline OnnxValueInfo onnx_value(std::string name, std::vector<OnnxDim> dims, OnnxType type = OnnxType::float32) {
  return {std::move(name), OnnxValueType::tensor(type, std::move(dims))};
}

/// y = f(x) by the nodes, x and y f32 of shape [N].
inline OnnxModel onnx_model(std::vector<OnnxNode> nodes, int64_t opset = 17) {
  OnnxModel model;
  model.ir_version = 8;
  model.opsets = {{"", opset}};
  model.graph.name = "test";
  model.graph.nodes = std::move(nodes);
  model.graph.inputs = {onnx_value("x", {OnnxDim{{}, "N"}})};
  model.graph.outputs = {onnx_value("y", {OnnxDim{{}, "N"}})};
  return model;
}

}  // namespace adze::formats::test
