// One graph of an IR becoming a Graph over standard ops; bodies become importers of their own.
#pragma once

#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "formats/openvino_ir/ir_document.h"
#include "formats/openvino_ir/ir_step.h"
#include "formats/standard_nodes.h"

namespace adze::formats {

class IrImporter {
 public:
  using ValueId = graph::ValueId;

  /// `outer`: of the graph around a body, or null. REQUIRES: all outlive this.
  IrImporter(const IrGraph& source, const IrDocument& document, model::TensorList& weights, IrImporter* outer);

  /// Before import(): the value of a body's parameter.
  void bind(int64_t layer, ValueId value) { bound_[layer] = value; }
  /// Makes the nodes. Parameters that are not bound become inputs.
  void import();
  /// After import(): what a body's result takes.
  ValueId result(int64_t layer) const;

  std::shared_ptr<graph::Graph> graph() { return graph_; }
  StandardNodes& nodes() { return nodes_; }
  const IrDocument& document() const { return document_; }
  bool is_body() const { return outer_ != nullptr; }
  int depth() const { return depth_; }
  model::TensorList& weights() { return nodes_.weights(); }
  /// A value of the graph around, seen from here.
  ValueId capture(ValueId value) { return nodes_.capture(*outer_->graph_, value); }

  // ---- variables, which become an optional input and an output
  ValueId read_variable(IrStep& step);
  void assign_variable(IrStep& step);

 private:
  using Port = std::pair<int64_t, int64_t>;  // (layer, port)

  void index_source();
  std::vector<size_t> order() const;
  void add_layer(const IrLayer& layer);
  void add_parameter(const IrLayer& layer);
  void add_constant(const IrLayer& layer);
  void add_result(const IrLayer& layer);
  void add_step(const IrLayer& layer);
  std::vector<ValueId> inputs_of(const IrLayer& layer) const;
  void name_outputs();

  const IrGraph& source_;
  const IrDocument& document_;
  IrImporter* outer_;
  int depth_;
  std::shared_ptr<graph::Graph> graph_ = std::make_shared<graph::Graph>();
  StandardNodes nodes_;
  std::map<int64_t, size_t> layers_;  // by id
  std::map<Port, Port> sources_;      // of each input
  std::map<Port, ValueId> values_;    // of each output
  std::map<int64_t, ValueId> bound_, results_;
  std::vector<std::pair<std::string, ValueId>> outputs_;
  std::map<std::string, ValueId> variables_;
};

}  // namespace adze::formats
