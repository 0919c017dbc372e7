#pragma once

#include "architectures/architecture.h"

namespace adze::architectures {

/// Qwen 2 and 2.5: biases on queries, keys and values.
extern const Architecture qwen2;

}  // namespace adze::architectures
