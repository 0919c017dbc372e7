// Tokens that follow a grammar.
#pragma once

#include <memory>
#include <vector>

#include "runtime/token_constraint.h"
#include "text/grammars/token_masks.h"

namespace adze::runtime {

class GrammarConstraint : public TokenConstraint {
 public:
  /// The program and the tokens may be shared with others; states and masks are this constraint's own, and kept from
  /// one text to the next.
  GrammarConstraint(std::shared_ptr<const text::GrammarProgram> program, std::shared_ptr<const text::TokenTrie> tokens);

  void begin() override;
  std::span<const float> restrict(std::span<const float> logits) override;
  void accept(int32_t token) override;
  bool is_complete() const override;

 private:
  std::shared_ptr<const text::GrammarProgram> program_;
  std::shared_ptr<const text::TokenTrie> tokens_;
  std::unique_ptr<text::TokenMasks> masks_;
  text::TokenMasks::State state_ = text::GrammarAutomaton::kDead;
  bool has_ended_ = false;
  std::vector<float> logits_;
};

}  // namespace adze::runtime
