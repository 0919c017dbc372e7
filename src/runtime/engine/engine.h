// Many requests on one loaded model at once: what a server runs.
//
// One thread makes steps, each of them one forward call. A step feeds, in this order:
//   1. one token of every request that generates (and a few drafted ones, see SpeculationOptions);
//   2. parts of prompts, the oldest request first: each takes at most three quarters of the room that is left while a
//      younger prompt waits behind it, so a long prompt delays short ones little. Beside requests that generate,
//      prompts have `prompt_tokens_beside` tokens of a step in all, so that no prompt makes the others stutter.
// Results do not depend on what else is in a step: each answer is the one that generate() gives alone.
//
// Pages of the cache are shared: full pages stay in a tree of prefixes when their request ends, and a prompt that
// begins as an earlier text did begins on its pages. The least recently used are given away when pages are needed. When
// there are none, the youngest request gives its pages back and is computed again later; the oldest one always goes on.
#pragma once

#include <memory>

#include "runtime/engine/engine_figures.h"
#include "runtime/engine/engine_request.h"
#include "runtime/loaded_model.h"
#include "runtime/session.h"

namespace adze::runtime {

/// Lossless speculation: drafts are looked up in the request's own text (the tokens that came behind the last few when
/// these were there before), or else guessed by a smaller model, and checked in one step with the token before them. A
/// drafted token counts only if the request's own sampler takes it, so the text is the same with and without.
struct SpeculationOptions {
  int64_t max_draft_tokens = 0;  // looked up for a request and step; 0: none. Fewer where drafts prove wrong
  int64_t max_match_tokens = 4;  // looked up together, down to min_match_tokens
  int64_t min_match_tokens = 2;
  int64_t max_step_tokens = 16;  // no drafts beyond so many tokens of a step, where the processor is busy anyway
  std::shared_ptr<LoadedModel> draft_model = nullptr;  // null: none. Its cache has as many tokens as the engine's
  int64_t max_model_tokens = 8;                        // guessed by it for a request and step
  double min_model_probability = 0.5;                  // that it must give a guess
  int64_t max_model_requests = 4;                      // it rests while more generate
};

struct EngineOptions {
  SessionOptions session;              // context_tokens: of the cache, over all requests together
  int64_t max_running = 64;            // requests that have begun, at once; at most session.batch_tokens
  int64_t max_waiting = 1024;          // more are refused
  int64_t max_request_tokens = 0;      // of prompt and answer together; 0: what the cache can hold
  int64_t prompt_tokens_beside = 128;  // of prompts, in a step that also generates
  bool share_prefixes = true;
  SpeculationOptions speculation;
};

using RequestId = int64_t;

/// All functions may be called from any thread.
class Engine {
 public:
  /// Throws what Session's constructor throws, Error(bad_input) for a model without tokenizer or options without sense,
  /// and what DraftModel's constructor throws; Error(unsupported) for a draft model where drafts could not be
  /// forgotten.
  Engine(std::shared_ptr<LoadedModel> model, const EngineOptions& options);
  /// Cancels what is left.
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Throws, and then the listener hears nothing: Error(bad_input) for an empty prompt, one that cannot fit, token ids
  /// outside the vocabulary or options without sense; Error(out_of_memory) when max_waiting requests wait already;
  /// Error(cancelled) after drain(). The listener is kept until the request has ended.
  RequestId submit(EngineRequest request, std::shared_ptr<RequestListener> listener);

  /// Within one step: on_end with StopReason::cancelled, unless the request ends otherwise before. Unknown ids, also of
  /// requests that have ended, are none of its business.
  void cancel(RequestId request);

  /// As of the end of the last step.
  EngineFigures figures() const;

  /// Takes no new requests from now on, and returns when all have ended.
  void drain();

  const LoadedModel& model() const;
  /// In effect: a model that remembers more than a row for each token has neither shared prefixes nor drafts.
  const EngineOptions& options() const;

 private:
  class Worker;
  std::unique_ptr<Worker> worker_;
};

}  // namespace adze::runtime
