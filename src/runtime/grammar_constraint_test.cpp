#include "runtime/grammar_constraint.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/error.h"
#include "runtime/sampler.h"
#include "text/grammars/gbnf_parser.h"

namespace adze::runtime {
namespace {

constexpr float kForbidden = -std::numeric_limits<float>::infinity();

/// Tokens: 0 the end, 1 "a", 2 "b", 3 "ab", 4 a control token.
GrammarConstraint constraint_of(const std::string& source) {
  return {std::make_shared<text::GrammarProgram>(text::parse_gbnf(source, "test")),
          std::make_shared<text::TokenTrie>(std::vector<std::string>{"", "a", "b", "ab", ""}, std::vector<int32_t>{0})};
}

std::vector<float> restricted(GrammarConstraint& constraint, const std::vector<float>& logits) {
  const auto span = constraint.restrict(logits);
  return {span.begin(), span.end()};
}

TEST(GrammarConstraint, LeavesWhatMayComeNext) {
  auto constraint = constraint_of("root ::= \"a\"+ \"b\"?");
  // The model may have more logits than its vocabulary has tokens.
  const std::vector<float> logits{1, 2, 3, 4, 5, 6};
  EXPECT_EQ(restricted(constraint, logits), (std::vector<float>{kForbidden, 2, kForbidden, 4, kForbidden, kForbidden}));
  constraint.accept(1);
  EXPECT_EQ(restricted(constraint, logits), (std::vector<float>{1, 2, 3, 4, kForbidden, kForbidden}));
  EXPECT_FALSE(constraint.is_complete());
  constraint.accept(3);
  EXPECT_TRUE(constraint.is_complete());
  constraint.begin();
  EXPECT_FALSE(constraint.is_complete());
  constraint.accept(1);
  constraint.accept(0);
  EXPECT_TRUE(constraint.is_complete());
}

TEST(GrammarConstraint, SaysWhenNoTokenFits) {
  auto constraint = constraint_of("root ::= \"c\"");
  EXPECT_THROW(constraint.restrict(std::vector<float>{1, 2, 3, 4, 5}), Error);
}

TEST(GrammarConstraint, NothingForbiddenIsEverDrawn) {
  auto constraint = constraint_of("root ::= (\"a\" | \"b\")+ \"a\"");
  for (const double temperature : {0.0, 1.0, 1e6}) {
    Sampler sampler(
        {.temperature = temperature, .top_k = 0, .top_p = 1, .min_p = 0, .repetition_penalty = 1.3, .seed = 3});
    constraint.begin();
    for (int i = 0; i < 500; ++i) {
      const auto allowed = restricted(constraint, {9, -3, -2, -1, 9});
      const int32_t token = sampler.sample(allowed);
      EXPECT_NE(allowed[static_cast<size_t>(token)], kForbidden);
      sampler.accept(token);
      if (token != 0) constraint.accept(token);
    }
  }
}

}  // namespace
}  // namespace adze::runtime
