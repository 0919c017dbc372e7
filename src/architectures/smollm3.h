#pragma once

#include "architectures/architecture.h"

namespace adze::architectures {

/// SmolLM3: every fourth layer does not rotate.
extern const Architecture smollm3;

}  // namespace adze::architectures
