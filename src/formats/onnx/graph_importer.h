// One graph of an ONNX model becoming a Graph; sub-graphs become importers of their own.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "formats/onnx/inline_functions.h"
#include "formats/onnx/onnx_model.h"
#include "graph/graph.h"
#include "model/model.h"
#include "ops/standard/standard_op.h"

namespace adze::formats {

/// What all graphs of one model share.
struct ImportContext {
  const OnnxModel& model;
  std::string where;
  model::TensorList weights;
  std::set<std::string> unknown_operators;
  size_t made_nodes = 0;
};

class GraphImporter {
 public:
  GraphImporter(ImportContext& context, GraphImporter* outer, int depth);

  /// `opsets`: which versions its nodes are of.
  std::shared_ptr<graph::Graph> import(const OnnxGraph& source, const std::vector<OnnxOpset>& opsets);

 private:
  using ValueId = graph::ValueId;

  void declare_types(const OnnxGraph& source);
  void add_initializer(const OnnxTensor& tensor);
  void add_inputs(const OnnxGraph& source);
  void add_nodes(const OnnxGraph& source, const std::vector<OnnxOpset>& opsets);
  void add_outputs(const OnnxGraph& source);

  void add_node(OnnxNode node, int64_t opset);
  /// Constant nodes are no nodes here.
  void add_constant_node(const OnnxNode& node);
  void add_operator(const OnnxNode& node, const ops::StandardOp& op);
  /// Types of what a body of the node is given, as far as the node's inputs say them.
  std::vector<graph::ValueType> given_to_body(const graph::Node& node) const;
  std::vector<graph::ValueType> given_to_loop(const graph::Node& node) const;
  std::vector<graph::ValueType> given_to_scan(const graph::Node& node) const;
  void add_bodies(const OnnxNode& source, graph::Node& node);
  void set_attributes(const OnnxNode& source, graph::Node& node);
  void add_computed_values(const OnnxNode& source, graph::Node& node);

  ValueId define(const std::string& name, graph::Value value);
  /// In this graph, else captured from one around it.
  std::optional<ValueId> find(const std::string& name);
  ValueId require(const std::string& name, const std::string& user);
  void add_texts(const OnnxTensor& tensor);

  graph::ValueType type_of(const OnnxValueType& type);
  graph::Dim dim_of(const OnnxDim& dim);
  graph::ValueType refined(graph::ValueType type, const std::string& name);
  std::string unique_name(const std::string& wanted, std::set<std::string>& taken);

  ImportContext& context_;
  GraphImporter* outer_;
  int depth_;
  std::vector<OnnxOpset> opsets_;
  std::vector<graph::ValueType> given_;  // of inputs, where the file does not say it
  std::shared_ptr<graph::Graph> graph_ = std::make_shared<graph::Graph>();
  std::unordered_map<std::string, ValueId> names_;  // ONNX's
  std::unordered_map<std::string, graph::ValueType> declared_;
  std::map<std::string, graph::SymbolId> symbols_;
  std::set<std::string> value_names_, node_names_;
};

}  // namespace adze::formats
