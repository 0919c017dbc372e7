#include "runtime/engine/draft_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "base/error.h"
#include "runtime/engine/prefix_length.h"
#include "runtime/samplers/candidates.h"
#include "text/tokenizers/tokenizer.h"

namespace adze::runtime {
namespace {

// Of the likeliest token, whose logit is `best`. What is a hundred thousand times less likely hardly counts.
double probability_of(float best, std::span<const float> logits) {
  constexpr float kFar = 12;
  double sum = 0;
  for (const float logit : logits) {
    if (logit > best - kFar) sum += std::exp(logit - best);
  }
  return 1 / sum;
}

std::shared_ptr<LoadedModel> checked(std::shared_ptr<LoadedModel> model, const LoadedModel& target) {
  require_same_vocabulary(*model, target);
  return model;
}

}  // namespace

void require_same_vocabulary(const LoadedModel& draft, const LoadedModel& target) {
  const auto& ours = target.tokenizer();
  const auto& theirs = draft.tokenizer();
  const auto refuse = [&](const std::string& difference) {
    fail(ErrorCode::bad_input, "{}: cannot draft for {}: {}; a draft model must have the same vocabulary",
         draft.model().source, target.model().source, difference);
  };
  if (theirs.vocabulary_size() != ours.vocabulary_size()) {
    refuse(fmt::format("it has {} tokens instead of {}", theirs.vocabulary_size(), ours.vocabulary_size()));
  }
  for (int32_t id = 0; id < static_cast<int32_t>(ours.vocabulary_size()); ++id) {
    if (theirs.token_text(id) == ours.token_text(id)) continue;
    refuse(fmt::format("token {} is '{}' instead of '{}'", id, theirs.token_text(id), ours.token_text(id)));
  }
}

DraftModel::DraftModel(std::shared_ptr<LoadedModel> model, const LoadedModel& target, const DraftModelOptions& options,
                       std::shared_ptr<ThreadPool> pool)
    : options_(options),
      session_(checked(std::move(model), target), options.session, std::move(pool)),
      tree_(session_.cache()) {
  if (session_.cache().keeps_tokens_apart()) return;
  fail(ErrorCode::unsupported, "{}: cannot draft: it remembers more than a row for each token, and could not go back",
       session_.model().model().source);
}

// ---- What was read

DraftModel::Text& DraftModel::open(int64_t id, std::span<const int32_t> tokens) {
  const auto [place, is_new] = texts_.try_emplace(id);
  Text& text = place->second;
  if (!is_new) {
    settle(text, tokens);
    return text;
  }
  std::vector<int32_t> pages;
  if (options_.share_prefixes) pages = tree_.find(tokens.first(tokens.size() - 1));
  text.sequence = session_.add_sequence(pages);
  text.known_pages = std::ssize(pages);
  const auto known = tokens.first(static_cast<size_t>(session_.length(text.sequence)));
  text.held.assign(known.begin(), known.end());
  return text;
}

// Forgets wrong guesses. The last token is always fed again, for what comes behind it.
void DraftModel::settle(Text& text, std::span<const int32_t> tokens) {
  int64_t right = std::min(shared_prefix_length(text.held, tokens), std::ssize(tokens) - 1);
  if (right < text.known_pages * KvCache::kPageTokens) {  // another text: pages that others hold are not written
    text.known_pages = right / KvCache::kPageTokens;
    right = text.known_pages * KvCache::kPageTokens;
  }
  session_.truncate(text.sequence, right);
  text.held.resize(static_cast<size_t>(right));
  if (!options_.share_prefixes) return;
  while ((text.known_pages + 1) * KvCache::kPageTokens <= right) {
    const int64_t index = text.known_pages++;
    const int32_t page = session_.pages(text.sequence)[static_cast<size_t>(index)];
    const int32_t kept = tree_.add(tokens.first(static_cast<size_t>((index + 1) * KvCache::kPageTokens)), page);
    if (kept != page) session_.exchange_page(text.sequence, index, kept);
  }
}

void DraftModel::forget(int64_t id, std::span<const int32_t> tokens) {
  const auto found = texts_.find(id);
  if (found == texts_.end()) return;
  settle(found->second, tokens);
  session_.remove_sequence(found->second.sequence);
  texts_.erase(found);
}

// Models of a family often have more rows than tokens, and not equally many.
bool DraftModel::can_read(std::span<const int32_t> tokens) const {
  const int64_t rows = session_.model().vocabulary();
  return std::ranges::all_of(tokens, [&](int32_t token) { return token < rows; });
}

bool DraftModel::make_room(const Text& text, int64_t tokens, int64_t& promised_pages) {
  const KvCache& cache = session_.cache();
  const int64_t length = session_.length(text.sequence) + tokens;
  if (length > cache.capacity_tokens()) return false;
  const int64_t wanted =
      promised_pages + std::max<int64_t>(0, KvCache::pages_for(length) - std::ssize(session_.pages(text.sequence)));
  while (cache.free_pages() < wanted) {
    if (!tree_.give_away_one()) return false;
  }
  promised_pages = wanted;
  return true;
}

// ---- Guessing

// Texts in their order, as far as one call has room.
std::vector<DraftModel::Reading> DraftModel::unread_parts(std::span<DraftWish> wishes) {
  std::vector<Reading> readings;
  int64_t room = session_.batch_tokens();
  int64_t promised_pages = 0;
  for (DraftWish& wish : wishes) {
    if (room == 0 || std::ssize(readings) == session_.logit_rows()) break;
    if (wish.most <= 0) continue;
    Text& text = open(wish.text, wish.tokens);
    const auto unread = wish.tokens.subspan(text.held.size());
    const auto next = unread.first(std::min(unread.size(), static_cast<size_t>(room)));
    const bool is_all = next.size() == unread.size();
    if (!can_read(next) || !make_room(text, std::ssize(next) + (is_all ? wish.most - 1 : 0), promised_pages)) continue;
    room -= std::ssize(next);
    readings.push_back({&text, next, is_all ? &wish : nullptr});
  }
  return readings;
}

Logits DraftModel::read(std::span<const Reading> readings) {
  work_.clear();
  for (const Reading& reading : readings) {
    work_.push_back({reading.text->sequence, reading.tokens, reading.wish ? LogitsWanted::last : LogitsWanted::none});
  }
  const Logits logits = session_.run(work_);
  for (const Reading& reading : readings) {
    reading.text->held.insert(reading.text->held.end(), reading.tokens.begin(), reading.tokens.end());
  }
  return logits;
}

// Adds a guess to each wish; those that are to be read further remain.
void DraftModel::guess(std::vector<Reading>& readings, const Logits& logits) {
  const auto add_guess = [&](size_t index) {
    const auto row = logits.row(static_cast<int64_t>(index));
    Reading& reading = readings[index];
    const int32_t token = most_likely(row);
    const bool is_likely = probability_of(row[static_cast<size_t>(token)], row) >= options_.min_probability;
    if (is_likely) reading.wish->guesses.push_back(token);
    if (!is_likely || std::ssize(reading.wish->guesses) == reading.wish->most) {
      reading.wish = nullptr;
    } else {
      reading.tokens = std::span(reading.wish->guesses).last(1);
    }
  };
  readings.size() == 1 ? add_guess(0) : session_.pool().for_each(readings.size(), add_guess);
  std::erase_if(readings, [](const Reading& reading) { return !reading.wish; });
}

void DraftModel::draft(std::span<DraftWish> wishes) {
  auto readings = unread_parts(wishes);
  while (!readings.empty()) {
    const Logits logits = read(readings);
    std::erase_if(readings, [](const Reading& reading) { return !reading.wish; });
    if (!readings.empty()) guess(readings, logits);
  }
}

}  // namespace adze::runtime
