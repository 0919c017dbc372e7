// How mlx-lm calls the modules that hold weights, for each architecture: Hugging Face's names with a few differences.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "model/adapter.h"

namespace adze::adapters {

class MlxNames {
 public:
  explicit MlxNames(const model::Model& base);

  /// "blk.3.ffn_up.weight" -> "model.layers.3.mlp.up_proj.weight"; a stack of experts has one name. Empty: none.
  std::optional<std::string> to_mlx(std::string_view canonical) const;
  std::optional<std::string> to_canonical(std::string_view mlx) const;

 private:
  std::unordered_map<std::string, std::string> canonical_;  // by mlx-lm's name
  std::unordered_map<std::string, std::string> mlx_;        // by canonical name
};

}  // namespace adze::adapters
