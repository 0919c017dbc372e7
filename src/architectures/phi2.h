#pragma once

#include "architectures/architecture.h"

namespace adze::architectures {

/// Phi-1.5 and Phi-2: attention and feed-forward read the same normalized x.
extern const Architecture phi2;

}  // namespace adze::architectures
