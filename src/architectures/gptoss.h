#pragma once

#include "architectures/architecture.h"

namespace adze::architectures {

/// gpt-oss: attention with sinks and a window in every other layer, biases everywhere, experts behind a clamped gate.
extern const Architecture gptoss;

}  // namespace adze::architectures
