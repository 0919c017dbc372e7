#include "evaluate/side_by_side.h"

#include "base/error.h"
#include "runtime/sampler.h"

namespace adze::evaluate {

std::vector<int32_t> spread_tokens(int64_t count, int64_t vocabulary) {
  std::vector<int32_t> tokens;
  tokens.reserve(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) tokens.push_back(static_cast<int32_t>((i * 7919 + 17) % vocabulary));
  return tokens;
}

SideBySide::SideBySide(runtime::Session& session, int64_t count)
    : session_(session), next_(spread_tokens(count, session.model().vocabulary())) {
  if (count < 1) fail(ErrorCode::bad_input, "{} sequences cannot run side by side", count);
  for (int64_t i = 0; i < count; ++i) ids_.push_back(session.add_sequence());
}

SideBySide::~SideBySide() {
  for (const auto id : ids_) session_.remove_sequence(id);
}

void SideBySide::fill(int64_t tokens) {
  for (const auto id : ids_) {
    const int64_t missing = tokens - session_.length(id);
    if (missing > 0) session_.feed(id, spread_tokens(missing, session_.model().vocabulary()));
  }
}

void SideBySide::go_back_to(int64_t tokens) {
  for (const auto id : ids_) session_.truncate(id, tokens);
  fill(tokens);  // of models that cannot go back
}

runtime::Logits SideBySide::run(int64_t tokens) {
  const auto text = spread_tokens(tokens, session_.model().vocabulary());
  work_.clear();
  for (const auto id : ids_) work_.push_back({id, text, runtime::LogitsWanted::last});
  return session_.run(work_);
}

void SideBySide::generate(int64_t steps) {
  runtime::Sampler sampler({.temperature = 0});
  work_.clear();
  for (size_t i = 0; i < ids_.size(); ++i) work_.push_back({ids_[i], {&next_[i], 1}, runtime::LogitsWanted::last});
  for (int64_t step = 0; step < steps; ++step) {
    const auto logits = session_.run(work_);
    for (size_t i = 0; i < ids_.size(); ++i) {
      next_[i] = sampler.sample(logits.row(static_cast<int64_t>(i)));
    }
  }
}

std::span<const float> SideBySide::prompt(int64_t tokens) {
  return session_.feed(ids_.front(), spread_tokens(tokens, session_.model().vocabulary()));
}

}  // namespace adze::evaluate
