// The table of ops. To add one: a folder with its schema and kernels, and a line here.
#include <array>

#include "ops/add/add.h"
#include "ops/append_state/append_state.h"
#include "ops/attention/attention.h"
#include "ops/gather_rows/gather_rows.h"
#include "ops/linear/linear.h"
#include "ops/op.h"
#include "ops/read_state/read_state.h"
#include "ops/rms_norm/rms_norm.h"
#include "ops/rotary/rotary.h"
#include "ops/rotary_angles/rotary_angles.h"
#include "ops/select_rows/select_rows.h"
#include "ops/swiglu/swiglu.h"

namespace adze::ops {
namespace {

constexpr std::array kOps{
    &add,      &append_state, &attention,     &gather_rows, &linear, &read_state,
    &rms_norm, &rotary,       &rotary_angles, &select_rows, &swiglu,
};

}  // namespace

std::span<const Op* const> all_ops() { return kOps; }

std::span<const graph::OpSchema* const> all_schemas() {
  static const auto schemas = [] {
    std::array<const graph::OpSchema*, kOps.size()> table{};
    for (size_t i = 0; i < kOps.size(); ++i) table[i] = kOps[i];
    return table;
  }();
  return schemas;
}

}  // namespace adze::ops
