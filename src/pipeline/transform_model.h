// A model as transforms leave it, before it is converted or quantized.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "pipeline/tensor_outcome.h"
#include "quantize/recipe.h"
#include "transforms/transform.h"

namespace adze::pipeline {

/// The key of a model's file that names its transforms: "rotate seed=7, awq".
inline constexpr const char* kTransformsKey = "adze.transforms";

/// "rotate.seed=7" is a setting of the transform "rotate"; the others come back. Error(bad_input) where no such
/// transform is in `transforms`, or one is there twice.
std::vector<std::string> take_transform_settings(const std::vector<std::string>& settings,
                                                 std::vector<quantize::RecipeTransform>& transforms);

struct TransformRequest {
  std::vector<quantize::RecipeTransform> transforms = {};
  const quantize::Quantizer* quantizer = &quantize::nearest;
  /// The types that the tensors of a model will get, by name; null: not known.
  std::function<std::map<std::string, StorageType>(const transforms::TransformedModel&)> types = nullptr;
  bool is_dry_run = false;
};

/// Applies the transforms in their order. Throws Error: unsupported (an architecture that is not known, a transform
/// that can fold nothing), bad_input (missing statistics, unknown names and settings), cancelled.
transforms::TransformedModel transform_model(model::Model model, model::ActivationStatistics statistics,
                                             const TransformRequest& request, ThreadPool& pool, Progress& progress);

/// Marks what became of tensors with other values: where they came from, and that they are no copies.
void describe_transformed(const transforms::TransformedModel& model, std::vector<TensorOutcome>& outcomes);

/// "rotate seed=7, awq"; empty for none.
std::string text_of(const std::vector<quantize::RecipeTransform>& transforms);

/// Adds them to what kTransformsKey says already.
void record_transforms(const std::vector<quantize::RecipeTransform>& transforms, model::Model& model);

}  // namespace adze::pipeline
