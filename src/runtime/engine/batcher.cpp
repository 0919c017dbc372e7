#include "runtime/engine/batcher.h"

#include <algorithm>

#include "base/clock.h"
#include "runtime/engine/prefix_length.h"
#include "runtime/engine/prompt_lookup.h"
#include "runtime/engine/step_shares.h"

namespace adze::runtime {
namespace {

// Logits are wanted behind the last token at least, so that one is fed whatever is known.
std::span<const int32_t> tokens_to_find(const ActiveRequest& request) {
  return request.tokens().first(request.tokens().size() - 1);
}

SessionOptions with_all_logits(SessionOptions options) {
  options.logit_rows = 0;
  return options;
}

DraftModelOptions draft_options(const EngineOptions& options) {
  DraftModelOptions draft{options.session, options.speculation.min_model_probability, options.share_prefixes};
  draft.session.logit_rows = options.max_running;
  return draft;
}

int64_t logit_rows(const Feed& feed) {
  if (feed.logits == LogitsWanted::none) return 0;
  return feed.logits == LogitsWanted::all ? static_cast<int64_t>(feed.tokens.size()) : 1;
}

}  // namespace

Batcher::Batcher(std::shared_ptr<LoadedModel> model, const EngineOptions& options)
    : options_(options), session_(std::move(model), with_all_logits(options.session)), tree_(session_.cache()) {
  options_.max_running = std::min(options_.max_running, session_.batch_tokens());
  if (!session_.cache().keeps_tokens_apart()) {
    options_.share_prefixes = false;
    options_.speculation.max_draft_tokens = 0;  // tokens that were not taken could not be forgotten
  }
  open_draft_model();
  figures_.pages = session_.cache().pages();
  figures_.page_tokens = KvCache::kPageTokens;
}

void Batcher::open_draft_model() {
  const auto& model = options_.speculation.draft_model;
  if (!model) return;
  const LoadedModel& target = session_.model();
  if (!session_.cache().keeps_tokens_apart()) {
    fail(ErrorCode::unsupported,
         "{}: takes no drafts: it remembers more than a row for each token, and could not forget wrong ones",
         target.model().source);
  }
  draft_model_ = std::make_unique<DraftModel>(model, target, draft_options(options_), session_.shared_pool());
}

int64_t Batcher::most_request_tokens() const {
  const int64_t capacity = session_.cache().capacity_tokens();
  return options_.max_request_tokens > 0 ? std::min(options_.max_request_tokens, capacity) : capacity;
}

EngineFigures Batcher::figures() const {
  EngineFigures figures = figures_;
  figures.waiting_requests = static_cast<int64_t>(waiting_.size());
  figures.running_requests = static_cast<int64_t>(running_.size());
  figures.free_pages = session_.cache().free_pages();
  figures.cached_pages = tree_.idle_pages();
  figures.used_pages = figures.pages - figures.free_pages - figures.cached_pages;
  return figures;
}

// ---- Coming and going

void Batcher::add(RequestId id, std::unique_ptr<ActiveRequest> request) {
  ++figures_.submitted_requests;
  waiting_.emplace(id, std::move(request));
}

void Batcher::stop_running(RequestId id, ActiveRequest& request) {
  if (!request.sequence) return;
  if (draft_model_) draft_model_->forget(id, request.tokens());
  session_.remove_sequence(*request.sequence);
  request.sequence.reset();
  request.known_pages = 0;
}

void Batcher::end(Requests& requests, Requests::iterator request) {
  const auto ended = std::move(request->second);
  stop_running(request->first, *ended);
  requests.erase(request);
  ended->deliver(figures_);
}

void Batcher::cancel(RequestId id) {
  for (Requests* requests : {&waiting_, &running_}) {
    const auto found = requests->find(id);
    if (found == requests->end()) continue;
    found->second->end(StopReason::cancelled);
    end(*requests, found);
  }
}

void Batcher::cancel_all() {
  for (Requests* requests : {&waiting_, &running_}) {
    while (!requests->empty()) {
      requests->begin()->second->end(StopReason::cancelled);
      end(*requests, requests->begin());
    }
  }
}

void Batcher::fail_all(const Error& error) {
  for (Requests* requests : {&waiting_, &running_}) {
    while (!requests->empty()) {
      requests->begin()->second->fail_with(error);
      end(*requests, requests->begin());
    }
  }
}

void Batcher::end_overdue(Requests& requests) {
  for (auto next = requests.begin(); next != requests.end();) {
    const auto request = next++;
    if (!request->second->is_overdue()) continue;
    request->second->end(StopReason::time_limit);
    end(requests, request);
  }
}

// ---- Which requests run

std::vector<int32_t> Batcher::known_pages(const ActiveRequest& request) {
  if (!options_.share_prefixes || request.scores_prompt()) return {};
  return tree_.find(tokens_to_find(request), request.prefix_key());
}

// Whether an older request is on its way through the page that this one needs next: then waiting is cheaper.
bool Batcher::is_being_computed(const ActiveRequest& request, int64_t known_pages) const {
  if (!options_.share_prefixes || request.scores_prompt()) return false;
  return std::ranges::any_of(running_, [&](const auto& entry) {
    const ActiveRequest& other = *entry.second;
    if (session_.length(*other.sequence) + 1 >= other.length()) return false;
    if (!std::ranges::equal(request.adapters(), other.adapters())) return false;
    const int64_t common = shared_prefix_length(tokens_to_find(request), other.tokens());
    return common / KvCache::kPageTokens > known_pages;
  });
}

// That it needs for what it holds and a page more, so that who begins gets somewhere.
int64_t Batcher::pages_to_grow(const ActiveRequest& request) const {
  return KvCache::pages_for(request.length() + std::min(request.tokens_to_come(), KvCache::kPageTokens));
}

bool Batcher::fits(const ActiveRequest& request, std::span<const int32_t> known_pages) const {
  if (running_.empty()) return true;
  const KvCache& cache = session_.cache();
  int64_t available = cache.free_pages() + tree_.idle_pages();
  for (const auto& [id, other] : running_) {
    available -= std::max<int64_t>(0, pages_to_grow(*other) - std::ssize(session_.pages(*other->sequence)));
  }
  const int64_t in_use = std::ranges::count_if(known_pages, [&](int32_t page) { return cache.holders(page) > 1; });
  return pages_to_grow(request) - in_use <= available;
}

void Batcher::begin(Requests::iterator request) {
  ActiveRequest& begun = *request->second;
  const auto pages = known_pages(begun);
  begun.sequence = session_.add_sequence(pages, begun.adapters());
  begun.known_pages = std::ssize(pages);
  const int64_t reused = session_.length(*begun.sequence);
  if (begun.was_preempted()) {
    figures_.recomputed_tokens += begun.length() - reused;
  } else {
    begun.begin(reused);
    figures_.prompt_tokens += begun.length();
    figures_.reused_prompt_tokens += reused;
  }
  running_.insert(waiting_.extract(request));
}

void Batcher::admit() {
  for (auto next = waiting_.begin(); next != waiting_.end();) {
    if (std::ssize(running_) >= options_.max_running) return;
    const auto request = next++;
    const auto pages = known_pages(*request->second);
    if (is_being_computed(*request->second, std::ssize(pages))) continue;
    if (!fits(*request->second, pages)) return;  // nobody younger overtakes it
    begin(request);
  }
}

// ---- What they are fed

std::vector<int64_t> Batcher::shares() const {
  std::vector<StepDemand> demands;
  for (const auto& [id, request] : running_) {
    const int64_t fed = session_.length(*request->sequence);
    demands.push_back({request->length() - fed, request->generates(fed)});
  }
  return share_out_step(demands, {session_.batch_tokens(), options_.prompt_tokens_beside});
}

int64_t Batcher::missing_pages(std::span<const int64_t> shares) const {
  int64_t missing = -session_.cache().free_pages();
  size_t index = 0;
  for (const auto& [id, request] : running_) {
    const int64_t length = session_.length(*request->sequence) + shares[index++];
    missing += std::max<int64_t>(0, KvCache::pages_for(length) - std::ssize(session_.pages(*request->sequence)));
  }
  return missing;
}

void Batcher::preempt_youngest() {
  const auto youngest = std::prev(running_.end());
  stop_running(youngest->first, *youngest->second);
  youngest->second->note_preemption();
  ++figures_.preemptions;
  waiting_.insert(running_.extract(youngest));
}

void Batcher::make_room(std::vector<int64_t>& shares) {
  while (missing_pages(shares) > 0) {
    if (tree_.give_away_one()) {
      ++figures_.evicted_pages;
    } else if (running_.size() > 1) {
      preempt_youngest();
      shares.pop_back();
    } else {
      return;  // the session says what is wrong
    }
  }
}

// ---- Drafts

// For what it may still say, and what is left of the step and the cache.
int64_t Batcher::most_drafted(const ActiveRequest& request, int64_t tokens, const DraftRoom& room) {
  const int64_t pages = KvCache::pages_for(request.length()) + room.pages;
  return std::min({tokens, room.tokens, request.tokens_to_come() - 1, pages * KvCache::kPageTokens - request.length()});
}

void Batcher::take_room(const ActiveRequest& request, int64_t tokens, DraftRoom& room) {
  room.tokens -= tokens;
  room.pages -= KvCache::pages_for(request.length() + tokens) - KvCache::pages_for(request.length());
}

Draft Batcher::look_up(ActiveRequest& request, DraftRoom& room) const {
  const SpeculationOptions& options = options_.speculation;
  if (most_drafted(request, options.max_draft_tokens, room) <= 0) return {};
  const int64_t most =
      most_drafted(request, std::min(options.max_draft_tokens, request.pace(DraftSource::lookup).next_length()), room);
  const auto tokens = look_up_draft(request.tokens(), options.min_match_tokens, options.max_match_tokens, most);
  take_room(request, std::ssize(tokens), room);
  return {tokens, DraftSource::lookup};
}

// What room is left is shared out evenly among those that wish.
void Batcher::ask_draft_model(DraftRoom& room) {
  auto left = std::ssize(wishes_);
  for (DraftWish& wish : wishes_) {
    const ActiveRequest& request = *running_.at(wish.text);
    wish.most = most_drafted(request, std::min(wish.most, (room.tokens + left - 1) / left), room);
    take_room(request, std::max<int64_t>(0, wish.most), room);
    --left;
  }
  const int64_t start_ns = now_ns();
  draft_model_->draft(wishes_);
  figures_.draft_seconds += seconds_since(start_ns);
  for (const DraftWish& wish : wishes_) {
    drafts_[wish.text] = {wish.guesses, DraftSource::model};
    if (wish.most > 0 && wish.guesses.empty()) running_.at(wish.text)->pace(DraftSource::model).note_none();
  }
}

void Batcher::plan_drafts(std::span<const int64_t> shares) {
  drafts_.clear();
  wishes_.clear();
  DraftRoom room{std::min(options_.speculation.max_step_tokens, session_.batch_tokens()), -missing_pages(shares)};
  for (const int64_t count : shares) room.tokens -= count;
  const auto generates = [&](const auto& entry) {
    return entry.second->generates(session_.length(*entry.second->sequence));
  };
  const bool may_ask =
      draft_model_ && std::ranges::count_if(running_, generates) <= options_.speculation.max_model_requests;
  size_t index = 0;
  for (const auto& [id, request] : running_) {
    if (shares[index++] == 0 || !request->generates(session_.length(*request->sequence))) continue;
    if (room.tokens <= 0) return;
    const Draft draft = look_up(*request, room);
    if (!draft.tokens.empty()) {
      drafts_[id] = draft;
    } else if (may_ask) {
      const int64_t length = request->pace(DraftSource::model).next_length();
      if (length > 0)
        wishes_.push_back({id, request->tokens(), std::min(length, options_.speculation.max_model_tokens)});
    }
  }
  if (!wishes_.empty()) ask_draft_model(room);
}

void Batcher::plan_step() {
  items_.clear();
  auto tokens_of = shares();
  make_room(tokens_of);
  plan_drafts(tokens_of);
  size_t index = 0;
  for (const auto& [id, request] : running_) {
    const int64_t count = tokens_of[index++];
    if (count == 0) continue;
    const auto draft = drafts_.find(id);
    const int64_t fed = session_.length(*request->sequence);
    items_.push_back({request.get(), request->next_feed(fed, count, draft == drafts_.end() ? Draft{} : draft->second)});
  }
}

// ---- The step

void Batcher::run_step() {
  work_.clear();
  int64_t rows = 0;
  int64_t tokens = 0;
  for (StepItem& item : items_) {
    work_.push_back({*item.request->sequence, item.feed.tokens, item.feed.logits});
    item.row = rows;
    rows += logit_rows(item.feed);
    tokens += std::ssize(item.feed.tokens);
  }
  const int64_t start_ns = now_ns();
  try {
    read_logits(session_.run(work_));
  } catch (const Error& error) {
    for (const StepItem& item : items_) item.request->fail_with(error);
  }
  ++figures_.steps;
  figures_.step_seconds += seconds_since(start_ns);
  figures_.step_tokens.add(static_cast<double>(tokens));
}

// Sampling many requests takes as long as the matrix products of a small model: all threads share it.
void Batcher::read_logits(const Logits& logits) {
  const auto read = [&](size_t index) {
    const StepItem& item = items_[index];
    item.request->read(item.feed, logits, item.row);
  };
  items_.size() == 1 ? read(0) : session_.pool().for_each(items_.size(), read);
}

void Batcher::keep_full_pages(ActiveRequest& request) {
  const SequenceId sequence = *request.sequence;
  if (session_.length(sequence) >= request.length()) {
    session_.truncate(sequence, request.length() - 1);  // forgets drafts that were wrong
  }
  if (!options_.share_prefixes) return;
  const auto is_full = [&] { return (request.known_pages + 1) * KvCache::kPageTokens <= session_.length(sequence); };
  if (!is_full()) return;
  const auto key = request.prefix_key();
  while (is_full()) {
    const int64_t index = request.known_pages++;
    const auto tokens = request.tokens().first(static_cast<size_t>((index + 1) * KvCache::kPageTokens));
    const int32_t page = session_.pages(sequence)[static_cast<size_t>(index)];
    const int32_t kept = tree_.add(tokens, page, key);
    if (kept != page) session_.exchange_page(sequence, index, kept);
  }
}

void Batcher::deliver() {
  for (const StepItem& item : items_) {
    keep_full_pages(*item.request);
    item.request->deliver(figures_);
  }
  for (auto next = running_.begin(); next != running_.end();) {
    const auto request = next++;
    if (!request->second->has_ended()) continue;
    stop_running(request->first, *request->second);
    running_.erase(request);
  }
}

void Batcher::step() {
  end_overdue(waiting_);
  end_overdue(running_);
  admit();
  plan_step();
  if (items_.empty()) return;
  run_step();
  deliver();
}

}  // namespace adze::runtime
