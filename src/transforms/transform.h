// Model -> another model that computes the same function and is easier to quantize. Nothing new is asked of whoever
// runs it: factors and rotations move from one weight into another.
//
// A transform finds its places in the graph, not by names; where a fold is not exact it is refused, with the reason.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/progress.h"
#include "base/thread_pool.h"
#include "graph/graph.h"
#include "model/activation_statistics.h"
#include "model/model.h"
#include "quantize/quantizer.h"

namespace adze::transforms {

/// One thing that a transform did or could not do.
struct Fold {
  std::string transform = {};  // its name
  std::string what = {};       // "blk.0.attn_norm.weight -> blk.0.attn_q.weight, …"
  bool done = false;
  std::string detail = {};  // how, or why not
  double error_before = 0;  // of the products, as share of their size; 0: not measured
  double error_after = 0;
};

/// A model on its way, with what is known about the inputs of its weights. Both always fit each other.
class TransformedModel {
 public:
  TransformedModel(model::Model model, model::ActivationStatistics statistics)
      : model_(std::move(model)), statistics_(std::move(statistics)) {}

  const model::Model& model() const { return model_; }
  const model::ActivationStatistics& statistics() const { return statistics_; }
  model::ActivationStatistics& statistics() { return statistics_; }

  /// As it is now.
  const model::Tensor& tensor(const std::string& name) const;
  /// REQUIRES: the model has a tensor of that name.
  void replace(model::Tensor tensor);
  /// A new tensor, to be stored as `like` was. Error(bad_input) where the name is taken.
  void add(model::Tensor tensor, const std::string& like);

  /// How the tensor was stored before anything changed its values.
  StorageType original_storage(const std::string& name) const;
  bool is_changed(const std::string& name) const { return original_storage_.contains(name); }

  void note(Fold fold) { folds_.push_back(std::move(fold)); }
  const std::vector<Fold>& folds() const { return folds_; }
  bool did_anything_since(size_t first_fold) const;

  /// Anonymous memory that reading a tensor may hold beside the rows that are asked for.
  void need_memory(int64_t bytes) { most_held_bytes_ = std::max(most_held_bytes_, bytes); }
  int64_t most_held_bytes() const { return most_held_bytes_; }

  /// Puts what was replaced into the model's list of tensors.
  void finish();

 private:
  model::Model model_;
  model::ActivationStatistics statistics_;
  std::map<std::string, model::Tensor> changes_;
  std::map<std::string, StorageType> original_storage_;
  std::vector<Fold> folds_;
  int64_t most_held_bytes_ = 0;
};

/// What a transform may know and use.
struct TransformContext {
  const graph::Graph& graph;  // of the model as it is
  const quantize::Settings& settings;
  const std::map<std::string, StorageType>& types;  // that tensors will get; empty: they are not known
  const quantize::Quantizer& quantizer;             // that will pack them
  ThreadPool& pool;
  Progress& progress;
  bool is_dry_run = false;  // values do not matter, shapes do
};

struct Transform {
  std::string_view name;     // "rotate"
  std::string_view summary;  // one line for `adze list transforms`
  std::span<const quantize::Parameter> parameters;
  bool needs_statistics = false;
  bool needs_types = false;  // that tensors will be stored in

  /// Throws Error(unsupported) where nothing at all can be folded.
  void (*apply)(TransformedModel& model, const TransformContext& context);
};

/// Every transform, in the order in which they are best applied.
std::span<const Transform* const> all_transforms();

/// By name; throws Error(unsupported) that lists the known names.
const Transform& transform_named(std::string_view name);

extern const Transform rotate, awq;

}  // namespace adze::transforms
