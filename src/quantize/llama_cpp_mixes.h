// Facts about llama.cpp that the rules of every mix share.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "codecs/codec.h"
#include "quantize/mix.h"

namespace adze::quantize {

/// Its output matrix is Q8_0 in every mix, and it has rules of its own.
extern const std::string_view kMultiQueryArchitecture;

/// Its attention has stacked matrices too, which are no experts.
extern const std::string_view kStackedAttentionArchitecture;

/// Models whose attention_v is small for its weight: Q4_K becomes Q5_K there.
struct SharedValueHeads {
  std::string_view architecture;
  int64_t layer_count;
  bool only_if_heads_are_grouped;
};
std::span<const SharedValueHeads> models_with_shared_value_heads();

/// Tensors of one architecture that are Q8_0 at least.
struct PreciseTensors {
  std::string_view architecture;
  std::string_view name_part;
};
std::span<const PreciseTensors> tensors_kept_precise();

/// What a row that does not divide into the codec's blocks is stored as.
struct BlockFallback {
  const codecs::Codec* codec;
  const codecs::Codec* smaller_block;
};
std::span<const BlockFallback> block_fallbacks();

}  // namespace adze::quantize
