// Steps of many requests on one session; no thread of its own. See engine.h for the rules.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "runtime/engine/active_request.h"
#include "runtime/engine/draft_model.h"
#include "runtime/engine/engine.h"
#include "runtime/engine/prefix_tree.h"

namespace adze::runtime {

class Batcher {
 public:
  Batcher(std::shared_ptr<LoadedModel> model, const EngineOptions& options);

  /// REQUIRES: ids that rise; a request of at most most_request_tokens(), whose tokens are of the vocabulary.
  void add(RequestId id, std::unique_ptr<ActiveRequest> request);
  void cancel(RequestId id);
  void cancel_all();
  /// Ends all with this error.
  void fail_all(const Error& error);

  bool is_idle() const { return waiting_.empty() && running_.empty(); }
  /// One forward call and what follows from it; listeners are told.
  void step();

  int64_t most_request_tokens() const;
  const EngineOptions& options() const { return options_; }
  Session& session() { return session_; }
  EngineFigures figures() const;

 private:
  using Requests = std::map<RequestId, std::unique_ptr<ActiveRequest>>;  // the oldest first
  struct StepItem {
    ActiveRequest* request;
    Feed feed;
    int64_t row = 0;  // of its logits
  };

  void open_draft_model();
  void end(Requests& requests, Requests::iterator request);
  void end_overdue(Requests& requests);
  void stop_running(RequestId id, ActiveRequest& request);

  void admit();
  void begin(Requests::iterator request);
  std::vector<int32_t> known_pages(const ActiveRequest& request);
  bool is_being_computed(const ActiveRequest& request, int64_t known_pages) const;
  bool fits(const ActiveRequest& request, std::span<const int32_t> known_pages) const;
  int64_t pages_to_grow(const ActiveRequest& request) const;

  std::vector<int64_t> shares() const;
  void make_room(std::vector<int64_t>& shares);
  int64_t missing_pages(std::span<const int64_t> shares) const;
  void preempt_youngest();
  void plan_step();

  struct DraftRoom {
    int64_t tokens;  // of the step
    int64_t pages;   // of the cache
  };
  void plan_drafts(std::span<const int64_t> shares);
  Draft look_up(ActiveRequest& request, DraftRoom& room) const;
  void ask_draft_model(DraftRoom& room);
  static int64_t most_drafted(const ActiveRequest& request, int64_t tokens, const DraftRoom& room);
  static void take_room(const ActiveRequest& request, int64_t tokens, DraftRoom& room);

  void run_step();
  void read_logits(const Logits& logits);
  void keep_full_pages(ActiveRequest& request);
  void deliver();

  EngineOptions options_;
  Session session_;
  PrefixTree tree_;
  Requests waiting_;
  Requests running_;
  std::unique_ptr<DraftModel> draft_model_;  // null: none
  std::map<RequestId, Draft> drafts_;        // of this step
  std::vector<DraftWish> wishes_;            // what the draft model was asked for, and said
  std::vector<StepItem> items_;
  std::vector<SequenceWork> work_;
  EngineFigures figures_;
};

}  // namespace adze::runtime
