#include "pipeline/running_cost.h"

#include "evaluate/speed.h"
#include "runtime/session.h"

namespace adze::pipeline {

RunningCost measure_running(const std::shared_ptr<runtime::LoadedModel>& model, const RunningOptions& options,
                            Progress& progress) {
  throw_if_cancelled(progress);
  const evaluate::SpeedOptions speed{
      .prompt_tokens = options.prompt_tokens, .generated_tokens = options.generated_tokens, .rounds = options.rounds};
  runtime::Session session(
      model, {.threads = options.threads, .context_tokens = evaluate::context_for(speed), .logit_rows = 1});
  const auto measured = evaluate::measure_speed(session, speed, progress);
  const auto& weights = model->weights();
  const auto bytes = weights.owned_bytes() + weights.mapped_bytes() + session.plan().activation_bytes();
  return {.tokens_per_second = measured.generated_tokens_per_second,
          .prompt_tokens_per_second = measured.prompt_tokens_per_second,
          .memory_bytes = static_cast<int64_t>(bytes) + session.cache().token_bytes() * options.cache_tokens,
          .threads = session.pool().size()};
}

}  // namespace adze::pipeline
