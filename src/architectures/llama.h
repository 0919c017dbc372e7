#pragma once

#include "architectures/architecture.h"

namespace adze::architectures {

/// Llama (Touvron et al. 2023) and what shares its shape, such as Mistral and SmolLM2.
extern const Architecture llama;

}  // namespace adze::architectures
