#pragma once

#include "architectures/architecture.h"

namespace adze::architectures {

/// DeepSeek V2, V3 and R1: latent attention, many small experts beside some that all rows use.
extern const Architecture deepseek2;

}  // namespace adze::architectures
