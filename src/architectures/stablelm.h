#pragma once

#include "architectures/architecture.h"

namespace adze::architectures {

/// StableLM 3B, 2 1.6B and 12B: layer norms, partly rotated heads, the large one parallel.
extern const Architecture stablelm;

}  // namespace adze::architectures
