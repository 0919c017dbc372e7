// Builds the graph of an OnnxModel node by node, with unique names, shared constants, and tensors written at the end.
#pragma once

#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "formats/onnx/onnx_model.h"
#include "formats/onnx/write_onnx_model.h"
#include "model/tensor.h"

namespace adze::formats {

/// A stored tensor with its numbers elsewhere. What lies where is said by the tensor's rows; type and dims are ONNX's.
struct OnnxWeight {
  std::string name;
  OnnxType type;
  std::vector<int64_t> dims;
  model::Tensor rows;
};

class OnnxGraphBuilder {
 public:
  using Inputs = std::vector<std::string>;
  using AttributeList = std::vector<OnnxAttribute>;

  /// What the nodes that follow belong to: the first part of their names.
  void enter(std::string scope) { scope_ = std::move(scope); }

  /// Appends a node and returns the name of its only output.
  std::string add(std::string_view op, Inputs inputs, AttributeList attributes = {});
  /// The same of an op of ONNX Runtime's own, domain com.microsoft.
  std::string add_contrib(std::string_view op, Inputs inputs, AttributeList attributes = {});
  /// Appends a node with these outputs; empty ones are not asked for.
  void add_node(OnnxNode node);
  /// A name for one more output of the node that add_node() is about to get.
  std::string new_name(std::string_view op);

  // Constants, each kept once.
  std::string ints(const std::vector<int64_t>& values);                           // 1-D int64
  std::string whole(int64_t value);                                               // scalar int64
  std::string number(double value);                                               // scalar float32
  std::string int32(int32_t value);                                               // scalar int32
  std::string byte(uint8_t value);                                                // scalar uint8
  std::string floats(const std::string& name, const std::vector<float>& values);  // 1-D float32

  /// A tensor of the model file, kept once by its name. With `data_of`, its bytes are those of another one.
  std::string weight(const OnnxWeight& weight, const std::string& data_of = {});

  // Names shared by lowerings, made when first asked for.
  template <typename Make>
  const std::string& shared(const std::string& key, Make make) {
    const auto found = shared_.find(key);
    if (found != shared_.end()) return found->second;
    std::string name = make();
    return shared_.emplace(key, std::move(name)).first->second;
  }

  std::vector<OnnxValueInfo>& inputs() { return graph_.inputs; }
  std::vector<OnnxValueInfo>& outputs() { return graph_.outputs; }

  /// Bytes that go into the data file, for the progress display.
  uint64_t data_bytes() const;
  /// The graph; stored tensors are written to `data`.
  OnnxGraph finish(OnnxDataFile& data) &&;

 private:
  std::string add_one(std::string_view op, std::string_view domain, Inputs inputs, AttributeList attributes);
  std::string constant(const std::string& name, std::vector<int64_t> dims, OnnxType type,
                       std::span<const std::byte> bytes);

  struct Stored {
    size_t initializer;
    model::Tensor rows;
    std::string data_of;
  };

  OnnxGraph graph_;
  std::string scope_;
  std::map<std::string, int, std::less<>> used_names_;
  std::map<std::string, size_t, std::less<>> initializers_;  // by name, its place in graph_
  std::vector<Stored> stored_;
  std::map<std::string, std::string, std::less<>> shared_;
};

// Attributes, short.
inline OnnxAttribute attribute(std::string name, int64_t value) { return {std::move(name), value}; }
inline OnnxAttribute attribute(std::string name, double value) { return {std::move(name), static_cast<float>(value)}; }
inline OnnxAttribute attribute(std::string name, std::vector<int64_t> value) {
  return {std::move(name), std::move(value)};
}
inline OnnxAttribute attribute(std::string name, const char* value) { return {std::move(name), std::string(value)}; }

}  // namespace adze::formats
