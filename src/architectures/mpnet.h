#pragma once

#include "architectures/architecture.h"

namespace adze::architectures {

extern const Architecture mpnet;

}  // namespace adze::architectures
