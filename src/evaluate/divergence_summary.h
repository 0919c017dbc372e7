// The figures of a measured divergence, without its positions: what cards, comparisons and databases keep.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/json.h"
#include "evaluate/divergence.h"

namespace adze::evaluate {

/// A value and its standard error.
struct Estimate {
  double value = 0;
  double error = 0;
};

struct DivergenceSummary {
  Estimate mean;  // KL in nats
  double median = 0, quantile_90 = 0, quantile_99 = 0, largest = 0;
  Estimate perplexity, reference_perplexity;
  Estimate perplexity_ratio;
  Estimate top_agreement;
  Estimate left_out;  // of the mean, where the reference was not kept in full
  int64_t scored_tokens = 0;
  int64_t chunks = 0;
  /// Positions by divergence: below the first edge, between two, at or above the last one (edges ascend by a factor).
  std::vector<int64_t> histogram;
};

/// Edges of the histogram: three a decade from 1e-6 to 10 nats.
std::vector<double> histogram_edges();

DivergenceSummary summary_of(const DivergenceResult& result);

Json to_json(const DivergenceSummary& summary);
/// Error(bad_input) naming `source` for a member that is missing or of another type.
DivergenceSummary summary_from_json(const Json& json, const std::string& source);

}  // namespace adze::evaluate
