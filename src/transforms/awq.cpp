// AWQ: columns of a matrix whose inputs are large are multiplied by a factor before they are rounded, so that rounding
// errs less there; the inputs are divided by it where they come from. That is the factors of a norm, the rows of the
// matrix that made the values of attention, or those of the matrix that a gate multiplies.
//
// J. Lin et al., "AWQ: activation-aware weight quantization for LLM compression and acceleration", 2023. Here errors
// are those of the storage type that each tensor really gets, and with Hessians those of the products: tr(dW H dW^T).
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

#include "base/error.h"
#include "codecs/codec.h"
#include "transforms/changed_statistics.h"
#include "transforms/changed_tensor.h"
#include "transforms/clip_search.h"
#include "transforms/model_structure.h"
#include "transforms/scale_search.h"
#include "transforms/transform.h"

namespace adze::transforms {
namespace {

constexpr std::string_view kSwitch[] = {"off", "on"};
constexpr std::string_view kSteps[] = {"8", "16", "32", "64"};

constexpr quantize::Parameter kParameters[] = {
    {.name = "steps", .meaning = "exponents that are tried between 0 and 1", .initial = 1, .choices = kSteps},
    {.name = "rows",
     .meaning = "rows of each matrix, evenly spread, whose errors are compared",
     .initial = 64,
     .minimum = 1,
     .maximum = 1 << 20,
     .is_integer = true},
    {.name = "weights",
     .meaning = "also divide by the mean size of the weights in a column",
     .initial = 0,
     .choices = kSwitch},
    {.name = "clip",
     .meaning = "smallest share of its largest number that a block may be clipped to; 1: none is",
     .initial = 1,
     .minimum = 0.05},
};

/// Matrices that read the same inputs, and where those inputs can be divided by factors.
struct ScaleFold {
  std::vector<std::string> readers;
  std::string vector = {};                     // factors of a norm, or else
  LinearWeights matrix = {};                   // whose rows make the inputs
  std::vector<int32_t> factor_of_column = {};  // empty: each column has its own

  const std::string& producer() const { return vector.empty() ? matrix.weight : vector; }
  std::string what() const { return fmt::format("{} -> {}", producer(), fmt::join(readers, ", ")); }
};

// Several heads of queries read one head of values.
std::vector<int32_t> factors_of_heads(const ValuePath& path) {
  std::vector<int32_t> factors;
  for (int64_t head = 0; head < path.query_heads; ++head) {
    const int64_t key_head = head / (path.query_heads / path.key_heads);
    for (int64_t i = 0; i < path.head_dim; ++i) factors.push_back(static_cast<int32_t>(key_head * path.head_dim + i));
  }
  return factors;
}

std::vector<ScaleFold> folds_of(const ModelStructure& structure) {
  std::vector<ScaleFold> folds;
  for (const auto& norm : structure.norms) folds.push_back({.readers = norm.readers, .vector = norm.norm});
  for (const auto& path : structure.values) {
    folds.push_back({.readers = {path.output}, .matrix = path.values, .factor_of_column = factors_of_heads(path)});
  }
  for (const auto& path : structure.gated) folds.push_back({.readers = {path.down}, .matrix = path.up});
  return folds;
}

class Scaling {
 public:
  Scaling(TransformedModel& model, const TransformContext& context)
      : model_(model), context_(context), structure_(find_structure(context.graph)) {}

  void run() {
    for (const auto* refusals : {&structure_.norm_refusals, &structure_.value_refusals, &structure_.gate_refusals}) {
      for (const auto& refusal : *refusals) note({.what = refusal.substr(0, refusal.find(':')), .detail = refusal});
    }
    const auto folds = folds_of(structure_);
    size_t done = 0;
    for (const auto& fold : folds) {
      throw_if_cancelled(context_.progress);
      context_.progress.update("searching scales", done++, folds.size());
      const std::string reason = reason_to_refuse(fold);
      if (reason.empty()) {
        scale(fold);
      } else {
        note({.what = fold.what(), .detail = reason});
      }
    }
    if (context_.settings.number("clip") < 1) clip();
  }

 private:
  void note(Fold fold) {
    fold.transform = "awq";
    model_.note(std::move(fold));
  }

  bool is_shared(const std::string& weight) const { return !weight.empty() && structure_.uses.at(weight) > 1; }

  bool is_packed(const std::string& weight) const {
    const auto type = context_.types.find(weight);
    return type != context_.types.end() && !type->second->is_plain();
  }

  std::string reason_to_refuse(const ScaleFold& fold) const {
    for (const auto& reader : fold.readers) {
      if (is_shared(reader)) return fmt::format("'{}' is used in several places", reader);
    }
    for (const auto& weight : {fold.vector, fold.matrix.weight, fold.matrix.bias}) {
      if (is_shared(weight)) return fmt::format("'{}' is used in several places", weight);
    }
    if (!std::ranges::any_of(fold.readers, [&](const auto& reader) { return is_packed(reader); })) {
      return "nothing that reads it is quantized";
    }
    if (!model_.statistics().find(fold.readers.front())) return "no statistics of its inputs";
    return {};
  }

  void scale(const ScaleFold& fold) {
    const auto& inputs = *model_.statistics().find(fold.readers.front());
    ScaleProblem problem{.readers = {}, .inputs = inputs, .factor_of_column = fold.factor_of_column, .factors = 0};
    if (problem.factor_of_column.empty()) {
      problem.factor_of_column.resize(static_cast<size_t>(inputs.columns));
      std::iota(problem.factor_of_column.begin(), problem.factor_of_column.end(), 0);
    }
    problem.factors = 1 + *std::ranges::max_element(problem.factor_of_column);
    for (const auto& reader : fold.readers) {
      if (is_packed(reader))
        problem.readers.push_back({model_.tensor(reader), &codecs::codec_of(context_.types.at(reader))});
    }
    const auto choice = choose(problem, fold);
    if (choice.is_better()) apply(fold, problem, choice.factors);
    note({.what = fold.what(),
          .done = choice.is_better() || context_.is_dry_run,
          .detail = context_.is_dry_run  ? "scales would be searched"
                    : choice.is_better() ? fmt::format("inputs to the power of {}", choice.exponent)
                                         : "no factors were better than none",
          .error_before = choice.error_before,
          .error_after = choice.error_after});
  }

  ScaleChoice choose(const ScaleProblem& problem, const ScaleFold& fold) const {
    if (context_.is_dry_run) return {};
    const ScaleSearchOptions options{.quantizer = judge(),
                                     .steps = 8 << context_.settings.integer("steps"),
                                     .rows = context_.settings.integer("rows"),
                                     .divide_by_weights = context_.settings.integer("weights") != 0,
                                     .pool = context_.pool};
    return with_context(fold.what(), [&] { return search_scales(problem, options); });
  }

  // Quantizers that make up for errors are judged by the one that they build on.
  const quantize::Quantizer& judge() const {
    return context_.quantizer.prepare ? quantize::importance : context_.quantizer;
  }

  void clip() {
    const double share = context_.settings.number("clip");
    int64_t clipped = 0;
    for (const auto& [weight, inputs] : model_.statistics().inputs) {
      if (!is_packed(weight)) continue;
      const auto& codec = codecs::codec_of(context_.types.at(weight));
      model_.replace(with_clipped_blocks(model_.tensor(weight), {&codec, &judge(), inputs, share}));
      ++clipped;
    }
    note({.what = "blocks",
          .done = clipped > 0,
          .detail = fmt::format("of {} weights clipped to {} or more", clipped, share)});
  }

  void apply(const ScaleFold& fold, const ScaleProblem& problem, const std::vector<float>& factors) {
    auto inverse = std::make_shared<std::vector<float>>();
    for (const float factor : factors) inverse->push_back(1 / factor);
    divide_producer(fold, inverse);

    auto by_column = std::make_shared<std::vector<float>>(), inverse_by_column = std::make_shared<std::vector<float>>();
    for (const int32_t factor : problem.factor_of_column) {
      by_column->push_back(factors[static_cast<size_t>(factor)]);
      inverse_by_column->push_back((*inverse)[static_cast<size_t>(factor)]);
    }
    StatisticsChange change({inverse_by_column, nullptr});
    for (const auto& reader : fold.readers) {
      model_.replace(with_columns_scaled(model_.tensor(reader), by_column));
      const auto known = model_.statistics().inputs.find(reader);
      if (known != model_.statistics().inputs.end()) change.apply(known->second, reader);
    }
  }

  void divide_producer(const ScaleFold& fold, const Factors& inverse) {
    if (!fold.vector.empty()) return model_.replace(with_columns_scaled(model_.tensor(fold.vector), inverse));
    model_.replace(with_rows_scaled(model_.tensor(fold.matrix.weight), inverse));
    if (!fold.matrix.bias.empty()) model_.replace(with_columns_scaled(model_.tensor(fold.matrix.bias), inverse));
  }

  TransformedModel& model_;
  const TransformContext& context_;
  const ModelStructure structure_;
};

void apply_awq(TransformedModel& model, const TransformContext& context) { Scaling(model, context).run(); }

}  // namespace

constinit const Transform awq{
    .name = "awq",
    .summary = "columns with large inputs get factors before rounding, folded into what makes the inputs",
    .parameters = kParameters,
    .needs_statistics = true,
    .needs_types = true,
    .apply = apply_awq};

}  // namespace adze::transforms
