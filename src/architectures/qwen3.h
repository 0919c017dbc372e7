#pragma once

#include "architectures/architecture.h"

namespace adze::architectures {

/// Qwen 3: queries and keys are normalized per head.
extern const Architecture qwen3;

}  // namespace adze::architectures
