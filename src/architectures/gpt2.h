#pragma once

#include "architectures/architecture.h"

namespace adze::architectures {

/// GPT-2 (Radford et al. 2019): positions from a table.
extern const Architecture gpt2;

}  // namespace adze::architectures
