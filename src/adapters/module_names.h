// What the modules of a loaded model are called, as adapters name them: as its weights, with the prefix that
// checkpoints may lack.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "formats/hf/weight_names.h"
#include "model/model.h"

namespace adze::adapters {

class ModuleNames {
 public:
  explicit ModuleNames(const model::Model& base);

  /// The name of a weight: "blk.0.attn_q.weight" -> "model.layers.0.self_attn.q_proj.weight". Empty: none.
  std::optional<formats::MappedWeight> find(std::string_view canonical) const;

 private:
  formats::WeightNames names_;
  formats::WeightNames canonical_;
  std::string prefix_;  // "transformer.", or empty
};

}  // namespace adze::adapters
