#include "runtime/grammar_constraint.h"

#include <bit>
#include <limits>
#include <utility>

#include "base/error.h"

namespace adze::runtime {
namespace {

constexpr size_t kMaxKeptBytes = size_t{256} << 20;  // from one text to the next

}  // namespace

GrammarConstraint::GrammarConstraint(std::shared_ptr<const text::GrammarProgram> program,
                                     std::shared_ptr<const text::TokenTrie> tokens)
    : program_(std::move(program)), tokens_(std::move(tokens)) {
  begin();
}

void GrammarConstraint::begin() {
  if (!masks_ || masks_->bytes() > kMaxKeptBytes) masks_ = std::make_unique<text::TokenMasks>(program_, tokens_);
  state_ = masks_->start();
  has_ended_ = false;
}

std::span<const float> GrammarConstraint::restrict(std::span<const float> logits) {
  const text::TokenBits& allowed = masks_->allowed(state_);
  logits_.assign(logits.size(), -std::numeric_limits<float>::infinity());
  bool is_any = false;
  for (size_t word = 0; word < allowed.size(); ++word) {
    for (uint64_t bits = allowed[word]; bits != 0; bits &= bits - 1) {
      const size_t token = 64 * word + static_cast<size_t>(std::countr_zero(bits));
      if (token >= logits.size()) break;
      logits_[token] = logits[token];
      is_any = true;
    }
  }
  if (!is_any) fail(ErrorCode::unsupported, "no token of the model goes on with what the grammar asks for");
  return logits_;
}

void GrammarConstraint::accept(int32_t token) {
  if (tokens_->is_end(token)) {
    has_ended_ = true;
  } else {
    state_ = masks_->accept(state_, token);
  }
}

bool GrammarConstraint::is_complete() const { return has_ended_ || !masks_->may_go_on(state_); }

}  // namespace adze::runtime
