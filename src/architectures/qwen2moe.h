#pragma once

#include "architectures/architecture.h"

namespace adze::architectures {

/// Qwen 1.5 and 2 with experts, and one that all rows share behind a gate.
extern const Architecture qwen2moe;

}  // namespace adze::architectures
