#include "runtime/generate.h"

#include "base/clock.h"
#include "runtime/stop_text.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::runtime {
namespace {

// What has been said so far, on its way to the caller.
class Speech {
 public:
  Speech(const text::Tokenizer& tokenizer, const std::vector<std::string>& stops, const TextSink& sink)
      : decoder_(tokenizer, {.skip_special = true, .continues = true}), stops_(stops), sink_(sink) {}

  void say(int32_t token) { emit(stops_.push(decoder_.push(token))); }
  void finish() {
    emit(stops_.push(decoder_.finish()));
    emit(stops_.finish());
  }
  bool stopped() const { return stops_.found(); }
  bool cancelled() const { return cancelled_; }
  std::string take_text() { return std::move(text_); }

 private:
  void emit(const std::string& piece) {
    if (piece.empty() || cancelled_) return;
    text_ += piece;
    if (sink_ && !sink_(piece)) cancelled_ = true;
  }
  text::StreamingDecoder decoder_;
  StopText stops_;
  const TextSink& sink_;
  std::string text_;
  bool cancelled_ = false;
};

// Why generation ends behind `token`, or nothing when it goes on.
std::optional<StopReason> reason_to_stop(const Speech& speech, const GenerationResult& so_far, bool is_end_token,
                                         const GenerationOptions& options) {
  if (speech.cancelled()) return StopReason::cancelled;
  if (is_end_token && options.stop_at_end_token) return StopReason::end_token;
  if (options.constraint && options.constraint->is_complete()) return StopReason::complete;
  if (speech.stopped()) return StopReason::stop_text;
  if (static_cast<int64_t>(so_far.tokens.size()) >= options.max_tokens) return StopReason::max_tokens;
  return std::nullopt;
}

// Feeds whole batches and leaves the last one, whose logits are wanted. Returns false if the caller cancels meanwhile.
bool feed_all_but_last_batch(Session& session, SequenceId sequence, std::span<const int32_t>& prompt,
                             const TextSink& sink) {
  const auto batch = static_cast<size_t>(session.batch_tokens());
  while (prompt.size() > batch) {
    const SequenceWork work{sequence, prompt.first(batch), LogitsWanted::none};
    session.run({&work, 1});
    prompt = prompt.subspan(batch);
    if (sink && !sink({})) return false;
  }
  return true;
}

}  // namespace

const char* stop_reason_name(StopReason reason) {
  switch (reason) {
    case StopReason::end_token:
      return "end_token";
    case StopReason::complete:
      return "complete";
    case StopReason::stop_text:
      return "stop_text";
    case StopReason::max_tokens:
      return "max_tokens";
    case StopReason::context_full:
      return "context_full";
    case StopReason::cancelled:
      return "cancelled";
  }
  return "max_tokens";
}

GenerationResult generate(Session& session, SequenceId sequence, std::span<const int32_t> prompt,
                          const GenerationOptions& options, const TextSink& sink) {
  const text::Tokenizer& tokenizer = session.model().tokenizer();
  Sampler sampler(options.sampler);
  Speech speech(tokenizer, options.stop, sink);
  GenerationResult result;
  result.prompt_tokens = static_cast<int64_t>(prompt.size());
  for (const int32_t token : options.held) sampler.accept(token);
  for (const int32_t token : prompt) sampler.accept(token);
  if (options.constraint) options.constraint->begin();

  int64_t start_ns = now_ns();
  if (!feed_all_but_last_batch(session, sequence, prompt, sink)) {
    result.reason = StopReason::cancelled;
    return result;
  }
  auto logits = session.feed(sequence, prompt);
  while (options.max_tokens > 0) {
    if (options.constraint) logits = options.constraint->restrict(logits);
    const int32_t token = sampler.sample(logits);
    if (result.tokens.empty()) {
      result.prompt_seconds = seconds_since(start_ns);
      start_ns = now_ns();
    }
    sampler.accept(token);
    if (options.constraint) options.constraint->accept(token);
    result.tokens.push_back(token);
    const bool is_end_token = tokenizer.is_end_of_generation(token);
    if (!is_end_token) speech.say(token);
    if (const auto reason = reason_to_stop(speech, result, is_end_token, options)) {
      result.reason = *reason;
      break;
    }
    if (session.length(sequence) >= session.cache().capacity_tokens()) {
      result.reason = StopReason::context_full;
      break;
    }
    logits = session.feed(sequence, {&token, 1});
  }
  result.generation_seconds = seconds_since(start_ns);
  speech.finish();
  result.text = speech.take_text();
  return result;
}

}  // namespace adze::runtime
