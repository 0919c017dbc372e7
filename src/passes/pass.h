// A pass makes a Graph better without changing what it computes, beyond what its options allow. all_passes.cpp is the
// table; run_passes gives every pass its switch, timer, verification and dump.
#pragma once

#include <functional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "graph/graph.h"
#include "tensor/codec_info.h"

namespace adze::model {
class TensorList;
}

namespace adze::passes {

/// In what precision `linear` multiplies activations.
enum class ActivationPolicy {
  f32,
  q8_32,
  automatic,  // f32 where the weight is not quantized, q8_256 where it has fewer than 3 bits a number (and no
              // codebook), else q8_32; twice as many planes for keys, values and results of the graph
  q8_256,     // as automatic, but q8_256 wherever the weight has super-blocks of 256 numbers: faster, and less exact
};

/// "f32", "q8_32", "q8_256" or "auto"; Error(bad_input) that lists them.
ActivationPolicy activation_policy_named(std::string_view name);

struct PassReport {
  std::string_view pass;
  bool changed = false;
  double seconds = 0;
  size_t nodes_before = 0;  // sub-graphs included
  size_t nodes_after = 0;
};

struct PassOptions {
  std::set<std::string, std::less<>> disabled;
  bool verify_after_each = true;
  /// Called after each pass, for timing tables and for dumps (graph::to_text) on change.
  std::function<void(const PassReport&, const graph::Graph&)> after_pass;

  ActivationPolicy activation = ActivationPolicy::automatic;
  /// The storage of a weight by name, null when unknown. Asked only where the graph does not say.
  std::function<StorageType(std::string_view)> storage_of_weight;
  /// The tensors behind the graph's weights, for passes that compute with numbers; they add what they make. Null: only
  /// constants that stand in the graph are known.
  model::TensorList* weights = nullptr;
};

/// One graph at a time; the runner visits sub-graphs before the graph that contains them.
struct PassContext {
  graph::Graph& graph;
  const PassOptions& options;
  const PassContext* enclosing = nullptr;  // of the graph that contains this one

  /// The storage of a weight or of a captured weight; null when unknown.
  StorageType weight_storage(graph::ValueId id) const;
};

struct Pass {
  std::string_view name;
  std::string_view summary;  // one line for `adze list passes`
  /// Returns whether the graph changed. The graph is valid before and after.
  bool (*apply)(const PassContext& context);
};

std::span<const Pass> all_passes();
/// What a graph goes through before it is planned, in order.
std::span<const std::string_view> default_pipeline();
/// The same for a graph over standard ops, as graph formats give it.
std::span<const std::string_view> standard_pipeline();
/// What follows where the graph is run here: layouts that our kernels like, in ops that few others have.
std::span<const std::string_view> layout_pipeline();

/// Runs the named passes in order, without the disabled ones. Error(bad_input) for a name that is not in the table,
/// Error(internal) when a pass leaves a graph that does not verify.
std::vector<PassReport> run_passes(graph::Graph& graph, std::span<const std::string_view> names,
                                   const PassOptions& options);
/// The default pipeline.
std::vector<PassReport> run_passes(graph::Graph& graph, const PassOptions& options);

}  // namespace adze::passes
