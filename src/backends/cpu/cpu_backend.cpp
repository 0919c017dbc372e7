#include "backends/cpu/cpu_backend.h"

#include <fmt/core.h>

#include "base/cpu_features.h"

namespace adze::backends {
namespace {

bool describe_cpu(std::string& description) {
  description = fmt::format("{}, {} usable processors, kernels up to {}", cpu_features().model_name,
                            available_processors(), isa_name(active_isa()));
  return true;
}

}  // namespace

const Backend cpu_backend{"cpu", "the host processor, with kernels per instruction set", describe_cpu};

}  // namespace adze::backends
