#include "runtime/engine/active_request.h"

#include <algorithm>
#include <bit>

#include "base/clock.h"

namespace adze::runtime {
namespace {

double seconds_between(int64_t start_ns, int64_t end_ns) {
  return start_ns == 0 ? 0 : static_cast<double>(end_ns - start_ns) * 1e-9;
}

Error as_error(const std::exception& exception) {
  if (const auto* error = dynamic_cast<const Error*>(&exception)) return *error;
  return {ErrorCode::internal, exception.what()};
}

}  // namespace

ActiveRequest::ActiveRequest(EngineRequest request, std::shared_ptr<RequestListener> listener,
                             const text::Tokenizer& tokenizer, int64_t most_tokens)
    : request_(std::move(request)),
      listener_(std::move(listener)),
      most_tokens_(most_tokens),
      tokens_(std::move(request_.prompt)),
      prompt_tokens_(length()),
      generation_(tokenizer, request_.options, tokens_),
      submitted_ns_(now_ns()) {
  summary_.prompt_tokens = prompt_tokens_;
  if (!request_.score_prompt) return;
  for (const int32_t token : tokens_) scores_.push_back({token, {}});
}

std::vector<int32_t> ActiveRequest::prefix_key() const {
  std::vector<int32_t> key;
  for (const auto& [adapter, strength] : request_.adapters) {
    key.push_back(static_cast<int32_t>(adapter));
    key.push_back(std::bit_cast<int32_t>(strength));
  }
  return key;
}

int64_t ActiveRequest::tokens_to_come() const {
  return std::max<int64_t>(
      0, std::min(request_.options.max_tokens - generation_.taken_tokens(), most_tokens_ + 1 - length()));
}

bool ActiveRequest::is_overdue() const {
  return request_.max_seconds > 0 && seconds_since(submitted_ns_) > request_.max_seconds;
}

Feed ActiveRequest::next_feed(int64_t fed, int64_t count, const Draft& draft) {
  Feed feed{fed, tokens().subspan(static_cast<size_t>(fed), static_cast<size_t>(count)), LogitsWanted::none};
  if (!draft.tokens.empty()) {
    drafted_.assign(1, tokens_.back());
    drafted_.insert(drafted_.end(), draft.tokens.begin(), draft.tokens.end());
    draft_source_ = draft.source;
    feed.tokens = drafted_;
  }
  const bool scores = request_.score_prompt && !is_prompt_read_;
  if (scores || !draft.tokens.empty()) {
    feed.logits = LogitsWanted::all;
  } else if (feed.end() >= length()) {
    feed.logits = LogitsWanted::last;
  }
  return feed;
}

std::span<const float> ActiveRequest::row_behind(int64_t position, const Feed& feed, const Logits& logits,
                                                 int64_t row) const {
  return logits.row(feed.logits == LogitsWanted::all ? row + position - feed.first : row);
}

void ActiveRequest::read(const Feed& feed, const Logits& logits, int64_t row) noexcept {
  if (feed.logits == LogitsWanted::none) return;
  try {
    if (request_.score_prompt && !is_prompt_read_) score(feed, logits, row);
    if (feed.end() >= length()) take_all(feed, logits, row);
  } catch (const std::exception& exception) {
    fail_with(as_error(exception));
  }
}

void ActiveRequest::score(const Feed& feed, const Logits& logits, int64_t row) {
  const int64_t top = std::max<int64_t>(0, request_.top_log_probabilities);
  for (int64_t position = feed.first; position < std::min(feed.end(), prompt_tokens_ - 1); ++position) {
    ScoredToken& scored = scores_[static_cast<size_t>(position + 1)];
    scored.probabilities = log_probabilities(row_behind(position, feed, logits, row), scored.token, top);
  }
}

void ActiveRequest::take_all(const Feed& feed, const Logits& logits, int64_t row) {
  is_prompt_read_ = true;
  if (request_.options.max_tokens <= 0) return end(StopReason::max_tokens);
  const int64_t drafted = feed.end() - length();
  int64_t accepted = 0;
  for (int64_t position = length() - 1;; ++position) {
    take(row_behind(position, feed, logits, row));
    if (accepted == drafted || tokens_.back() != drafted_[static_cast<size_t>(accepted + 1)]) break;
    ++accepted;
    if (has_ended()) break;
  }
  if (drafted > 0) pace(draft_source_).note(drafted, accepted);
}

void ActiveRequest::take(std::span<const float> logits) {
  NewToken token{generation_.take(logits), {}};
  tokens_.push_back(token.taken.token);
  if (request_.top_log_probabilities >= 0) {
    token.probabilities = log_probabilities(logits, token.taken.token, request_.top_log_probabilities);
  }
  if (!token.taken.reason) token.taken.reason = limit_reached();
  if (token.taken.reason) {
    token.taken.text += generation_.finish();
    end(*token.taken.reason);
  }
  news_.push_back(std::move(token));
}

std::optional<StopReason> ActiveRequest::limit_reached() const {
  if (length() > most_tokens_) return StopReason::context_full;
  if (is_overdue()) return StopReason::time_limit;
  return std::nullopt;
}

void ActiveRequest::begin(int64_t reused_tokens) {
  begun_ns_ = now_ns();
  summary_.reused_prompt_tokens = reused_tokens;
  summary_.waiting_seconds = seconds_between(submitted_ns_, begun_ns_);
}

void ActiveRequest::end(StopReason reason) {
  if (!has_ended()) reason_ = reason;
}

void ActiveRequest::fail_with(const Error& error) {
  if (!failure_) failure_ = error;
}

void ActiveRequest::deliver(EngineFigures& figures) {
  try {
    tell_news(figures);
  } catch (const std::exception& exception) {
    fail_with(as_error(exception));
  }
  news_.clear();
  if (!has_ended()) return;
  try {
    tell_end(figures);
  } catch (const std::exception&) {
    ++figures.failed_requests;  // there is nobody else to tell
  }
}

void ActiveRequest::tell_news(EngineFigures& figures) {
  if (is_prompt_read_ && !is_prompt_told_) {
    is_prompt_told_ = true;
    if (request_.score_prompt) listener_->on_prompt(scores_);
  }
  for (const NewToken& token : news_) {
    if (reason_ != StopReason::cancelled) tell_token(token, figures);
  }
}

void ActiveRequest::tell_token(const NewToken& token, EngineFigures& figures) {
  const int64_t time_ns = now_ns();
  if (first_token_ns_ == 0) {
    first_token_ns_ = time_ns;
    figures.first_token_seconds.add(seconds_between(submitted_ns_, time_ns));
  } else {
    figures.token_seconds.add(seconds_between(last_token_ns_, time_ns));
  }
  last_token_ns_ = time_ns;
  ++figures.generated_tokens;
  ++summary_.generated_tokens;
  if (!listener_->on_token({token.taken.token, token.taken.text, token.probabilities})) {
    reason_ = StopReason::cancelled;
  }
}

void ActiveRequest::tell_end(EngineFigures& figures) {
  const DraftPace& of_model = pace(DraftSource::model);
  summary_.drafted_tokens = pace(DraftSource::lookup).drafted_tokens() + of_model.drafted_tokens();
  summary_.accepted_tokens = pace(DraftSource::lookup).accepted_tokens() + of_model.accepted_tokens();
  figures.model_drafted_tokens += of_model.drafted_tokens();
  figures.model_accepted_tokens += of_model.accepted_tokens();
  figures.drafted_tokens += summary_.drafted_tokens;
  figures.accepted_tokens += summary_.accepted_tokens;
  if (failure_) {
    ++figures.failed_requests;
    return listener_->on_error(*failure_);
  }
  ++(*reason_ == StopReason::cancelled ? figures.cancelled_requests : figures.finished_requests);
  summary_.reason = *reason_;
  if (*reason_ == StopReason::stop_text) summary_.stop_text = generation_.stop_text();
  const int64_t prompt_end_ns = first_token_ns_ == 0 ? now_ns() : first_token_ns_;
  summary_.prompt_seconds = seconds_between(begun_ns_, prompt_end_ns);
  summary_.generation_seconds = seconds_between(first_token_ns_, last_token_ns_);
  listener_->on_end(summary_);
}

}  // namespace adze::runtime
