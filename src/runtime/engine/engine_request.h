// What an engine is asked for, and who hears of it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "ops/op.h"
#include "runtime/generate.h"
#include "runtime/token_probability.h"

namespace adze::runtime {

struct EngineRequest {
  std::vector<int32_t> prompt;
  GenerationOptions options;                   // a constraint serves one request only
  std::vector<ops::AdapterUse> adapters = {};  // of the model, that it goes through
  int64_t top_log_probabilities = -1;          // -1: none; k: of the token taken, and of the k likeliest
  bool score_prompt = false;                   // log probabilities of the prompt's tokens too, as many; reuses no pages
  double max_seconds = 0;                      // from submission; 0: as long as it takes
};

/// A token of the prompt and how likely the model found it. Nothing is known of the first one.
struct ScoredToken {
  int32_t token;
  std::vector<TokenProbability> probabilities;  // as of GeneratedToken
};

/// The views hold during the call only.
struct GeneratedToken {
  int32_t token;                                    // the end token included
  std::string_view text;                            // complete, surely not part of a stop text; may be empty
  std::span<const TokenProbability> probabilities;  // of the token, then of the likeliest, by falling probability
};

struct RequestSummary {
  StopReason reason = StopReason::max_tokens;
  std::string stop_text;  // of that reason
  int64_t prompt_tokens = 0;
  int64_t reused_prompt_tokens = 0;  // found in the cache
  int64_t generated_tokens = 0;
  int64_t drafted_tokens = 0;
  int64_t accepted_tokens = 0;  // drafted ones that were the right ones
  int64_t preemptions = 0;
  double waiting_seconds = 0;     // from submission until its first step
  double prompt_seconds = 0;      // from then until the first token was known
  double generation_seconds = 0;  // of the tokens behind the first
};

/// Hears of one request, on the engine's own thread, which does nothing else meanwhile: calls should only hand on.
/// They may submit and cancel, but neither drain nor destroy the engine. Either on_end or on_error comes last, once.
/// What they throw ends this request.
class RequestListener {
 public:
  virtual ~RequestListener() = default;

  /// Once, in front of the first token, if the request wants its prompt scored.
  virtual void on_prompt(std::span<const ScoredToken> /*prompt*/) {}
  /// False cancels the request.
  virtual bool on_token(const GeneratedToken& token) = 0;
  virtual void on_end(const RequestSummary& summary) = 0;
  /// The request failed and is forgotten; others go on.
  virtual void on_error(const Error& error) = 0;
};

}  // namespace adze::runtime
