#include "backends/backend.h"
#include "backends/cpu/cpu_backend.h"

namespace adze::backends {
namespace {
constexpr const Backend* kBackends[] = {&cpu_backend};
}

std::span<const Backend* const> all_backends() { return kBackends; }

}  // namespace adze::backends
