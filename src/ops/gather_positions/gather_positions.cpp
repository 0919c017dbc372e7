#include "ops/gather_positions/gather_positions.h"

#include "ops/table_rows.h"

namespace adze::ops {
namespace {

void gather_positions_reference(const KernelCall& call, const Team& team) {
  const auto positions = call.inputs[1].batch->positions;
  take_table_rows(call, team, [&](size_t row) { return positions[row]; });
}

constexpr Kernel kKernels[] = {{"reference", Isa::scalar, nullptr, nullptr, nullptr, gather_positions_reference}};

}  // namespace

const Op gather_positions{{"gather_positions", "look-up by position", infer_rows_of_batch}, nullptr, kKernels, -1, 1};

}  // namespace adze::ops
