#pragma once

#include "architectures/architecture.h"

namespace adze::architectures {

/// GPT-NeoX and Pythia (Black et al. 2022).
extern const Architecture gptneox;

}  // namespace adze::architectures
