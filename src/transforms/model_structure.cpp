#include "transforms/model_structure.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <set>

#include "ops/add/add.h"
#include "ops/append_state/append_state.h"
#include "ops/attention/attention.h"
#include "ops/gather_rows/gather_rows.h"
#include "ops/linear/linear.h"
#include "ops/read_state/read_state.h"
#include "ops/rms_norm/rms_norm.h"
#include "ops/select_rows/select_rows.h"
#include "ops/swiglu/swiglu.h"
#include "transforms/graph_uses.h"

namespace adze::transforms {
namespace {

using graph::Graph;
using graph::Node;
using graph::ValueId;

// Inputs by their place.
constexpr size_t kLinearX = 0, kLinearWeight = 1, kLinearBias = 2;
constexpr size_t kNormX = 0, kNormWeight = 1;
constexpr size_t kAppendRows = 1, kAttentionValues = 2, kSwigluUp = 1;

class StructureFinder {
 public:
  explicit StructureFinder(const Graph& graph) : graph_(graph), uses_(graph) {}

  ModelStructure find() {
    for (const Node& node : graph_.nodes) {
      if (node.op == &ops::rms_norm) find_readers(node);
      if (node.op == &ops::attention) find_values(node);
      if (node.op == &ops::swiglu) find_gated(node);
    }
    find_stream();
    for (ValueId value = 0; value < graph_.values.size(); ++value) {
      if (is_weight(value)) found_.uses[name_of(value)] = static_cast<int>(uses_.of(value).size());
    }
    return std::move(found_);
  }

 private:
  const std::string& name_of(ValueId value) const { return graph_.value(value).name; }
  bool is_weight(ValueId value) const { return graph_.value(value).origin == graph::ValueOrigin::weight; }
  bool is_product(const Node* node) const {
    return node && node->op == &ops::linear && is_weight(node->inputs[kLinearWeight]);
  }

  LinearWeights weights_of(const Node& linear) const {
    LinearWeights weights{name_of(linear.inputs[kLinearWeight])};
    const bool has_bias = linear.inputs.size() > kLinearBias && linear.inputs[kLinearBias] != graph::kNoValue;
    if (has_bias) weights.bias = name_of(linear.inputs[kLinearBias]);
    return weights;
  }

  /// The matrices that read a value; empty, with a reason, when anything else reads it too.
  std::vector<std::string> matrices_that_read(ValueId value, std::string& reason) const {
    std::vector<std::string> matrices;
    for (const Use& use : uses_.of(value)) {
      const bool is_matrix = use.node && use.input == kLinearX && is_product(use.node);
      if (!is_matrix) {
        reason = fmt::format("{} reads it too", use.node ? use.node->name : "the caller");
        return {};
      }
      matrices.push_back(name_of(use.node->inputs[kLinearWeight]));
    }
    if (matrices.empty()) reason = "nothing reads it";
    return matrices;
  }

  static void refuse(std::vector<std::string>& refusals, const Node& node, const std::string& reason) {
    refusals.push_back(fmt::format("{}: {}", node.name, reason));
  }

  void find_readers(const Node& norm) {
    if (!is_weight(norm.inputs[kNormWeight])) return;
    std::string reason;
    auto readers = matrices_that_read(norm.outputs.front(), reason);
    if (readers.empty()) return refuse(found_.norm_refusals, norm, reason);
    found_.norms.push_back({name_of(norm.inputs[kNormWeight]), std::move(readers)});
  }

  // What was appended to the state whose rows these are.
  const Node* appended_rows(ValueId history) const {
    const Node* read = uses_.maker(history);
    if (!read || read->op != &ops::read_state) return nullptr;
    const Node* append = uses_.maker(read->inputs.back());
    if (!append || append->op != &ops::append_state || uses_.of(history).size() != 1) return nullptr;
    const ValueId rows = append->inputs[kAppendRows];
    return uses_.of(rows).size() == 1 ? uses_.maker(rows) : nullptr;
  }

  void find_values(const Node& attention) {
    const Node* product = appended_rows(attention.inputs[kAttentionValues]);
    if (!is_product(product))
      return refuse(found_.value_refusals, attention, "its values are not those of one product alone");
    std::string reason;
    const auto readers = matrices_that_read(attention.outputs.front(), reason);
    if (readers.size() != 1)
      return refuse(found_.value_refusals, attention, reason.empty() ? "several products read it" : reason);
    ValuePath path{weights_of(*product), readers.front()};
    path.query_heads = graph::int_attribute(attention, "query_heads");
    path.key_heads = graph::int_attribute(attention, "key_heads");
    path.head_dim = graph::int_attribute(attention, "head_dim");
    const auto& made = graph_.value(product->outputs.front()).type.dims.back();
    const auto& read = graph_.value(attention.outputs.front()).type.dims.back();
    if (made != graph::Dim(path.key_heads * path.head_dim) || read != graph::Dim(path.query_heads * path.head_dim)) {
      return refuse(found_.value_refusals, attention, "heads of values have another size than those of keys");
    }
    found_.values.push_back(std::move(path));
  }

  void find_gated(const Node& gate) {
    const ValueId up = gate.inputs[kSwigluUp];
    const Node* product = uses_.maker(up);
    if (!is_product(product) || uses_.of(up).size() != 1) {
      return refuse(found_.gate_refusals, gate, "what is gated is not that of one product alone");
    }
    std::string reason;
    const auto readers = matrices_that_read(gate.outputs.front(), reason);
    if (readers.size() != 1)
      return refuse(found_.gate_refusals, gate, reason.empty() ? "several products read it" : reason);
    found_.gated.push_back({weights_of(*product), readers.front()});
  }

  // Follows the sum from the embedding through all that is added to it.
  void find_stream() {
    for (const Node& node : graph_.nodes) {
      if (node.op != &ops::gather_rows || !is_weight(node.inputs[0])) continue;
      add_embedding(node);
      break;
    }
    if (found_.residual.embeddings.empty()) refuse_stream("embedding", "the graph has none");
    while (!pending_.empty()) {
      const ValueId value = pending_.front();
      pending_.pop_front();
      for (const Use& use : uses_.of(value)) follow(value, use);
    }
  }

  void add_embedding(const Node& gather) {
    found_.residual.embeddings.push_back(name_of(gather.inputs[0]));
    found_.residual.features = graph_.value(gather.outputs.front()).type.dims.back().constant();
    enter(gather.outputs.front());
  }

  void enter(ValueId value) {
    if (stream_.insert(value).second) pending_.push_back(value);
  }

  void refuse_stream(const std::string& what, const std::string& reason) {
    found_.stream_refusals.push_back(fmt::format("{}: {}", what, reason));
  }

  void follow(ValueId value, const Use& use) {
    if (!use.node) return refuse_stream("output", "the sum itself is an output");
    const Node& node = *use.node;
    if (node.op == &ops::select_rows && use.input == 0) return enter(node.outputs.front());
    if (node.op == &ops::add) return follow_sum(value, node);
    if (node.op == &ops::rms_norm && use.input == kNormX) return follow_norm(node);
    refuse_stream(node.name, fmt::format("{} of the sum does not commute with a rotation", node.op->name));
  }

  void follow_sum(ValueId value, const Node& sum) {
    const ValueId other = sum.inputs[0] == value ? sum.inputs[1] : sum.inputs[0];
    enter(sum.outputs.front());
    if (stream_.contains(other)) return;
    const Node* maker = uses_.maker(other);
    if (uses_.of(other).size() == 1 && is_product(maker)) {
      found_.residual.writers.push_back(weights_of(*maker));
    } else if (uses_.of(other).size() == 1 && maker && maker->op == &ops::gather_rows && is_weight(maker->inputs[0])) {
      found_.residual.embeddings.push_back(name_of(maker->inputs[0]));
    } else {
      refuse_stream(sum.name, "what is added is not that of one product alone");
    }
  }

  void follow_norm(const Node& norm) {
    std::string reason;
    auto readers = matrices_that_read(norm.outputs.front(), reason);
    if (readers.empty() || !is_weight(norm.inputs[kNormWeight])) {
      return refuse_stream(norm.name, reason.empty() ? "its factors are no weight" : reason);
    }
    found_.residual.readers.push_back({name_of(norm.inputs[kNormWeight]), std::move(readers)});
  }

  const Graph& graph_;
  const GraphUses uses_;
  ModelStructure found_;
  std::set<ValueId> stream_;
  std::deque<ValueId> pending_;
};

}  // namespace

ModelStructure find_structure(const graph::Graph& graph) { return StructureFinder(graph).find(); }

}  // namespace adze::transforms
