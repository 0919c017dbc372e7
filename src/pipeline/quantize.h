// From a model with weights in floating point to one with fewer bits per weight.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/progress.h"
#include "formats/gguf/write_gguf.h"
#include "pipeline/memory_plan.h"
#include "pipeline/tensor_outcome.h"
#include "quantize/recipe.h"
#include "transforms/transform.h"

namespace adze::pipeline {

struct QuantizeRequest {
  std::string source = {};                      // any format
  std::string target = {};                      // a file or folder of a format with packed types
  std::string format = {};                      // name in the table of formats; empty: by the target's name
  std::string type = {};                        // name of a mix: "Q4_K_M"
  std::optional<quantize::Recipe> recipe = {};  // instead of type
  std::string quantizer = {};                   // empty: the recipe's, else "nearest", or "importance" with statistics
  std::vector<std::string> transforms = {};     // by name, in their order; empty: the recipe's
  std::vector<std::string> settings = {};       // of parameters: "damping=0.02", of a transform "rotate.seed=7"
  std::string statistics = {};                  // file of activation statistics; empty: none
  quantize::TypeOverrides overrides = {};
  bool allow_requantize = false;    // take a source that is quantized already; its errors add up
  bool without_importance = false;  // write types of very few bits although the importance of columns is not known
  bool allow_mismatch = false;      // take a source whose tokenizer is not what its conformance kit says
  bool keep_split = false;          // a source in several GGUF files gives as many, with the same tensors in each
  uint64_t max_shard_bytes = 0;     // a new file begins before this is passed; 0: one file
  bool dry_run = false;             // report what would be written; nothing is
  bool resume = false;              // go on with what a run of the same request that was stopped left beside target
  unsigned threads = 0;             // 0: one per processor; the bytes do not depend on it
  /// Gets the bytes of every file of GGUF, in order, instead of the disk; null: files are written.
  std::function<void(const std::string& path, std::span<const std::byte> bytes)> sink = nullptr;
  uint64_t max_memory_bytes = kDefaultMaxMemoryBytes;  // anonymous memory of the process; fewer threads where it asks
};

/// The name that was asked for, or the recipe's; empty: what chosen_quantizer() takes then.
std::string quantizer_name(const QuantizeRequest& request);

/// The transforms that were asked for, or the recipe's, with their settings; `others` are those of the quantizer.
/// Error(unsupported, bad_input) for unknown names and for settings of others.
std::vector<quantize::RecipeTransform> transforms_of(const QuantizeRequest& request, std::vector<std::string>& others);

struct QuantizeReport {
  std::string architecture = {};
  std::string type = {};
  std::string quantizer = {};
  std::vector<quantize::RecipeTransform> transforms = {};
  std::vector<transforms::Fold> folds = {};  // what transforms did and could not do
  std::vector<TensorOutcome> tensors = {};
  int64_t bytes_read = 0;  // of tensors
  int64_t bytes_written = 0;
  int64_t weights = 0;
  std::vector<formats::PlannedFile> files = {};  // written, or of GGUF that would be; the sizes are exact
  uint64_t memory_bytes = 0;                     // predicted anonymous memory while writing
  uint64_t least_memory_bytes = 0;               // the smallest limit that is possible
  unsigned threads = 0;                          // that fit into the limit
  size_t resumed_tensors = 0;                    // that an earlier run had completed
  double seconds = 0;

  double bits_per_weight() const;
};

/// A run that writes GGUF and is stopped on its way, by an error, cancelling, a kill or a loss of power, leaves
/// "<target>.partial" and
/// "<target>.journal" once a tensor is complete, with which `resume` goes on to the same bytes; an old target stays as
/// it is until the new one is complete.
/// Throws Error: bad_input (a quantized source, among others), not_found, unsupported, io, out_of_memory, cancelled.
QuantizeReport quantize(const QuantizeRequest& request, Progress& progress = no_progress());

}  // namespace adze::pipeline
