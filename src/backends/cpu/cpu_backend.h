#pragma once

#include "backends/backend.h"

namespace adze::backends {

extern const Backend cpu_backend;

}  // namespace adze::backends
