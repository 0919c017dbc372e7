#include "runtime/generate.h"

#include "base/clock.h"
#include "runtime/drafted_feed.h"
#include "runtime/generation.h"

namespace adze::runtime {
namespace {

// What has been said so far, on its way to the caller.
class Speech {
 public:
  explicit Speech(const TextSink& sink) : sink_(sink) {}

  void say(const std::string& piece) {
    if (piece.empty() || cancelled_) return;
    text_ += piece;
    if (sink_ && !sink_(piece)) cancelled_ = true;
  }
  bool cancelled() const { return cancelled_; }
  std::string take_text() { return std::move(text_); }

 private:
  const TextSink& sink_;
  std::string text_;
  bool cancelled_ = false;
};

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
    case StopReason::time_limit:
      return "time_limit";
    case StopReason::cancelled:
      return "cancelled";
  }
  return "max_tokens";
}

GenerationResult generate(Session& session, SequenceId sequence, std::span<const int32_t> prompt,
                          const GenerationOptions& options, const TextSink& sink, const Drafting& drafting) {
  Generation generation(session.model().tokenizer(), options, prompt);
  Speech speech(sink);
  GenerationResult result;
  result.prompt_tokens = static_cast<int64_t>(prompt.size());
  DraftedFeed feed(session, sequence, drafting);
  feed.note(options.held);
  feed.note(prompt);

  int64_t start_ns = now_ns();
  if (!feed_all_but_last_batch(session, sequence, prompt, sink)) {
    result.reason = StopReason::cancelled;
    return result;
  }
  auto logits = session.feed(sequence, prompt);
  while (options.max_tokens > 0) {
    const TakenToken taken = generation.take(logits);
    if (result.tokens.empty()) {
      result.prompt_seconds = seconds_since(start_ns);
      start_ns = now_ns();
    }
    result.tokens.push_back(taken.token);
    speech.say(taken.text);
    if (taken.reason || speech.cancelled()) {
      result.reason = speech.cancelled() ? StopReason::cancelled : *taken.reason;
      break;
    }
    if (feed.length() >= session.cache().capacity_tokens()) {
      result.reason = StopReason::context_full;
      break;
    }
    logits = feed.next(taken.token, options.max_tokens - std::ssize(result.tokens) - 1);
  }
  result.generation_seconds = seconds_since(start_ns);
  feed.finish();
  result.drafted_tokens = feed.drafted_tokens();
  result.accepted_tokens = feed.accepted_tokens();
  speech.say(generation.finish());
  result.text = speech.take_text();
  return result;
}

}  // namespace adze::runtime
