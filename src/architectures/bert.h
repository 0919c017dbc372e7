#pragma once

#include "architectures/architecture.h"

namespace adze::architectures {

extern const Architecture bert;

}  // namespace adze::architectures
