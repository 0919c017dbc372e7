#include "text/grammars/token_masks.h"

#include <utility>

namespace adze::text {
namespace {

constexpr size_t kMaxMaskBytes = size_t{64} << 20;

void unite(TokenBits& bits, const TokenBits& others) {
  for (size_t i = 0; i < bits.size(); ++i) bits[i] |= others[i];
}

}  // namespace

TokenMasks::TokenMasks(std::shared_ptr<const GrammarProgram> program, std::shared_ptr<const TokenTrie> tokens)
    : tokens_(std::move(tokens)), automaton_(std::move(program)), plain_runs_(automaton_) {
  path_.resize(tokens_->all().depth() + 1);
}

const TokenBits& TokenMasks::allowed(State state) {
  if (const auto known = masks_.find(state); known != masks_.end()) return known->second;
  const size_t mask_bytes = tokens_->ends().size() * sizeof(uint64_t);
  if ((masks_.size() + 1) * mask_bytes > kMaxMaskBytes) masks_.clear();
  return masks_.emplace(state, compute(state)).first->second;
}

// Of tokens that consist of plain characters it is mostly known from their number of characters whether they are
// allowed; the others are walked through.
TokenBits TokenMasks::compute(State state) {
  ++masks_computed_;
  TokenBits bits(tokens_->ends().size());
  if (automaton_.may_end(state)) unite(bits, tokens_->ends());
  const auto run = plain_runs_.measure(state, TokenTrie::kMaxPlainCharacters);
  if (run.all == 0 && run.some > 0) {
    walk(tokens_->all(), state, bits);
    return bits;
  }
  unite(bits, tokens_->plain_up_to(run.all));
  for (size_t characters = run.all + 1; characters <= run.some; ++characters) {
    walk(tokens_->plain(characters), state, bits);
  }
  walk(tokens_->others(), state, bits);
  return bits;
}

void TokenMasks::walk(const ByteTree& tree, State state, TokenBits& bits) {
  const auto& nodes = tree.nodes();
  const auto& class_of = automaton_.program().class_of_bytes();
  path_[0] = state;
  for (size_t i = 0; i < nodes.size();) {
    const ByteTree::Node& node = nodes[i];
    const State next = automaton_.step_class(path_[node.depth], class_of[node.byte]);
    if (next == GrammarAutomaton::kDead) {
      i = node.end;
      continue;
    }
    path_[node.depth + size_t{1}] = next;
    if (node.token != kNoToken) set_bit(bits, node.token);
    ++i;
  }
}

}  // namespace adze::text
