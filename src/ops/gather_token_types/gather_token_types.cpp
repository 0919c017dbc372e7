#include "ops/gather_token_types/gather_token_types.h"

#include "ops/table_rows.h"

namespace adze::ops {
namespace {

void gather_token_types_reference(const KernelCall& call, const Team& team) {
  const auto types = call.inputs[1].batch->token_types;
  take_table_rows(call, team, [&](size_t row) { return types.empty() ? 0 : types[row]; });
}

constexpr Kernel kKernels[] = {{"reference", Isa::scalar, nullptr, nullptr, nullptr, gather_token_types_reference}};

}  // namespace

const Op gather_token_types{
    {"gather_token_types", "look-up by token type", infer_rows_of_batch}, nullptr, kKernels, -1, 1};

}  // namespace adze::ops
