// From a prompt to text, token by token.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/sampler.h"
#include "runtime/session.h"
#include "runtime/token_constraint.h"

namespace adze::runtime {

struct GenerationOptions {
  SamplerOptions sampler;
  int64_t max_tokens = 256;
  std::vector<std::string> stop;                // generation ends in front of the first of these texts
  bool stop_at_end_token = true;                // false: goes on behind the model's end-of-generation tokens
  std::shared_ptr<TokenConstraint> constraint;  // null: any token may come; begun anew by each generation
  std::vector<int32_t> held;                    // what the sequence holds already, for samplers that look back
};

enum class StopReason { end_token, complete, stop_text, max_tokens, context_full, time_limit, cancelled };

const char* stop_reason_name(StopReason reason);

struct GenerationResult {
  std::vector<int32_t> tokens;  // as sampled, the end token included
  std::string text;
  StopReason reason = StopReason::max_tokens;
  int64_t prompt_tokens = 0;      // fed by this call
  double prompt_seconds = 0;      // until the first token was known
  double generation_seconds = 0;  // of the tokens behind the first
};

/// Called with each piece of text that is complete and surely not part of a stop text, and with an empty one behind
/// each batch of a long prompt; false cancels.
using TextSink = std::function<bool(std::string_view piece)>;

/// Feeds `prompt` to the end of the sequence and samples from there. Throws what Session::run throws.
GenerationResult generate(Session& session, SequenceId sequence, std::span<const int32_t> prompt,
                          const GenerationOptions& options, const TextSink& sink = {});

}  // namespace adze::runtime
