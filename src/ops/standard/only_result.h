// What an op with one output returns.
#pragma once

#include <utility>

#include "ops/standard/host_value.h"

namespace adze::ops {

/// Without the copy that a list in braces makes.
inline HostValues only_result(HostTensor tensor) {
  HostValues results;
  results.emplace_back(std::move(tensor));
  return results;
}

}  // namespace adze::ops
