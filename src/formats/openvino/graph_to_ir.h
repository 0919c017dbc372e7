// A Graph over standard ops as layers of OpenVINO's IR: what the writing of one node sees. The table, by op, is
// standard_to_ir.cpp.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "formats/openvino_ir/ir_builder.h"
#include "formats/standard_graph.h"

namespace adze::formats {

class GraphToIr {
 public:
  using Attributes = IrBuilder::Attributes;

  GraphToIr(const graph::Graph& graph, const model::TensorList& weights);

  /// Writes all nodes, with the graph's inputs and outputs. Error(unsupported) listing the ops that have no form there,
  /// or naming the node that has none.
  void run();
  IrBuilder& out() { return *out_; }

  // ---- for bodies
  /// The writer of a sub-graph of this node; its layers are not in out().
  GraphToIr body(size_t index);
  const graph::Graph& graph() const { return graph_; }
  std::shared_ptr<IrBuilder> layers() const { return out_; }
  /// An input of the sub-graph is this value of it.
  void bind(graph::ValueId id, IrValue value) { values_[id] = value; }
  void write_nodes();
  IrValue value(graph::ValueId id);
  /// "?" and numbers, "..." for an unknown rank.
  std::string shape_of(graph::ValueId id) const;
  IrType type_of(graph::ValueId id) const;
  /// A value of the enclosing graph, and the parameter that stands for it.
  struct Capture {
    graph::ValueId outer;
    IrValue parameter;
  };
  const std::vector<Capture>& captures() const { return captures_; }

  // ---- for the functions of the table
  const graph::Node& node() const { return *node_; }
  bool has(size_t index) const { return index < node_->inputs.size() && node_->inputs[index] != graph::kNoValue; }
  IrValue input(size_t index);
  std::vector<IrValue> inputs();
  StorageType storage(size_t index) const { return type(index).storage; }
  const graph::ValueType& type(size_t index) const { return graph_.value(node_->inputs.at(index)).type; }
  int64_t rank(size_t index) const;
  /// Known before it runs, or refused.
  std::vector<int64_t> dims(size_t index) const;
  std::optional<std::vector<int64_t>> integers(size_t index) const;
  std::optional<double> number_of(size_t index) const;
  std::optional<std::vector<double>> numbers_of(size_t index) const;
  /// The numbers of a list attribute, or the fallback.
  std::vector<int64_t> list(std::string_view name, std::vector<int64_t> fallback = {}) const;
  int64_t integer(std::string_view name, int64_t fallback) const;
  bool flag(std::string_view name, bool fallback = false) const { return integer(name, fallback ? 1 : 0) != 0; }
  double number(std::string_view name, double fallback) const;
  std::string word(std::string_view name, std::string_view fallback) const;

  /// The type of an output, as ports say it.
  IrType output_type(size_t output = 0) const;
  void give(IrValue value) { give(0, value); }
  void give(size_t output, IrValue value);
  const graph::ValueType& type_of_output(size_t output) const { return graph_.value(node_->outputs.at(output)).type; }
  size_t output_count() const { return node_->outputs.size(); }

  // ---- short ways to write common layers
  IrValue both(std::string_view type, IrValue a, IrValue b, IrType element = "f32");
  IrValue reshape(IrValue x, const std::vector<int64_t>& dims);  // 0 keeps a dimension
  IrValue transpose(IrValue x, const std::vector<int64_t>& order);
  IrValue convert(IrValue x, StorageType type);
  IrValue gather(IrValue x, IrValue indices, int64_t axis);
  IrValue squeeze(IrValue x, int64_t axis, IrType element);
  IrValue unsqueeze(IrValue x, int64_t axis, IrType element);
  /// Where the condition is true, and elsewhere.
  IrValue select(IrValue condition, IrValue yes, IrValue no);
  /// From `begin` to `end` of an axis, which may count from its end; `step` may be negative.
  IrValue slice(IrValue x, int64_t axis, int64_t begin, int64_t end, int64_t step, IrType element);
  IrValue reduce(std::string_view type, IrValue x, IrValue axes, bool keep_dims, IrType element);
  IrValue shape(IrValue x);                 // i64
  IrValue length(IrValue x, int64_t axis);  // i64 scalar
  IrValue count_to(IrValue end);            // 0, 1 … before an i64 scalar
  IrValue all_axes(IrValue x);              // however many there are
  /// A scalar of the type of an input.
  IrValue scalar(double value, StorageType type);

  [[noreturn]] void refuse(std::string_view what) const;

 private:
  GraphToIr(const graph::Graph& graph, GraphToIr& outer);
  void declare_inputs();
  void add_results();
  /// What a captured value is outside.
  const graph::Value& origin_of(graph::ValueId id) const;
  IrValue captured(graph::ValueId id);
  IrValue stored(const graph::Value& value);

  const graph::Graph& graph_;
  const model::TensorList& weights_;
  GraphToIr* const outer_ = nullptr;
  std::shared_ptr<IrBuilder> out_ = std::make_shared<IrBuilder>();
  const graph::Node* node_ = nullptr;
  std::map<graph::ValueId, IrValue> values_;
  std::vector<Capture> captures_;
};

struct IrWriting {
  std::string_view op;     // the standard's
  std::string_view layer;  // the type of layer that it is, where one function serves several
  std::string_view opset;  // in which that came
  void (*put)(GraphToIr& g, const IrWriting& row);
};

/// Null when unknown.
const IrWriting* find_ir_writing(std::string_view op);

/// Where the numbers of OUT.xml lie: OUT.bin.
std::string ir_data_beside(const std::string& path);

/// OUT.xml with OUT.bin beside it. `path` ends in .xml, or is the folder that openvino_model.xml is written into.
/// Error(bad_input) where there is an OUT.bin but no OUT.xml.
void write_ir_graph(const StandardGraph& graph, const std::string& path, const WriteOptions& options);

}  // namespace adze::formats
