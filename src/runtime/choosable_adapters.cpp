#include "runtime/choosable_adapters.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "base/error.h"
#include "codecs/codec.h"
#include "model/derived_tensors.h"
#include "ops/adapted_rows/adapted_rows.h"
#include "ops/linear/linear.h"
#include "runtime/node_graft.h"

namespace adze::runtime {
namespace {

using graph::kNoValue;
using graph::Node;
using graph::ValueId;
using model::LowRankChange;

model::Tensor as_owned_floats(const model::Tensor& tensor, std::string name) {
  const std::vector<float> values = model::decode_all(tensor);
  std::vector<std::byte> bytes(values.size() * sizeof(float));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return model::owned_tensor(std::move(name), tensor.shape, &codecs::f32.info, std::move(bytes));
}

/// The changes of one node's weight, by the adapter's number.
using Changes = std::vector<std::pair<size_t, const LowRankChange*>>;

class ChoosableGraft : public NodeGraft<Changes> {
 public:
  ChoosableGraft(graph::Graph& graph, model::Model& model,
                 std::span<const std::shared_ptr<const model::Adapter>> adapters)
      : NodeGraft(graph), model_(model), adapters_(adapters) {}

 private:
  bool joins(const Node& node, const Node& first) const override {
    return node.op == &ops::linear && current(node.inputs[0]) == first.inputs[0];
  }

  Changes changes_of(const Node& node) override {
    Changes changes;
    if (node.op != &ops::linear) return changes;
    const auto& weight = graph().value(node.inputs[1]);
    if (weight.origin != graph::ValueOrigin::weight) return changes;
    const std::string_view name = weight.name == model::kEmbeddingWeight ? model::kOutputWeight : weight.name;
    for (size_t i = 0; i < adapters_.size(); ++i) {
      for (const LowRankChange& change : adapters_[i]->changes) {
        if (change.weight == name) changes.emplace_back(i, &change);
      }
    }
    used_ += changes.size();
    return changes;
  }

  ValueId add_matrix(const model::Tensor& tensor, std::string name) {
    const auto dims = tensor.shape.dims();
    const ValueId id = graph().add_weight(name, {dims.begin(), dims.end()});
    model_.tensors.add(as_owned_floats(tensor, std::move(name)));
    return id;
  }

  ValueId batch() const {
    for (const ValueId input : graph().inputs) {
      if (graph().value(input).type.kind == graph::ValueKind::batch) return input;
    }
    fail(ErrorCode::unsupported, "{}: its graph has no sequences that could choose adapters", model_.source);
  }

  // Whether x has a row for each row of logits only.
  bool is_of_logits(ValueId x) const { return graph().value(x).type.dims[0] == graph().value(batch()).type.dims[1]; }

  void add_changes(std::vector<ChangedNode>& group) override {
    for (const ChangedNode& changed : group) {
      const Node& node = changed.node;
      std::vector<ValueId> inputs{node.outputs[0], node.inputs[0], batch()};
      std::vector<int64_t> numbers;
      std::vector<double> scales;
      for (const auto& [number, change] : changed.changes) {
        const std::string name = fmt::format("{}.choice.{}", node.name, number);
        inputs.push_back(add_matrix(change->a, name + ".a.weight"));
        inputs.push_back(add_matrix(model::transposed(model::as_floats(change->b)), name + ".b.weight"));
        numbers.push_back(static_cast<int64_t>(number));
        scales.push_back(change->scale);
      }
      graph::Attributes attributes{{"adapters", std::move(numbers)}, {"scales", std::move(scales)}};
      if (is_of_logits(node.inputs[0])) attributes.emplace("rows", std::string("logits"));
      replace(
          node.outputs[0],
          graph().add_node(ops::adapted_rows, node.name + ".choice", std::move(inputs), std::move(attributes)).front());
    }
  }

  void require_all_used() const override {
    size_t changes = 0;
    for (const auto& adapter : adapters_) changes += adapter->changes.size();
    if (used_ == changes) return;
    fail(ErrorCode::unsupported, "{}: {} of the {} weights that the adapters change are multiplied otherwise",
         model_.source, changes - used_, changes);
  }

  model::Model& model_;
  const std::span<const std::shared_ptr<const model::Adapter>> adapters_;
  size_t used_ = 0;  // changes
};

}  // namespace

void require_choosable(const model::Adapter& adapter) {
  const auto refuse = [&](const std::string& tensor, const char* what) {
    fail(ErrorCode::unsupported,
         "{}: changes '{}' {}, which requests cannot choose; merge it (`adze merge-adapter`) or run it alone "
         "(`adze run --adapter`)",
         adapter.source, tensor, what);
  };
  for (const model::Tensor& tensor : adapter.replaced) refuse(tensor.name, "as a whole");
  for (const LowRankChange& change : adapter.changes) {
    if (change.magnitude) refuse(change.weight, "by lengths of rows (DoRA)");
    if (change.a.shape.rank() != 2) refuse(change.weight, "expert by expert");
    const bool is_looked_up = change.weight == model::kEmbeddingWeight || change.weight == model::kPositionWeight;
    if (is_looked_up) refuse(change.weight, "where tokens are looked up");
  }
}

std::vector<ops::AdapterUse> checked_choice(std::span<const ops::AdapterUse> choice, int64_t count) {
  std::vector<ops::AdapterUse> checked(choice.begin(), choice.end());
  std::ranges::sort(checked, {}, &ops::AdapterUse::adapter);
  for (size_t i = 0; i < checked.size(); ++i) {
    const auto& [adapter, strength] = checked[i];
    if (adapter < 0 || adapter >= count) {
      fail(ErrorCode::bad_input, "there is no adapter {}; there are {}", adapter, count);
    }
    if (i > 0 && checked[i - 1].adapter == adapter) fail(ErrorCode::bad_input, "adapter {} is chosen twice", adapter);
    if (!std::isfinite(strength)) fail(ErrorCode::bad_input, "the strength of adapter {} is not finite", adapter);
  }
  std::erase_if(checked, [](const ops::AdapterUse& use) { return use.strength == 0; });
  return checked;
}

void add_choosable_adapters(graph::Graph& graph, model::Model& model,
                            std::span<const std::shared_ptr<const model::Adapter>> adapters) {
  if (adapters.empty()) return;
  ChoosableGraft(graph, model, adapters).run();
}

}  // namespace adze::runtime
