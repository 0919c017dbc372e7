// What was trained beside a model instead of changing it: low-rank changes of weights (LoRA, DoRA) and whole tensors.
// Names and the order of rows are canonical, whatever format it was read from.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "model/model.h"

namespace adze::model {

/// W [out, in] becomes W + scale * B A. With a magnitude (DoRA), each row of that sum is then brought to the length
/// that the magnitude says. Of stacked experts [experts, out, in], each has its own pair.
struct LowRankChange {
  std::string weight =
      {};         // "blk.0.attn_q.weight"; "output.weight" is the head also where it shares the embedding's weight
  Tensor a = {};  // [rank, in] or [experts, rank, in]
  Tensor b = {};  // [out, rank] or [experts, out, rank]
  double scale = 1;
  std::optional<Tensor> magnitude = {};  // [out]

  /// REQUIRES: check_adapter() was passed.
  int64_t rank() const { return b.shape.row_length(); }
};

struct Adapter {
  std::string source;           // path it was read from, for messages
  std::string format;           // name in the table of adapter formats: "peft"
  std::string architecture;     // of the model that it belongs to
  std::string base_model = {};  // what its file calls that model; may be empty
  double dropout = 0;           // while it was trained: kept, without any effect here
  std::vector<LowRankChange> changes = {};
  /// Whole tensors in place of the model's: trained norms, biases, heads.
  std::vector<Tensor> replaced = {};
};

inline constexpr std::string_view kEmbeddingWeight = "token_embd.weight";
inline constexpr std::string_view kPositionWeight = "position_embd.weight";
inline constexpr std::string_view kOutputWeight = "output.weight";

/// The tensor that a change of `weight` is added to, or null: the embedding's for the head of a model that shares it.
const Tensor* adapted_tensor(const TensorList& tensors, std::string_view weight);

/// Throws Error(bad_input) naming the tensor unless every change and whole tensor fits `base`: name, sizes, ranks that
/// agree, finite scales, nothing twice.
void check_adapter(const Adapter& adapter, const Model& base);

}  // namespace adze::model
