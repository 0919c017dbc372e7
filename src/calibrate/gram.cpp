#include "calibrate/gram.h"

#include <algorithm>

#include "base/cpu_features.h"

namespace adze::calibrate {
namespace {

constexpr int64_t kRowsAtATime = 24;  // a multiple of every kernel's rows, so that tiles do not depend on the threads

AddGramRows kernel_for(Isa isa) {
  if constexpr (kIsX86) {
    if (isa_includes(isa, Isa::avx512)) return kAddGramRowsAvx512;
    if (isa_includes(isa, Isa::avx2)) return kAddGramRowsAvx2;
  }
  if constexpr (kIsArm64) {
    if (isa_includes(isa, Isa::neon)) return kAddGramRowsNeon;
  }
  return kAddGramRowsPortable;
}

}  // namespace

void add_gram(const GramInput& input, float* triangle, const Team& team) {
  static const AddGramRows add_rows = kernel_for(active_isa());
  const int64_t blocks = (input.columns + kRowsAtATime - 1) / kRowsAtATime;
  // Later rows are longer: threads take turns.
  for (int64_t block = team.thread(); block < blocks; block += team.threads()) {
    const int64_t first = block * kRowsAtATime;
    add_rows(input, first, std::min(first + kRowsAtATime, input.columns), triangle);
  }
}

}  // namespace adze::calibrate
