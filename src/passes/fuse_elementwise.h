#pragma once

#include "passes/pass.h"

namespace adze::passes {

/// Functions of single floats that only serve one another become one node: what is between them stays in the cache.
bool fuse_elementwise(const PassContext& context);

}  // namespace adze::passes
