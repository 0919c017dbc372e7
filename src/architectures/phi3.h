#pragma once

#include "architectures/architecture.h"

namespace adze::architectures {

/// Phi-3, 3.5 and Phi-4-mini: fused projections, long and short rotary factors.
extern const Architecture phi3;

}  // namespace adze::architectures
