// From a prompt to text, token by token.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/engine/draft_model.h"
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

/// Who guesses ahead for generate(); an engine has its own.
struct Drafting {
  DraftModel* model = nullptr;  // null: nobody. One text at a time
  int64_t max_tokens = 8;       // guessed at once; fewer where guesses prove wrong
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
  int64_t drafted_tokens = 0;     // guessed ahead
  int64_t accepted_tokens = 0;    // guessed ones that were the right ones
};

/// Called with each piece of text that is complete and surely not part of a stop text, and with an empty one behind
/// each batch of a long prompt; false cancels.
using TextSink = std::function<bool(std::string_view piece)>;

/// Feeds `prompt` to the end of the sequence and samples from there; guesses change nothing but the speed. Throws what
/// Session::run throws. REQUIRES: with a draft model, options.held is what the sequence holds.
GenerationResult generate(Session& session, SequenceId sequence, std::span<const int32_t> prompt,
                          const GenerationOptions& options, const TextSink& sink = {}, const Drafting& drafting = {});

}  // namespace adze::runtime
