#include "passes/choose_activation_quantization.h"

#include <algorithm>
#include <set>

#include "base/error.h"
#include "ops/append_state/append_state.h"
#include "ops/layer_norm/layer_norm.h"
#include "ops/linear/expert_linear.h"
#include "ops/linear/linear.h"
#include "ops/linear/rows16_packing.h"
#include "ops/rms_norm/rms_norm.h"
#include "ops/rotary/rotary.h"
#include "ops/scale/scale.h"
#include "ops/slice_columns/slice_columns.h"
#include "ops/soft_cap/soft_cap.h"

namespace adze::passes {
namespace {

constexpr std::string_view kAttribute = "activation";

bool keeps_numbers(const graph::OpSchema& op) {
  const graph::OpSchema* kept[] = {&ops::rotary, &ops::rms_norm, &ops::layer_norm,
                                   &ops::scale,  &ops::soft_cap, &ops::slice_columns};
  return std::find(std::begin(kept), std::end(kept), &op) != std::end(kept);
}

// Values whose errors are felt most: what is remembered (keys and values, which every later token reads) and the
// results of the graph (logits), seen through ops that keep every number in its place.
std::set<graph::ValueId> values_felt_most(const PassContext& context) {
  const graph::Graph& graph = context.graph;
  std::set<graph::ValueId> felt;
  if (!context.enclosing) felt.insert(graph.outputs.begin(), graph.outputs.end());
  for (auto node = graph.nodes.rbegin(); node != graph.nodes.rend(); ++node) {
    if (node->op == &ops::append_state) felt.insert(node->inputs[1]);
    if (keeps_numbers(*node->op) && felt.contains(node->outputs[0])) felt.insert(node->inputs[0]);
  }
  return felt;
}

constexpr int64_t kSuperBlock = 256;

// Fewer than three bits a number: what rounding the weights costs is a hundred times what either rounding of the
// activations does (docs/performance.md).
bool has_few_bits(StorageType storage) { return 8 * storage->block_bytes < 3 * storage->block_elements; }

// Not with points of a codebook: their numbers are so large that sums of parts seldom fit into 16 bits.
bool is_faster_in_super_blocks(StorageType storage) {
  const ops::Rows16Layout* layout = ops::rows16_layout(storage);
  return layout && layout->levels == ops::Levels::even;
}

// Empty: leave the node as it is.
std::string_view choice_for(const PassContext& context, const graph::Node& node,
                            const std::set<graph::ValueId>& felt_most) {
  if (context.options.activation == ActivationPolicy::f32) return "f32";
  if (context.options.activation == ActivationPolicy::q8_32) return "q8_32";
  const StorageType storage = context.weight_storage(node.inputs[1]);
  if (!storage) return "";
  if (storage->is_plain()) return "f32";
  const bool is_felt = felt_most.contains(node.outputs[0]);
  const bool is_asked = context.options.activation == ActivationPolicy::q8_256;
  const bool takes_fewer_scales = is_asked || (has_few_bits(storage) && is_faster_in_super_blocks(storage));
  if (storage->block_elements == kSuperBlock && takes_fewer_scales) return is_felt ? "q8_256x2" : "q8_256";
  return is_felt ? "q8_32x2" : "q8_32";
}

}  // namespace

ActivationPolicy activation_policy_named(std::string_view name) {
  if (name == "f32") return ActivationPolicy::f32;
  if (name == "q8_32") return ActivationPolicy::q8_32;
  if (name == "q8_256") return ActivationPolicy::q8_256;
  if (name == "auto") return ActivationPolicy::automatic;
  fail(ErrorCode::bad_input, "there is no activation policy '{}'; known are f32, q8_32, q8_256, auto", name);
}

bool choose_activation_quantization(const PassContext& context) {
  bool changed = false;
  const auto felt_most = values_felt_most(context);
  for (graph::Node& node : context.graph.nodes) {
    if (node.op != &ops::linear && node.op != &ops::expert_linear) continue;
    const auto choice = choice_for(context, node, felt_most);
    if (choice.empty() || choice == graph::string_attribute_or(node, kAttribute, "")) continue;
    node.attributes.insert_or_assign(std::string(kAttribute), std::string(choice));
    changed = true;
  }
  return changed;
}

}  // namespace adze::passes
