// One request of an engine: its tokens, how far it has come, and what its listener has not heard yet.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include "runtime/engine/draft_pace.h"
#include "runtime/engine/engine_figures.h"
#include "runtime/engine/engine_request.h"
#include "runtime/generation.h"
#include "runtime/session.h"

namespace adze::runtime {

/// Who guessed what comes next.
enum class DraftSource { lookup, model };

/// A guess of what comes behind a request's tokens.
struct Draft {
  std::span<const int32_t> tokens;
  DraftSource source = DraftSource::lookup;
};

/// What a request is fed in one step: the tokens from position `first` on.
struct Feed {
  int64_t first = 0;
  std::span<const int32_t> tokens;
  LogitsWanted logits = LogitsWanted::none;
  int64_t end() const { return first + static_cast<int64_t>(tokens.size()); }
};

class ActiveRequest {
 public:
  /// `most_tokens`: of prompt and answer together. REQUIRES: the tokenizer outlives the request, which is not copied.
  ActiveRequest(EngineRequest request, std::shared_ptr<RequestListener> listener, const text::Tokenizer& tokenizer,
                int64_t most_tokens);
  ActiveRequest(const ActiveRequest&) = delete;
  ActiveRequest& operator=(const ActiveRequest&) = delete;

  /// The prompt, then what was taken.
  std::span<const int32_t> tokens() const { return tokens_; }
  int64_t length() const { return static_cast<int64_t>(tokens_.size()); }
  /// Whether its next token has everything before it, when `fed` tokens have been.
  bool generates(int64_t fed) const { return generation_.taken_tokens() > 0 && fed + 1 == length(); }
  /// Of the answer, beyond what was taken.
  int64_t tokens_to_come() const;
  std::span<const ops::AdapterUse> adapters() const { return request_.adapters; }
  /// What its rows in the cache depend on besides tokens.
  std::vector<int32_t> prefix_key() const;
  bool scores_prompt() const { return request_.score_prompt; }
  bool is_overdue() const;

  /// The next `count` tokens behind `fed`, and behind the last of them `draft`.
  Feed next_feed(int64_t fed, int64_t count, const Draft& draft);
  /// Takes tokens from the logits of what was fed, whose first row is number `row`. Touches nothing but this request;
  /// what goes wrong is told by deliver().
  void read(const Feed& feed, const Logits& logits, int64_t row) noexcept;

  void begin(int64_t reused_tokens);
  void note_preemption() { ++summary_.preemptions; }
  bool was_preempted() const { return summary_.preemptions > 0; }
  /// Unless it has ended already.
  void end(StopReason reason);
  void fail_with(const Error& error);
  bool has_ended() const { return reason_.has_value() || failure_.has_value(); }

  /// Tells the listener what is new. The last thing if has_ended() then.
  void deliver(EngineFigures& figures);

  /// Of its drafts from this source.
  DraftPace& pace(DraftSource source) { return paces_[static_cast<size_t>(source)]; }

  std::optional<SequenceId> sequence;  // while it runs
  int64_t known_pages = 0;             // of the sequence, that the tree of prefixes knows

 private:
  struct NewToken {
    TakenToken taken;
    std::vector<TokenProbability> probabilities;
  };
  std::span<const float> row_behind(int64_t position, const Feed& feed, const Logits& logits, int64_t row) const;
  void score(const Feed& feed, const Logits& logits, int64_t row);
  void take(std::span<const float> logits);
  void take_all(const Feed& feed, const Logits& logits, int64_t row);
  std::optional<StopReason> limit_reached() const;
  void tell_news(EngineFigures& figures);
  void tell_token(const NewToken& token, EngineFigures& figures);
  void tell_end(EngineFigures& figures);

  EngineRequest request_;
  std::shared_ptr<RequestListener> listener_;
  int64_t most_tokens_;
  std::vector<int32_t> tokens_;
  int64_t prompt_tokens_;
  Generation generation_;

  std::vector<ScoredToken> scores_;
  bool is_prompt_told_ = false;
  bool is_prompt_read_ = false;
  std::vector<NewToken> news_;
  std::vector<int32_t> drafted_;  // the last token and what may follow
  DraftSource draft_source_ = DraftSource::lookup;
  std::array<DraftPace, 2> paces_;  // by source

  RequestSummary summary_;
  std::optional<StopReason> reason_;
  std::optional<Error> failure_;
  int64_t submitted_ns_;
  int64_t begun_ns_ = 0;
  int64_t first_token_ns_ = 0;
  int64_t last_token_ns_ = 0;
};

}  // namespace adze::runtime
