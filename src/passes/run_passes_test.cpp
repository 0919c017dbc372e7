#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "codecs/codec.h"
#include "graph/test_ops.h"
#include "passes/pass.h"

namespace adze::passes {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kGraph = R"(graph "g" {
  input %x: f32[2]
  %a: f32[2] = add(%x, %x)
  %b: f32[2] = add(%x, %x)
  %dead: f32[2] = add(%a, %b)
  %r: f32[2] = run()
    graph "body" {
      capture %a: f32[2] from %a
      %dead: f32[2] = add(%a, %a)
      return %a
    }
  %y: f32[2] = add(%a, %b)
  return %y, %r
}
)";

std::vector<std::string> names_of(const std::vector<PassReport>& reports) {
  std::vector<std::string> names;
  for (const PassReport& report : reports) names.emplace_back(report.pass);
  return names;
}

std::string error_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& error) {
    return fmt::format("{}: {}", error_code_name(error.code()), error.what());
  }
  return "no error";
}

TEST(RunPasses, RunsTheDefaultPipelineInOrder) {
  auto graph = graph::test::parse(kGraph);
  const auto reports = run_passes(graph, {});
  EXPECT_THAT(names_of(reports),
              ElementsAre("remove_dead_nodes", "deduplicate_nodes", "choose_activation_quantization"));
  EXPECT_TRUE(reports[0].changed);
  EXPECT_EQ(reports[0].nodes_before, 6u);
  EXPECT_EQ(reports[0].nodes_after, 4u);
  EXPECT_EQ(reports[1].nodes_after, 3u);
  EXPECT_FALSE(reports[2].changed);
  EXPECT_GE(reports[0].seconds, 0.0);
}

TEST(RunPasses, SkipsDisabledPasses) {
  auto graph = graph::test::parse(kGraph);
  PassOptions options;
  options.disabled = {"remove_dead_nodes", "choose_activation_quantization"};
  EXPECT_THAT(names_of(run_passes(graph, options)), ElementsAre("deduplicate_nodes"));
  EXPECT_TRUE(graph.find_value("dead"));
}

TEST(RunPasses, CallsBackAfterEachPass) {
  auto graph = graph::test::parse(kGraph);
  std::vector<std::string> dumps;
  PassOptions options;
  options.after_pass = [&](const PassReport& report, const graph::Graph& now) {
    if (report.changed) dumps.push_back(to_text(now));
  };
  run_passes(graph, options);
  ASSERT_EQ(dumps.size(), 2u);
  EXPECT_THAT(dumps[0], HasSubstr("%b: "));
  EXPECT_THAT(dumps[1], testing::Not(HasSubstr("%b: ")));
}

TEST(RunPasses, UnknownNamesAreRefusedBeforeAnythingRuns) {
  auto graph = graph::test::parse(kGraph);
  const std::string_view names[] = {"remove_dead_nodes", "fuse_everything"};
  EXPECT_THAT(error_of([&] { run_passes(graph, names, {}); }),
              HasSubstr("bad_input: there is no pass 'fuse_everything'; known are cancel_transposes, "));
  PassOptions options;
  options.disabled = {"typo"};
  EXPECT_THAT(error_of([&] { run_passes(graph, options); }), HasSubstr("no pass 'typo'"));
  EXPECT_TRUE(graph.find_value("dead"));
  EXPECT_THAT(error_of([] { activation_policy_named("int3"); }), HasSubstr("known are f32, q8_32, q8_256, auto"));
}

TEST(RunPasses, VerifiesAfterEachPass) {
  auto graph = graph::test::parse(kGraph);
  graph.symbols.push_back({"", 0, 1});  // a fault that no pass touches
  EXPECT_THAT(error_of([&] { run_passes(graph, {}); }),
              HasSubstr("internal: pass 'remove_dead_nodes' broke the graph: graph 'g': 1 problem\n  a symbol has no"));
  PassOptions options;
  options.verify_after_each = false;
  EXPECT_EQ(run_passes(graph, options).size(), 3u);
}

TEST(AllPasses, AreSortedAndDescribed) {
  for (size_t i = 0; i < all_passes().size(); ++i) {
    EXPECT_FALSE(all_passes()[i].summary.empty());
    EXPECT_TRUE(i == 0 || all_passes()[i - 1].name < all_passes()[i].name);
  }
}

}  // namespace
}  // namespace adze::passes
