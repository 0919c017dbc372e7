#pragma once

#include "architectures/architecture.h"

namespace adze::architectures {

/// Mamba 2 (Dao and Gu 2024): no attention; each layer keeps a state of fixed size.
extern const Architecture mamba2;

}  // namespace adze::architectures
