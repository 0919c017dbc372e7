#include "runtime/loaded_model.h"

#include <algorithm>
#include <iterator>

#include "architectures/architecture.h"
#include "base/error.h"
#include "runtime/choosable_adapters.h"
#include "runtime/kernel_types.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::runtime {
namespace {

constexpr const char* kNoArchitecture =
    "holds tensors, but no model of texts; where it has a graph of its own, `adze run MODEL --input NAME=FILE` "
    "computes it";

graph::Graph build_graph(const model::Model& model) {
  return with_context(model.source, [&] {
    if (model.architecture.empty()) fail(ErrorCode::unsupported, kNoArchitecture);
    return architectures::architecture_named(model.architecture).build(model);
  });
}

std::vector<AppliedAdapter> always_applied(std::span<const AppliedAdapter> adapters) {
  std::vector<AppliedAdapter> applied;
  std::ranges::remove_copy_if(adapters, std::back_inserter(applied), &AppliedAdapter::is_choice);
  return applied;
}

std::vector<std::shared_ptr<const model::Adapter>> choices(std::span<const AppliedAdapter> adapters) {
  std::vector<std::shared_ptr<const model::Adapter>> list;
  for (const AppliedAdapter& each : adapters) {
    if (!each.is_choice) continue;
    require_choosable(*each.adapter);
    list.push_back(each.adapter);
  }
  return list;
}

model::Model with_whole_tensors(model::Model model, std::span<const AppliedAdapter> adapters) {
  replace_tensors(model, always_applied(adapters));
  return model;
}

}  // namespace

LoadedModel::LoadedModel(model::Model model, passes::ActivationPolicy policy, WeightMemory memory,
                         std::span<const std::string_view> pass_names, std::span<const AppliedAdapter> adapters)
    : model_(with_kernel_types(with_whole_tensors(std::move(model), adapters))),
      graph_(build_graph(model_)),
      weights_(model_, memory) {
  passes::PassOptions options;
  options.verify_after_each = false;  // the builder's graph was checked node by node, and the passes have their tests
  options.activation = policy;
  options.storage_of_weight = [this](std::string_view name) { return weights_.storage_of(name); };
  passes::run_passes(graph_, pass_names, options);
  // Behind the passes: their products are of floats whatever the policy.
  apply_adapters(graph_, model_, always_applied(adapters));
  const auto chosen = choices(adapters);
  add_choosable_adapters(graph_, model_, chosen);
  choosable_adapters_ = std::ssize(chosen);
}

LoadedModel::~LoadedModel() = default;

const text::Tokenizer& LoadedModel::tokenizer() const {
  if (!tokenizer_) {
    if (!model_.tokenizer) fail(ErrorCode::bad_input, "{}: the model has no tokenizer", model_.source);
    tokenizer_ = std::make_unique<text::Tokenizer>(model_.tokenizer);
  }
  return *tokenizer_;
}

int64_t LoadedModel::trained_context() const { return model_.config.find_int("context_length").value_or(2048); }

int64_t LoadedModel::vocabulary() const { return graph_.value(graph_.outputs.front()).type.dims.back().constant(); }

}  // namespace adze::runtime
