#include "runtime/generation.h"

namespace adze::runtime {

Generation::Generation(const text::Tokenizer& tokenizer, const GenerationOptions& options,
                       std::span<const int32_t> prompt)
    : tokenizer_(tokenizer),
      options_(options),
      sampler_(options.sampler),
      decoder_(tokenizer, {.skip_special = true, .continues = true}),
      stops_(options.stop) {
  for (const int32_t token : options.held) sampler_.accept(token);
  for (const int32_t token : prompt) sampler_.accept(token);
  if (options.constraint) options.constraint->begin();
}

std::optional<StopReason> Generation::reason_to_stop(bool is_end_token) const {
  if (is_end_token && options_.stop_at_end_token) return StopReason::end_token;
  if (options_.constraint && options_.constraint->is_complete()) return StopReason::complete;
  if (stops_.found()) return StopReason::stop_text;
  if (taken_ >= options_.max_tokens) return StopReason::max_tokens;
  return std::nullopt;
}

TakenToken Generation::take(std::span<const float> logits) {
  if (options_.constraint) logits = options_.constraint->restrict(logits);
  TakenToken taken{sampler_.sample(logits), {}, {}};
  sampler_.accept(taken.token);
  if (options_.constraint) options_.constraint->accept(taken.token);
  ++taken_;
  const bool is_end_token = tokenizer_.is_end_of_generation(taken.token);
  if (!is_end_token) taken.text = stops_.push(decoder_.push(taken.token));
  taken.reason = reason_to_stop(is_end_token);
  return taken;
}

std::string Generation::finish() {
  std::string text = stops_.push(decoder_.finish());
  return text += stops_.finish();
}

}  // namespace adze::runtime
