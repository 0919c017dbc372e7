#pragma once

#include "architectures/architecture.h"

namespace adze::architectures {

/// OLMo 2: norms behind the blocks and over whole queries and keys, none before.
extern const Architecture olmo2;

}  // namespace adze::architectures
