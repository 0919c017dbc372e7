#include "runtime/engine/step_shares.h"

#include <algorithm>

namespace adze::runtime {
namespace {

int64_t share_among_generating(std::span<const StepDemand> demands, int64_t room, std::vector<int64_t>& shares) {
  int64_t given = 0;
  for (size_t i = 0; i < demands.size() && given < room; ++i) {
    if (demands[i].generates) given += shares[i] = 1;
  }
  return given;
}

// The youngest that wants a part of the room; demands.size() if none does.
size_t last_prompt(std::span<const StepDemand> demands) {
  for (size_t i = demands.size(); i > 0; --i) {
    if (!demands[i - 1].generates && demands[i - 1].tokens > 0) return i - 1;
  }
  return demands.size();
}

}  // namespace

std::vector<int64_t> share_out_step(std::span<const StepDemand> demands, const StepLimits& limits) {
  std::vector<int64_t> shares(demands.size(), 0);
  const int64_t generating = share_among_generating(demands, limits.tokens, shares);
  int64_t room = limits.tokens - generating;
  if (generating > 0) room = std::min(room, limits.prompt_tokens_beside);
  const size_t last = last_prompt(demands);
  for (const bool leaves_some : {true, false}) {
    for (size_t i = 0; i < demands.size(); ++i) {
      if (demands[i].generates) continue;
      const int64_t most = leaves_some && i != last ? (3 * room + 3) / 4 : room;
      const int64_t share = std::min(demands[i].tokens - shares[i], most);
      shares[i] += share;
      room -= share;
    }
  }
  return shares;
}

}  // namespace adze::runtime
