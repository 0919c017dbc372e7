// What `adze doctor --measure` found out, kept in the cache folder for whoever holds speeds against it.
#pragma once

#include <optional>
#include <string>

#include "base/json.h"
#include "evaluate/machine_limits.h"

namespace adze::cli {

/// The file for the active ISA: machine-avx512.json in the cache folder.
std::string machine_cache_path();

/// Empty when nothing was measured with this processor and ISA, or the file is damaged.
std::optional<evaluate::MachineLimits> cached_machine_limits();

/// Throws Error(io) if the file cannot be written.
void cache_machine_limits(const evaluate::MachineLimits& limits);

Json to_json(const evaluate::MachineLimits& limits);

}  // namespace adze::cli
