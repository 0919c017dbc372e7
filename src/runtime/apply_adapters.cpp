#include "runtime/apply_adapters.h"

#include <fmt/format.h>

#include <cstring>
#include <map>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/thread_pool.h"
#include "codecs/codec.h"
#include "model/changed_weight.h"
#include "model/derived_tensors.h"
#include "ops/add/add.h"
#include "ops/gather_positions/gather_positions.h"
#include "ops/gather_rows/gather_rows.h"
#include "ops/linear/expert_linear.h"
#include "ops/linear/linear.h"
#include "ops/scale/scale.h"
#include "ops/scale_columns/scale_columns.h"
#include "runtime/node_graft.h"

namespace adze::runtime {
namespace {

using graph::kNoValue;
using graph::Node;
using graph::ValueId;
using model::LowRankChange;
using model::Tensor;

model::Tensor floats(std::string name, const std::vector<float>& values) {
  std::vector<std::byte> bytes(values.size() * sizeof(float));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return model::owned_tensor(std::move(name), {static_cast<int64_t>(values.size())}, &codecs::f32.info,
                             std::move(bytes));
}

/// A change of one node's weight by one adapter.
struct Branch {
  const LowRankChange* change;
  double strength;
  std::string name;         // "blk.0.attn_q.lora.1"
  ValueId rows = kNoValue;  // the product so far
};

class AdapterGraft : public NodeGraft<std::vector<Branch>> {
 public:
  AdapterGraft(graph::Graph& graph, model::Model& model, std::span<const AppliedAdapter> adapters)
      : NodeGraft(graph), model_(model), adapters_(adapters) {}

 private:
  static bool looks_up(const Node& node) { return node.op == &ops::gather_rows || node.op == &ops::gather_positions; }
  static bool multiplies(const Node& node) { return node.op == &ops::linear || node.op == &ops::expert_linear; }

  bool joins(const Node& node, const Node& first) const override {
    return multiplies(node) && node.op == first.op && current(node.inputs[0]) == first.inputs[0];
  }

  // The name of the weight as adapters call it, or empty.
  std::string weight_of(const Node& node) const {
    if (!looks_up(node) && !multiplies(node)) return {};
    const auto& value = graph().value(node.inputs[looks_up(node) ? 0 : 1]);
    if (value.origin != graph::ValueOrigin::weight) return {};
    const bool is_shared_head = multiplies(node) && value.name == model::kEmbeddingWeight;
    return is_shared_head ? std::string(model::kOutputWeight) : value.name;
  }

  std::vector<Branch> changes_of(const Node& node) override {
    std::vector<Branch> branches;
    const std::string weight = weight_of(node);
    if (weight.empty()) return branches;
    for (size_t i = 0; i < adapters_.size(); ++i) {
      for (const LowRankChange& change : adapters_[i].adapter->changes) {
        if (change.weight != weight) continue;
        used_.insert(&change);
        branches.push_back({&change, adapters_[i].strength, fmt::format("{}.lora.{}", node.name, i)});
      }
    }
    return branches;
  }

  ValueId weight(Tensor tensor, std::string name) {
    const auto dims = tensor.shape.dims();
    const ValueId id = graph().add_weight(name, {dims.begin(), dims.end()});
    model_.tensors.add(model::renamed(std::move(tensor), std::move(name)));
    return id;
  }

  ValueId one(const graph::OpSchema& op, std::string name, std::vector<ValueId> inputs,
              graph::Attributes attributes = {}) {
    return graph().add_node(op, std::move(name), std::move(inputs), std::move(attributes)).front();
  }

  // ---- the product in two steps

  void add_first_product(const Node& node, Branch& branch) {
    const LowRankChange& change = *branch.change;
    const std::string name = branch.name + ".a";
    if (looks_up(node)) {
      branch.rows = one(*node.op, name, {weight(change.b, name + ".weight"), node.inputs[1]});
      return;
    }
    std::vector<ValueId> inputs{node.inputs[0], weight(change.a, name + ".weight")};
    if (node.op == &ops::expert_linear) inputs.push_back(node.inputs[2]);
    branch.rows = one(*node.op, name, std::move(inputs));
  }

  void add_scale(Branch& branch) {
    const double factor = branch.change->scale * branch.strength;
    if (factor != 1) branch.rows = one(ops::scale, branch.name + ".scale", {branch.rows}, {{"factor", factor}});
  }

  void add_second_product(const Node& node, Branch& branch) {
    const LowRankChange& change = *branch.change;
    const std::string name = branch.name + ".b";
    if (looks_up(node)) {
      branch.rows = one(ops::linear, name, {branch.rows, weight(model::transposed(change.a), name + ".weight")});
      return;
    }
    std::vector<ValueId> inputs{branch.rows, weight(change.b, name + ".weight")};
    if (node.op == &ops::expert_linear) inputs.push_back(node.inputs[2]);
    branch.rows = one(*node.op, name, std::move(inputs));
  }

  // ---- the sum

  // With y = W x + bias and g = magnitude / length of the row of W + BA, DoRA is g (W x + BA x) + bias
  // = y + (g - 1) y - (g - 1) bias + g BA x.
  ValueId with_magnitude(const Node& node, const Branch& branch, ValueId sum) {
    const std::vector<float> factors = magnitude_factors(branch);
    std::vector<float> less_one(factors);
    for (float& factor : less_one) factor -= 1;
    std::vector<ValueId> inputs{node.outputs[0], weight(floats("", less_one), branch.name + ".rescaled.weight")};
    if (node.inputs.size() > 2 && node.inputs[2] != kNoValue) {
      std::vector<float> bias = model::decode_all(model_.tensors.at(graph().value(node.inputs[2]).name));
      for (size_t i = 0; i < bias.size(); ++i) bias[i] *= -less_one[i];
      inputs.push_back(weight(floats("", bias), branch.name + ".rescaled.bias"));
    }
    sum = one(ops::add, branch.name + ".rescaled_sum",
              {sum, one(ops::scale_columns, branch.name + ".rescaled", std::move(inputs))});
    const ValueId scaled = one(ops::scale_columns, branch.name + ".magnitude",
                               {branch.rows, weight(floats("", factors), branch.name + ".magnitude.weight")});
    return one(ops::add, branch.name + ".sum", {sum, scaled});
  }

  std::vector<float> magnitude_factors(const Branch& branch) const {
    const Tensor& weight = *model::adapted_tensor(model_.tensors, branch.change->weight);
    if (!weight.source->has_rows()) {
      fail(ErrorCode::unsupported,
           "'{}' is prepared for running and has no rows, of which the adapter's magnitudes (DoRA) need the lengths; "
           "run "
           "the model that it was prepared from",
           weight.name);
    }
    const model::ChangedWeight changed(weight, *branch.change, branch.strength);
    std::vector<float> factors(static_cast<size_t>(weight.shape.row_count()));
    ThreadPool pool;
    pool.run([&](unsigned thread) {
      model::ChangedWeight::Scratch scratch;
      std::vector<float> row(static_cast<size_t>(weight.shape.row_length()));
      const Range range = share_of(factors.size(), 1, thread, pool.size());
      for (size_t i = range.begin; i < range.end; ++i) {
        changed.sum(static_cast<int64_t>(i), row.data(), scratch);
        factors[i] = changed.magnitude_factor(static_cast<int64_t>(i), row.data());
      }
    });
    return factors;
  }

  void add_changes(std::vector<ChangedNode>& group) override {
    for (ChangedNode& changed : group) {
      for (Branch& branch : changed.changes) add_first_product(changed.node, branch);
    }
    for (ChangedNode& changed : group) {
      for (Branch& branch : changed.changes) add_scale(branch);
    }
    for (ChangedNode& changed : group) {
      for (Branch& branch : changed.changes) add_second_product(changed.node, branch);
    }
    for (const ChangedNode& changed : group) {
      ValueId sum = changed.node.outputs[0];
      for (const Branch& branch : changed.changes) {
        sum = branch.change->magnitude ? with_magnitude(changed.node, branch, sum)
                                       : one(ops::add, branch.name + ".sum", {sum, branch.rows});
      }
      replace(changed.node.outputs[0], sum);
    }
  }

  void require_all_used() const override {
    for (const AppliedAdapter& applied : adapters_) {
      for (const LowRankChange& change : applied.adapter->changes) {
        if (used_.contains(&change)) continue;
        fail(ErrorCode::unsupported, "{}: changes '{}', which is neither multiplied with nor looked up",
             applied.adapter->source, change.weight);
      }
    }
  }

  model::Model& model_;
  const std::span<const AppliedAdapter> adapters_;
  std::set<const LowRankChange*> used_;
};

}  // namespace

void replace_tensors(model::Model& model, std::span<const AppliedAdapter> adapters) {
  std::map<std::string, std::string> sources;  // of whole tensors, by name
  for (const AppliedAdapter& applied : adapters) {
    const bool changes_shared_embedding = !model.tensors.contains(model::kOutputWeight);
    for (const Tensor& tensor : applied.adapter->replaced) {
      const auto [found, is_new] = sources.emplace(tensor.name, applied.adapter->source);
      if (!is_new) {
        fail(ErrorCode::bad_input, "{} and {} both have a whole '{}'", found->second, applied.adapter->source,
             tensor.name);
      }
      if (tensor.name == model::kEmbeddingWeight && changes_shared_embedding) {
        const Tensor* head = model.tensors.find(model::kEmbeddingWeight);
        if (head) model.tensors.add(model::renamed(*head, std::string(model::kOutputWeight)));
      }
      model.tensors.replace(tensor);
    }
  }
}

void apply_adapters(graph::Graph& graph, model::Model& model, std::span<const AppliedAdapter> adapters) {
  if (adapters.empty()) return;
  AdapterGraft(graph, model, adapters).run();
}

}  // namespace adze::runtime
