// Tables of where the time goes, held against what the machine can do.
#pragma once

#include <optional>
#include <vector>

#include "evaluate/machine_limits.h"
#include "evaluate/op_profile.h"
#include "report/table.h"

namespace adze::cli {

/// The limits that apply to one measurement; zeros where they were not measured.
struct Ceiling {
  double bytes_per_second = 0;
  double int8_per_second = 0;
  double f32_per_second = 0;
};

/// For `threads` threads that read `weight_bytes` over and over.
Ceiling ceiling_for(const std::optional<evaluate::MachineLimits>& limits, unsigned threads, int64_t weight_bytes);

/// One row per entry: time, share, bytes and multiply-adds, their rates and what part of the ceiling these are.
report::Table op_table(const std::vector<evaluate::OpTime>& times, const Ceiling& ceiling);

}  // namespace adze::cli
