#pragma once

#include "architectures/architecture.h"

namespace adze::architectures {

/// StarCoder 2: layer norms, biases everywhere, a plain feed-forward block.
extern const Architecture starcoder2;

}  // namespace adze::architectures
