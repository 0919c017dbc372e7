#include "pipeline/transform_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "architectures/architecture.h"
#include "base/error.h"

namespace adze::pipeline {
namespace {

using transforms::Fold;
using transforms::Transform;
using transforms::TransformedModel;

graph::Graph graph_of(const model::Model& model) {
  if (model.architecture.empty()) {
    fail(ErrorCode::unsupported,
         "{}: transforms need to know what is computed, and these tensors come without an architecture", model.source);
  }
  return architectures::architecture_named(model.architecture).build(model);
}

void require_what_it_needs(const Transform& transform, const TransformedModel& model, const TransformRequest& request) {
  if (transform.needs_types && !request.types) {
    fail(ErrorCode::unsupported,
         "the transform \"{}\" depends on the types that tensors will be stored in: use it with `adze quantize`",
         transform.name);
  }
  if (transform.needs_statistics && model.statistics().inputs.empty()) {
    fail(ErrorCode::bad_input,
         "the transform \"{}\" needs activation statistics: make them with `adze calibrate` and give them with "
         "--imatrix",
         transform.name);
  }
}

[[noreturn]] void fail_nothing_folded(const Transform& transform, const TransformedModel& model, size_t first_fold) {
  std::vector<std::string> reasons;
  for (size_t i = first_fold; i < model.folds().size() && reasons.size() < 3; ++i) {
    reasons.push_back(fmt::format("{}: {}", model.folds()[i].what, model.folds()[i].detail));
  }
  fail(ErrorCode::unsupported, "{}: the transform \"{}\" can change nothing here{}{}", model.model().source,
       transform.name, reasons.empty() ? "" : ": ", fmt::join(reasons, "; "));
}

}  // namespace

std::vector<std::string> take_transform_settings(const std::vector<std::string>& settings,
                                                 std::vector<quantize::RecipeTransform>& transforms) {
  for (const auto& transform : transforms) {
    if (std::ranges::count(transforms, transform.name, &quantize::RecipeTransform::name) > 1) {
      fail(ErrorCode::bad_input, "the transform \"{}\" is there twice", transform.name);
    }
  }
  std::vector<std::string> others;
  for (const auto& setting : settings) {
    const size_t dot = setting.substr(0, setting.find('=')).find('.');
    if (dot == std::string::npos) {
      others.push_back(setting);
      continue;
    }
    const std::string name = setting.substr(0, dot);
    const auto found = std::ranges::find(transforms, name, &quantize::RecipeTransform::name);
    if (found == transforms.end()) fail(ErrorCode::bad_input, "'{}' is set, but not --transform {}", setting, name);
    found->settings.push_back(setting.substr(dot + 1));
  }
  return others;
}

TransformedModel transform_model(model::Model model, model::ActivationStatistics statistics,
                                 const TransformRequest& request, ThreadPool& pool, Progress& progress) {
  TransformedModel result(std::move(model), std::move(statistics));
  for (const auto& step : request.transforms) {
    const Transform& transform = transforms::transform_named(step.name);
    require_what_it_needs(transform, result, request);
    const auto settings =
        with_context(step.name, [&] { return quantize::Settings(transform.parameters, step.settings); });
    const auto graph = graph_of(result.model());
    const auto types = transform.needs_types ? request.types(result) : std::map<std::string, StorageType>();
    const size_t first_fold = result.folds().size();
    transform.apply(result, {graph, settings, types, *request.quantizer, pool, progress, request.is_dry_run});
    if (!result.did_anything_since(first_fold)) fail_nothing_folded(transform, result, first_fold);
    result.finish();
  }
  if (!request.transforms.empty()) graph_of(result.model());  // what was added is known to the architecture
  return result;
}

void describe_transformed(const TransformedModel& model, std::vector<TensorOutcome>& outcomes) {
  for (auto& outcome : outcomes) {
    if (!model.is_changed(outcome.name)) continue;
    outcome.from = model.original_storage(outcome.name);
    outcome.fidelity = std::max(outcome.fidelity, Fidelity::transformed);
    outcome.reason += outcome.reason.empty() ? "transformed" : "; transformed";
  }
}

std::string text_of(const std::vector<quantize::RecipeTransform>& transforms) {
  std::vector<std::string> words;
  for (const auto& transform : transforms) {
    words.push_back(fmt::format("{}{}{}", transform.name, transform.settings.empty() ? "" : " ",
                                fmt::join(transform.settings, " ")));
  }
  return fmt::format("{}", fmt::join(words, ", "));
}

void record_transforms(const std::vector<quantize::RecipeTransform>& transforms, model::Model& model) {
  if (transforms.empty()) return;
  const auto before = model.other.find_string(kTransformsKey);
  model.other.set(kTransformsKey, before ? *before + ", " + text_of(transforms) : text_of(transforms));
}

}  // namespace adze::pipeline
