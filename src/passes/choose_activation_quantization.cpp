#include "passes/choose_activation_quantization.h"

#include "base/error.h"
#include "ops/linear/linear.h"

namespace adze::passes {
namespace {

constexpr std::string_view kAttribute = "activation";

// Empty: leave the node as it is.
std::string_view choice_for(const PassContext& context, const graph::Node& node) {
  if (context.options.activation == ActivationPolicy::f32) return "f32";
  if (context.options.activation == ActivationPolicy::q8_32) return "q8_32";
  const StorageType storage = context.weight_storage(node.inputs[1]);
  if (!storage) return "";
  return storage->is_plain() ? "f32" : "q8_32";
}

}  // namespace

ActivationPolicy activation_policy_named(std::string_view name) {
  if (name == "f32") return ActivationPolicy::f32;
  if (name == "q8_32") return ActivationPolicy::q8_32;
  if (name == "auto") return ActivationPolicy::automatic;
  fail(ErrorCode::bad_input, "there is no activation policy '{}'; known are f32, q8_32, auto", name);
}

bool choose_activation_quantization(const PassContext& context) {
  bool changed = false;
  for (graph::Node& node : context.graph.nodes) {
    if (node.op != &ops::linear) continue;
    const auto choice = choice_for(context, node);
    if (choice.empty() || choice == graph::string_attribute_or(node, kAttribute, "")) continue;
    node.attributes.insert_or_assign(std::string(kAttribute), std::string(choice));
    changed = true;
  }
  return changed;
}

}  // namespace adze::passes
