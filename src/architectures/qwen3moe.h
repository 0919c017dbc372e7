#pragma once

#include "architectures/architecture.h"

namespace adze::architectures {

/// Qwen 3 with experts whose weights sum up to 1.
extern const Architecture qwen3moe;

}  // namespace adze::architectures
