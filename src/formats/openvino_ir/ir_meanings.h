// Types of layers and how they become standard ops. The table is ir_meanings.cpp, its functions lie by family.
#pragma once

#include <span>
#include <string_view>

#include "formats/openvino_ir/ir_step.h"

namespace adze::formats {

struct IrMeaning {
  std::string_view type;      // "Convolution"
  std::string_view standard;  // the op that it is, where one function serves several types
  void (*put)(IrStep& step, std::string_view standard);
};

/// Sorted by type.
std::span<const IrMeaning> ir_meanings();

/// Null when unknown.
const IrMeaning* find_ir_meaning(std::string_view type);

}  // namespace adze::formats
