// How the tokens of one step are shared out among requests.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace adze::runtime {

/// What a request could be fed now.
struct StepDemand {
  int64_t tokens;
  bool generates;  // the one token that it took last
};

struct StepLimits {
  int64_t tokens;
  int64_t prompt_tokens_beside;  // in a step that also generates
};

/// Tokens for each of the requests, the oldest of which is first: those that generate get their one, the others what
/// is left, each at most three quarters of it while a younger one waits behind it, and a second round takes the rest.
std::vector<int64_t> share_out_step(std::span<const StepDemand> demands, const StepLimits& limits);

}  // namespace adze::runtime
