#include "ops/standard/row_products.h"

#include "base/cpu_features.h"

namespace adze::ops {

const RowProducts& row_products() {
  if constexpr (kIsX86) {
    const Isa active = active_isa();
    if (isa_includes(active, Isa::avx512)) return kRowProductsAvx512;
    if (isa_includes(active, Isa::avx2)) return kRowProductsAvx2;
  }
  return kRowProductsPortable;
}

}  // namespace adze::ops
