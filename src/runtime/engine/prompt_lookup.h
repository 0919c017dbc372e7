// Guessing how a text goes on from what it said before.
#pragma once

#include <cstdint>
#include <span>

namespace adze::runtime {

/// At most `count` tokens that came behind the last few of `tokens` when these were there before: where most of them
/// match (`most` at most, `least` at least), the latest such place. Empty if there is none. A view into `tokens`.
std::span<const int32_t> look_up_draft(std::span<const int32_t> tokens, int64_t least, int64_t most, int64_t count);

}  // namespace adze::runtime
