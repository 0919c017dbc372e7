#pragma once

#include "architectures/architecture.h"

namespace adze::architectures {

/// Falcon 7B and 40B: parallel blocks; the larger has a norm for each.
extern const Architecture falcon;

}  // namespace adze::architectures
