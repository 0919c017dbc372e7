// Graphs in the text form, run.
#include "runtime/graph_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "base/error.h"
#include "codecs/codec.h"
#include "ops/standard/standard_op.h"

namespace adze::runtime {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::shared_ptr<const graph::Graph> parsed(std::string_view text) {
  std::vector<StorageType> storages;
  for (const auto* codec : codecs::all_codecs()) storages.push_back(&codec->info);
  auto graph = graph::from_text(text, ops::standard_schemas(), storages);
  graph::verify(graph);
  return std::make_shared<const graph::Graph>(std::move(graph));
}

HostTensor floats(std::vector<float> numbers) {
  const auto count = static_cast<int64_t>(numbers.size());
  return ops::float_tensor({count}, numbers);
}

std::vector<float> result(std::string_view text, const std::map<std::string, ops::HostValue>& inputs) {
  GraphSession session(parsed(text), {}, {.threads = 1});
  const auto outputs = session.run(inputs);
  const auto numbers = outputs.at(0).tensor().numbers<float>();
  return {numbers.begin(), numbers.end()};
}

constexpr std::string_view kSum = R"(graph "sum" {
  symbol N in 0..*
  input %x: f32[N]
  input %z: f32[N]
  %s: f32[N] = Add(%x, %z)
  %y: f32[N] = Mul(%s, %s)
  return %y
})";

TEST(GraphSession, RunsNodesInOrder) {
  EXPECT_THAT(result(kSum, {{"x", floats({1, 2})}, {"z", floats({3, 4})}}), ElementsAre(16, 36));
}

std::string refusal(std::string_view text, const std::map<std::string, ops::HostValue>& inputs) {
  try {
    result(text, inputs);
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was refused";
}

TEST(GraphSession, InputsAreChecked) {
  EXPECT_THAT(refusal(kSum, {{"x", floats({1})}}), HasSubstr("input 'z' (f32[N]) is missing"));
  EXPECT_THAT(refusal(kSum, {{"x", floats({1})}, {"z", floats({1, 2})}}), HasSubstr("but N is 1 already"));
  EXPECT_THAT(refusal(kSum, {{"x", floats({1})}, {"z", ops::integer_scalar(1)}}),
              HasSubstr("must be f32[N], not i64[]"));
  EXPECT_THAT(refusal(kSum, {{"x", floats({1})}, {"z", floats({1})}, {"q", floats({1})}}),
              HasSubstr("there is no input 'q'; the graph has x, z"));
}

TEST(GraphSession, ErrorsNameTheNode) {
  EXPECT_THAT(refusal(R"(graph "g" {
  input %x: f32[?]
  input %shape: i64[?]
  %y: f32[...] = Reshape(%x, %shape)
  return %y
})",
                      {{"x", floats({1, 2, 3})}, {"shape", ops::integer_tensor({2, 2})}}),
              HasSubstr("node 'y' (Reshape): f32[3] cannot take the shape [2, 2]"));
}

// Adds x to a sum as often as `count` says; the body captures x.
constexpr std::string_view kLoop = R"(graph "loop" {
  input %count: i64[]
  input %x: f32[1]
  constant %zero: f32[1] = 0x00000000
  %sum: f32[...], %all: f32[...] = Loop(%count, _, %zero)
    graph "body" {
      input %round: i64[]
      input %go: bool[]
      input %before: f32[1]
      capture %added: f32[1] from %x
      %on: bool[] = Identity(%go)
      %after: f32[1] = Add(%before, %added)
      %seen: f32[1] = Identity(%after)
      return %on, %after, %seen
    }
  return %all
})";

TEST(GraphSession, LoopsCarryAndCollectValues) {
  const std::map<std::string, ops::HostValue> inputs{{"count", ops::integer_scalar(3)}, {"x", floats({2})}};
  EXPECT_THAT(result(kLoop, inputs), ElementsAre(2, 4, 6));
}

TEST(GraphSession, ALoopOfNoRoundsGivesNothing) {
  const std::map<std::string, ops::HostValue> inputs{{"count", ops::integer_scalar(0)}, {"x", floats({2})}};
  EXPECT_TRUE(result(kLoop, inputs).empty());
}

/// Asks to stop at the question `at`.
struct StopAfter final : Progress {
  explicit StopAfter(int at) : left(at) {}
  void update(std::string_view, uint64_t, uint64_t) override {}
  bool cancelled() const override { return --left == 0; }
  mutable int left;
};

TEST(GraphSession, StopsBetweenNodesAlsoInALoop) {
  StopAfter progress(10);
  GraphSession session(parsed(kLoop), {}, {.threads = 1, .optimize = false, .progress = &progress});
  const std::map<std::string, ops::HostValue> inputs{{"count", ops::integer_scalar(1000)}, {"x", floats({2})}};
  try {
    session.run(inputs);
    FAIL() << "it was not stopped";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::cancelled);
    EXPECT_THAT(error.what(), testing::StartsWith("stopped on request"));
  }
  EXPECT_EQ(session.run(inputs).at(0).tensor().count(), 1000);
}

TEST(GraphSession, HugeShapesAreRefusedBeforeMemoryIsTaken) {
  EXPECT_THAT(refusal(R"(graph "g" {
  input %shape: i64[?]
  %y: f32[...] = ConstantOfShape(%shape)
  return %y
})",
                      {{"shape", ops::integer_tensor({1 << 20, 1 << 20, 1 << 10})}}),
              HasSubstr("would take"));
}

// Functions that are computed in place and as one, a reshape, and a value that lives long.
constexpr std::string_view kChain = R"(graph "chain" {
  symbol N in 0..*
  input %x: f32[N, 4]
  input %shape: i64[2]
  constant %half: f32[] = 0x0000003f
  %a: f32[N, 4] = Tanh(%x)
  %s: f32[N, 4] = Softmax(%a)
  %b: f32[N, 4] = Mul(%s, %half)
  %c: f32[N, 4] = Add(%b, %x)
  %d: f32[?, ?] = Reshape(%c, %shape)
  %e: f32[?, ?] = Relu(%d)
  %t: f32[?, ?] = Transpose(%e)
  %y: f32[?, ?] = Neg(%t)
  return %y, %s
})";

ops::HostValues run_chain(GraphSession& session, int64_t rows, float first) {
  std::vector<float> numbers(static_cast<size_t>(4 * rows));
  for (float& number : numbers) number = first += 0.37f;
  const HostTensor x = ops::float_tensor({rows, 4}, numbers);
  auto outputs = session.run({{"x", x}, {"shape", ops::integer_tensor({4, rows})}});
  EXPECT_EQ(std::memcmp(x.bytes().data(), numbers.data(), x.bytes().size()), 0) << "an input was written over";
  return outputs;
}

TEST(GraphSession, RunsAgainInItsArenaWithTheSameResults) {
  GraphSession session(parsed(kChain), {}, {.threads = 1});
  std::vector<ops::HostValues> all;
  for (int round = 0; round < 12; ++round) {
    all.push_back(run_chain(session, round % 3 == 2 ? 5 : 50, static_cast<float>(round)));
  }
  EXPECT_GT(session.planned_bytes(), 0u);
  for (int round = 0; round < 12; ++round) {  // later runs did not touch what earlier ones gave
    GraphSession fresh(parsed(kChain), {}, {.threads = 1, .optimize = false});
    const auto expected = run_chain(fresh, round % 3 == 2 ? 5 : 50, static_cast<float>(round));
    for (size_t i = 0; i < expected.size(); ++i) {
      const auto got = all[static_cast<size_t>(round)][i].tensor().bytes(), right = expected[i].tensor().bytes();
      ASSERT_EQ(got.size(), right.size());
      EXPECT_EQ(std::memcmp(got.data(), right.data(), got.size()), 0) << round;
    }
  }
}

TEST(GraphSession, LoopsOfDifferentLengthsShareNothing) {
  GraphSession session(parsed(kLoop), {}, {.threads = 1});
  for (const int64_t count : {3, 3, 3, 5, 1, 3, 4, 4, 0, 3}) {
    const auto outputs = session.run({{"count", ops::integer_scalar(count)}, {"x", floats({2})}});
    const auto numbers = outputs.at(0).tensor().numbers<float>();
    ASSERT_EQ(numbers.size(), static_cast<size_t>(count));
    for (size_t i = 0; i < numbers.size(); ++i) EXPECT_EQ(numbers[i], 2.0f * static_cast<float>(i + 1));
  }
}

}  // namespace
}  // namespace adze::runtime
