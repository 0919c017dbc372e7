#include "runtime/engine/batcher.h"

#include <algorithm>

#include "base/clock.h"
#include "runtime/engine/prompt_lookup.h"
#include "runtime/engine/step_shares.h"

namespace adze::runtime {
namespace {

int64_t common_beginning(std::span<const int32_t> a, std::span<const int32_t> b) {
  return std::ranges::mismatch(a, b).in1 - a.begin();
}

// Logits are wanted behind the last token at least, so that one is fed whatever is known.
std::span<const int32_t> tokens_to_find(const ActiveRequest& request) {
  return request.tokens().first(request.tokens().size() - 1);
}

SessionOptions with_all_logits(SessionOptions options) {
  options.logit_rows = 0;
  return options;
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
  figures_.pages = session_.cache().pages();
  figures_.page_tokens = KvCache::kPageTokens;
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

void Batcher::stop_running(ActiveRequest& request) {
  if (!request.sequence) return;
  session_.remove_sequence(*request.sequence);
  request.sequence.reset();
  request.known_pages = 0;
}

void Batcher::end(Requests& requests, Requests::iterator request) {
  const auto ended = std::move(request->second);
  requests.erase(request);
  stop_running(*ended);
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
  return tree_.find(tokens_to_find(request));
}

// Whether an older request is on its way through the page that this one needs next: then waiting is cheaper.
bool Batcher::is_being_computed(const ActiveRequest& request, int64_t known_pages) const {
  if (!options_.share_prefixes || request.scores_prompt()) return false;
  return std::ranges::any_of(running_, [&](const auto& entry) {
    const ActiveRequest& other = *entry.second;
    if (session_.length(*other.sequence) + 1 >= other.length()) return false;
    const int64_t common = common_beginning(tokens_to_find(request), other.tokens());
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
  begun.sequence = session_.add_sequence(pages);
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
  stop_running(*youngest->second);
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

std::span<const int32_t> Batcher::draft_for(ActiveRequest& request, int64_t room, int64_t spare_pages) const {
  const SpeculationOptions& options = options_.speculation;
  room = std::min({room, options.max_draft_tokens, request.tokens_to_come() - 1});
  if (room <= 0) return {};
  const int64_t pages = KvCache::pages_for(request.length()) + spare_pages;
  room = std::min({room, request.next_draft_length(), pages * KvCache::kPageTokens - request.length()});
  return look_up_draft(request.tokens(), options.min_match_tokens, options.max_match_tokens, room);
}

void Batcher::plan_step() {
  items_.clear();
  auto tokens_of = shares();
  make_room(tokens_of);
  int64_t draft_room = std::min(options_.speculation.max_step_tokens, session_.batch_tokens());
  for (const int64_t count : tokens_of) draft_room -= count;
  int64_t spare_pages = -missing_pages(tokens_of);
  size_t index = 0;
  for (const auto& [id, request] : running_) {
    const int64_t count = tokens_of[index++];
    if (count == 0) continue;
    const int64_t fed = session_.length(*request->sequence);
    std::span<const int32_t> draft;
    if (request->generates(fed)) draft = draft_for(*request, draft_room, spare_pages);
    const int64_t end = fed + count + std::ssize(draft);
    draft_room -= std::ssize(draft);
    spare_pages -= KvCache::pages_for(end) - KvCache::pages_for(fed + count);
    items_.push_back({request.get(), request->next_feed(fed, count, draft)});
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
  while ((request.known_pages + 1) * KvCache::kPageTokens <= session_.length(sequence)) {
    const int64_t index = request.known_pages++;
    const auto tokens = request.tokens().first(static_cast<size_t>((index + 1) * KvCache::kPageTokens));
    const int32_t page = session_.pages(sequence)[static_cast<size_t>(index)];
    const int32_t kept = tree_.add(tokens, page);
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
    stop_running(*request->second);
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
