// Drawing one of the candidates.
#pragma once

#include "runtime/samplers/candidates.h"
#include "runtime/samplers/random.h"

namespace adze::runtime {

/// Takes one random number. REQUIRES: some token is not forbidden.
Candidate draw_from(Candidates& candidates, Random& random);

}  // namespace adze::runtime
