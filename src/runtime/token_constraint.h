// What may restrict the tokens that a generation chooses from.
#pragma once

#include <cstdint>
#include <span>

namespace adze::runtime {

/// Stands in front of the sampler: sees the logits before it does, and is told what was taken.
class TokenConstraint {
 public:
  virtual ~TokenConstraint() = default;

  /// Before the first token of a text.
  virtual void begin() = 0;
  /// The logits with minus infinity where a token may not come next. Holds until the next call. Throws Error when none
  /// may.
  virtual std::span<const float> restrict(std::span<const float> logits) = 0;
  /// REQUIRES: a token that was allowed.
  virtual void accept(int32_t token) = 0;
  /// Whether nothing can come but the end.
  virtual bool is_complete() const = 0;
};

}  // namespace adze::runtime
