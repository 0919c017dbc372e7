// Measuring a whole model: what is counted, not how fast it is.
#include "evaluate/speed.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "base/error.h"
#include "evaluate/op_profile.h"
#include "evaluate/side_by_side.h"
#include "formats/format.h"
#include "formats/test_folder.h"
#include "pipeline/make_model.h"

namespace adze {
namespace {

class Speed : public testing::Test {
 protected:
  static std::unique_ptr<runtime::Session> open(int64_t context_tokens) {
    const auto path = formats::test_folder() + "/tiny.gguf";
    pipeline::make_model({.shape = "tiny", .target = path, .type = "Q4_0"});
    auto model = std::make_shared<runtime::LoadedModel>(formats::read_model(path), passes::ActivationPolicy::automatic);
    return std::make_unique<runtime::Session>(
        model, runtime::SessionOptions{.threads = 2, .context_tokens = context_tokens, .batch_tokens = 64});
  }
};

TEST_F(Speed, CountsTheTokensOfAllSequences) {
  const evaluate::SpeedOptions options{
      .prompt_tokens = 100, .generated_tokens = 3, .depth = 40, .batch = 5, .rounds = 3};
  const auto session = open(evaluate::context_for(options));
  const auto speed = evaluate::measure_speed(*session, options, no_progress());
  EXPECT_EQ(speed.prompt.seconds.size(), 3u);
  EXPECT_EQ(speed.generation.seconds.size(), 3u);
  EXPECT_DOUBLE_EQ(speed.prompt_tokens_per_second, 100 / speed.prompt.median());
  EXPECT_DOUBLE_EQ(speed.generated_tokens_per_second, 15 / speed.generation.median());
  EXPECT_GE(speed.first_token.median(), speed.prompt.fastest());
}

TEST_F(Speed, SaysWhenTheContextIsTooSmall) {
  const auto session = open(64);
  EXPECT_THROW(evaluate::measure_speed(*session, {.prompt_tokens = 100}, no_progress()), Error);
  EXPECT_THROW(evaluate::measure_speed(*session, {.prompt_tokens = 1, .rounds = 0}, no_progress()), Error);
  evaluate::measure_speed(*session, {.prompt_tokens = 8, .generated_tokens = 2, .rounds = 1}, no_progress());
}

TEST_F(Speed, SequencesSideBySideGrowTogether) {
  const auto session = open(1024);
  {
    evaluate::SideBySide sequences(*session, 3);
    sequences.fill(20);
    EXPECT_EQ(sequences.run(4).rows, 3);
    sequences.generate(5);
    EXPECT_EQ(session->length(0), 29);
    EXPECT_EQ(session->length(2), 29);
    sequences.go_back_to(20);
    EXPECT_EQ(session->length(1), 20);
    EXPECT_THROW(sequences.run(40), Error);  // more than a batch
  }
  EXPECT_EQ(evaluate::SideBySide(*session, 1).run(1).rows, 1);
  EXPECT_THROW(evaluate::SideBySide(*session, 0), Error);
}

TEST_F(Speed, TheProfileAccountsForEveryNode) {
  const auto session = open(1024);
  const auto times = evaluate::profile_ops(*session, {.depth = 10, .batch = 2, .tokens = 3, .calls = 3});
  int64_t nodes = 0;
  for (const auto& time : times) nodes += time.nodes;
  EXPECT_EQ(nodes, static_cast<int64_t>(session->plan().nodes().size()));
  const auto named = [&](const std::string& name) { return *std::ranges::find(times, name, &evaluate::OpTime::node); };
  const auto down = named("blk.*.ffn_down");
  EXPECT_EQ(down.nodes, 2);  // layers
  EXPECT_EQ(down.weight, "q4_0");
  EXPECT_TRUE(down.int8);
  EXPECT_EQ(std::fmod(down.cost.multiply_adds, 2.0 * 6 * 512 * 256), 0);  // one or more planes of codes
  const auto attention = named("blk.*.attn");
  EXPECT_EQ(attention.cost.multiply_adds, 2 * 2 * 2.0 * (11 + 12 + 13) * 4 * 64);
  EXPECT_EQ(evaluate::node_group("blk.12.attn_q"), "blk.*.attn_q");
  EXPECT_EQ(evaluate::node_group("output_norm"), "output_norm");
}

TEST_F(Speed, KernelsSumUpTheirNodes) {
  const auto session = open(1024);
  const auto times = evaluate::profile_ops(*session, {.tokens = 1, .calls = 3});
  const auto sums = evaluate::by_kernel(times);
  EXPECT_LT(sums.size(), times.size());
  double all = 0, summed = 0;
  for (const auto& time : times) all += time.cost.bytes;
  for (const auto& sum : sums) summed += sum.cost.bytes;
  EXPECT_DOUBLE_EQ(all, summed);
  EXPECT_TRUE(std::ranges::is_sorted(sums, std::greater{}, &evaluate::OpTime::seconds));
}

}  // namespace
}  // namespace adze
