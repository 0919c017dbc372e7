#include "runtime/drafted_feed.h"

#include <algorithm>

namespace adze::runtime {

void DraftedFeed::note(std::span<const int32_t> tokens) {
  if (drafting_.model) text_.insert(text_.end(), tokens.begin(), tokens.end());
}

// As many as fit the session's calls and its cache.
void DraftedFeed::guess(int64_t more) {
  const int64_t room = session_.cache().free_pages() * KvCache::kPageTokens +
                       std::ssize(session_.pages(sequence_)) * KvCache::kPageTokens - length();
  const int64_t most = std::min(
      {pace_.next_length(), drafting_.max_tokens, more, room, session_.batch_tokens() - 1, session_.logit_rows() - 1});
  DraftWish wish{0, text_, most};
  drafting_.model->draft({&wish, 1});
  if (most > 0 && wish.guesses.empty()) pace_.note_none();
  batch_.insert(batch_.end(), wish.guesses.begin(), wish.guesses.end());
}

std::span<const float> DraftedFeed::next(int32_t token, int64_t more) {
  if (!drafting_.model) return session_.feed(sequence_, {&token, 1});
  const bool is_guessed = right_guesses_ + 1 < batch_.size() && batch_[right_guesses_ + 1] == token;
  if (!is_guessed) finish();
  note({&token, 1});
  if (is_guessed) return logits_.row(static_cast<int64_t>(++right_guesses_));
  batch_.assign(1, token);
  guess(more);
  const SequenceWork work{sequence_, batch_, LogitsWanted::all};
  logits_ = session_.run({&work, 1});
  return logits_.row(0);
}

void DraftedFeed::finish() {
  if (batch_.size() > 1) pace_.note(std::ssize(batch_) - 1, static_cast<int64_t>(right_guesses_));
  batch_.clear();
  right_guesses_ = 0;
  if (drafting_.model) session_.truncate(sequence_, length());
}

}  // namespace adze::runtime
