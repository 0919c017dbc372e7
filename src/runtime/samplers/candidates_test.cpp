#include "runtime/samplers/candidates.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>

#include "base/error.h"
#include "runtime/samplers/random.h"

namespace adze::runtime {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// With many equal ones.
std::vector<float> mixed_logits(size_t count) {
  Random random(3);
  std::vector<float> logits(count);
  for (float& logit : logits) logit = static_cast<float>(static_cast<int>(random.uniform() * 500));
  return logits;
}

bool is_same(std::span<const Candidate> a, std::span<const Candidate> b) {
  return std::ranges::equal(a, b,
                            [](const auto& x, const auto& y) { return x.token == y.token && x.logit == y.logit; });
}

TEST(Candidates, AreRankedAsASortWouldRankThem) {
  const auto logits = mixed_logits(5000);
  Candidates candidates;
  candidates.assign(logits);
  std::vector<Candidate> sorted(candidates.list().begin(), candidates.list().end());
  std::ranges::sort(sorted, is_likelier);
  for (const size_t count : {1u, 40u, 41u, 256u, 300u, 299u, 1000u, 4999u, 5000u, 6000u}) {
    const auto front = candidates.likeliest(count);
    EXPECT_TRUE(is_same(front, std::span(sorted).first(std::min<size_t>(count, 5000)))) << count;
  }
  for (const size_t count : {5000u, 4000u, 700u, 100u, 1u}) {
    candidates.keep_likeliest(count);
    EXPECT_EQ(candidates.is_sorted(), count < 5000);
    EXPECT_EQ(candidates.size(), count);
    EXPECT_TRUE(!candidates.is_sorted() || is_same(candidates.list(), std::span(sorted).first(count)));
    EXPECT_EQ(candidates.best_logit(), sorted.front().logit);
  }
}

TEST(Candidates, AreTheSameWhereOnlyTheLikeliestAreListed) {
  auto logits = mixed_logits(5003);
  for (size_t i = 0; i < logits.size(); i += 7) logits[i] = i % 2 == 0 ? kNan : -kInfinity;
  logits[4321] = kInfinity;
  for (const size_t count : {1u, 40u, 256u, 257u, 5003u, 6000u}) {
    Candidates listed, direct;
    listed.assign(logits);
    listed.keep_likeliest(count);
    direct.assign_likeliest(logits, count);
    EXPECT_TRUE(is_same(listed.list(), direct.list())) << count;
    EXPECT_EQ(listed.is_sorted(), direct.is_sorted());
    EXPECT_EQ(listed.best_logit(), direct.best_logit());
    EXPECT_EQ(listed.vocabulary(), direct.vocabulary());
  }
  Candidates forbidden;
  EXPECT_THROW(forbidden.assign_likeliest(std::vector<float>(100, kNan), 3), Error);
}

TEST(Candidates, AreRankedAnewWhenLogitsChange) {
  Candidates candidates;
  candidates.assign(std::vector<float>{1, 2, 3, 4});
  EXPECT_EQ(candidates.likeliest(1).front().token, 3);
  candidates.change_logits_of(std::map<int32_t, float>{{0, 9}, {3, -5}}, [](float& logit, float to) { logit = to; });
  EXPECT_EQ(candidates.likeliest(1).front().token, 0);
  candidates.keep_likeliest(3);  // 0, 2, 1
  candidates.change_logits_of(std::map<int32_t, float>{{1, 10}, {3, 20}}, [](float& logit, float to) { logit = to; });
  EXPECT_EQ(candidates.likeliest(3).front().token, 1);
  EXPECT_EQ(candidates.best_logit(), 10);
  EXPECT_FALSE(candidates.is_sorted());
  candidates.keep_if([](const Candidate& candidate) { return candidate.token != 1; });
  EXPECT_EQ(candidates.likeliest(5).front().token, 0);
  EXPECT_EQ(candidates.size(), 2u);
  EXPECT_EQ(candidates.vocabulary(), 4u);
}

TEST(Candidates, HoldFiniteLogitsOrForbiddenOnes) {
  Candidates candidates;
  candidates.assign(std::vector<float>{kNan, kInfinity, -kInfinity, 1});
  EXPECT_EQ(candidates.list()[0].logit, -kInfinity);
  EXPECT_EQ(candidates.list()[1].logit, std::numeric_limits<float>::max());
  EXPECT_EQ(candidates.list()[2].logit, -kInfinity);
  EXPECT_EQ(candidates.total_weight(), 1);
  EXPECT_THROW(candidates.assign(std::vector<float>{kNan, -kInfinity}), Error);
  EXPECT_THROW(candidates.assign({}), Error);
  EXPECT_EQ(as_logit(1e300), std::numeric_limits<float>::max());
  EXPECT_EQ(as_logit(-1e300), -std::numeric_limits<float>::max());
  EXPECT_EQ(as_logit(-std::numeric_limits<double>::infinity()), -kInfinity);
}

}  // namespace
}  // namespace adze::runtime
