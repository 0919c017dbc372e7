#pragma once

#include "architectures/architecture.h"

namespace adze::architectures {

/// Granite 3: factors on embeddings, residuals, attention and logits.
extern const Architecture granite;

}  // namespace adze::architectures
