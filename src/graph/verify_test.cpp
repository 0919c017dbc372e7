#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "graph/graph.h"
#include "graph/test_ops.h"

namespace adze::graph {
namespace {

using test::parse;
using testing::AllOf;
using testing::HasSubstr;

// Everything verify() says, or "" when it is content.
std::string problems_of(const Graph& graph) {
  try {
    verify(graph);
    return "";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::bad_input);
    return error.what();
  }
}

std::string problems_in(const std::string& statements) {
  return problems_of(parse("graph \"g\" {" + statements + "}"));
}

const std::string kStates = R"(
  symbol T in 1..64
  input %x: f32[T, 8]
  input %batch: batch
  input %start: effect
  input %other: effect
  state %keys: state f32[?, 8]
  state %more: state f32[?, 8]
)";

TEST(Verify, AcceptsAGraphWithStatesInOrder) {
  EXPECT_EQ(problems_in(kStates + R"(
    %before: f32[?, 8] = read_state(%keys, %batch, %start)
    %e1: effect = append_state(%keys, %x, %batch, %start)
    %e2: effect = append_state(%more, %x, %batch, %e1)
    %a: f32[?, 8] = read_state(%keys, %batch, %e2)
    %b: f32[?, 8] = read_state(%more, %batch, %e2)
    return %before, %a, %b, %e2)"),
            "");
}

TEST(Verify, AcceptsAnEmptyGraph) { EXPECT_EQ(problems_of(Graph()), ""); }

TEST(Verify, ListsAllProblemsAtOnce) {
  Graph graph = parse(R"(graph "broken" {
    input %x: f32[2]
    %y: f32[2] = add(%x, %x)
    %z: f32[3] = add(%x, %y)
    return %z })");
  graph.nodes[1].name = "y";
  graph.values[0].name = "y";
  EXPECT_THAT(problems_of(graph),
              AllOf(HasSubstr("graph 'broken': 3 problems"), HasSubstr("value 'y' exists twice"),
                    HasSubstr("node 'y' exists twice"), HasSubstr("'z' is recorded as f32[3], but is f32[2]")));
}

TEST(Verify, FindsIdsOutOfRange) {
  Graph graph = parse(R"(graph "g" { input %x: f32[2]  %y: f32[2] = add(%x, %x)  return %y })");
  graph.nodes[0].inputs[1] = 99;
  graph.outputs.push_back(98);
  graph.inputs.push_back(97);
  EXPECT_THAT(problems_of(graph), AllOf(HasSubstr("node 'y' uses value 99, which does not exist"),
                                        HasSubstr("output 98 does not exist"), HasSubstr("input 97 does not exist")));
  graph.nodes[0].outputs[0] = 96;
  EXPECT_THAT(problems_of(graph), HasSubstr("node 'y' computes value 96, which does not exist"));
}

TEST(Verify, FindsUseBeforeComputation) {
  Graph graph = parse(R"(graph "g" { input %x: f32[2]  %y: f32[2] = add(%x, %x)  %z: f32[2] = add(%y, %y) })");
  std::swap(graph.nodes[0], graph.nodes[1]);
  EXPECT_THAT(problems_of(graph), HasSubstr("node 'z' uses 'y' before it is computed"));
}

TEST(Verify, FindsBrokenSingleAssignment) {
  Graph graph = parse(R"(graph "g" { input %x: f32[2]  %y: f32[2] = add(%x, %x)  %z: f32[2] = add(%y, %y) })");
  graph.nodes[1].outputs[0] = graph.nodes[0].outputs[0];
  EXPECT_THAT(problems_of(graph), AllOf(HasSubstr("node 'z' computes 'y', which is already computed"),
                                        HasSubstr("value 'z' is computed by no node")));
  graph.nodes[1].outputs[0] = graph.inputs[0];
  EXPECT_THAT(problems_of(graph), HasSubstr("node 'z' computes 'x', which is not declared as computed"));
}

TEST(Verify, ChecksInputsAndOutputs) {
  Graph graph = parse(R"(graph "g" { input %x: f32[2]  weight %w: ?[2]  state %s: state f32[2]  return %s })");
  graph.inputs = {1, 1};
  EXPECT_THAT(problems_of(graph),
              AllOf(HasSubstr("input 'w' is not declared as an input"),
                    HasSubstr("value 'x' is an input, but is not listed"), HasSubstr("output 's' is a state")));
  graph.inputs = {0, 0};
  EXPECT_THAT(problems_of(graph), HasSubstr("input 'x' is listed twice"));
}

TEST(Verify, PassesOnWhatTheSchemaSays) {
  EXPECT_THAT(problems_in("input %x: f32[2] input %y: f32[3] %z: f32[2] = add(%x, %y)"),
              HasSubstr("node 'z' (add): operands differ"));
  EXPECT_THAT(problems_in("input %x: f32[2] %z: f32[2] = add(%x, _)"), HasSubstr("input 1 is missing"));
  EXPECT_THAT(problems_in("input %x: f32[2] %z: f32[2] = halve(%x)"), HasSubstr("has 1 outputs, halve makes 2"));
}

TEST(Verify, RecordedTypesMayBeVaguerThanInferred) {
  EXPECT_EQ(problems_in("symbol T in 0..9 input %x: f32[T] %z: ?[?] = add(%x, %x) return %z"), "");
  EXPECT_EQ(problems_in("input %x: f32[4] %z: f32[...] = add(%x, %x) return %z"), "");
  EXPECT_THAT(problems_in("symbol T in 0..9 input %x: f32[T] %z: f32[T+1] = add(%x, %x)"),
              HasSubstr("recorded as f32[T+1], but is f32[T]"));
  EXPECT_THAT(problems_in("input %x: f32[4] %z: f16[4] = add(%x, %x)"), HasSubstr("recorded as f16[4]"));
}

TEST(Verify, ChecksSymbolsAndDimensions) {
  EXPECT_THAT(problems_in("symbol T in 5..2"), HasSubstr("impossible bounds 5..2"));
  EXPECT_THAT(problems_in("weight %w: ?[-4]"), HasSubstr("negative dimension -4"));
  Graph graph;
  graph.add_symbol("T", 0, 1);
  graph.add_symbol("T", 0, 1);
  graph.add_weight("w", {Dim::symbol(8)});
  EXPECT_THAT(problems_of(graph), AllOf(HasSubstr("symbol 'T' exists twice"), HasSubstr("names symbol 8")));
}

TEST(Verify, ChecksConstants) {
  EXPECT_EQ(problems_in("constant %c: f32[2] = 0x0000803f00000040"), "");
  EXPECT_EQ(problems_in("constant %c: f32[] = 0x0000803f"), "");
  EXPECT_THAT(problems_in("constant %c: f32[2] = 0x0000803f"), HasSubstr("has 4 bytes, its type needs 8"));
  EXPECT_THAT(problems_in("constant %c: q4_0[7] = 0x00"), HasSubstr("do not divide into q4_0 blocks"));
  EXPECT_THAT(problems_in("constant %c: f32[?] = 0x00"), HasSubstr("known storage and dimensions"));
  EXPECT_THAT(problems_in("constant %c: f32[9223372036854775807, 9223372036854775807] = 0x"),
              HasSubstr("too many elements"));
}

TEST(Verify, ChecksKinds) {
  EXPECT_THAT(problems_in("state %s: f32[2]"), HasSubstr("a state, and nothing else, is declared as a state"));
  EXPECT_THAT(problems_in("input %s: state f32[2]"), HasSubstr("a state, and nothing else"));
  EXPECT_THAT(problems_in("weight %s: batch"), HasSubstr("is not a tensor"));
  EXPECT_EQ(problems_in("input %s: sequence<optional<f32[?]>> input %t: string[2]"), "");
  Graph graph;
  graph.add_input("s", ValueType::of_kind(ValueKind::sequence));
  EXPECT_THAT(problems_of(graph), HasSubstr("needs, an element type"));
}

TEST(VerifyEffects, AWriterConsumesItsToken) {
  EXPECT_THAT(problems_in(kStates + R"(
    %e1: effect = append_state(%keys, %x, %batch, %start)
    %e2: effect = append_state(%keys, %x, %batch, %start))"),
              HasSubstr("node 'e2' uses effect 'start' after node 'e1' has consumed it"));
  EXPECT_THAT(problems_in(kStates + R"(
    %e1: effect = append_state(%keys, %x, %batch, %start)
    %late: f32[?, 8] = read_state(%keys, %batch, %start))"),
              HasSubstr("node 'late' uses effect 'start' after node 'e1' has consumed it"));
  EXPECT_THAT(problems_in(kStates + R"(
    %e1: effect = append_state(%keys, %x, %batch, %start)
    return %start)"),
              HasSubstr("output 'start' is an effect that node 'e1' has consumed"));
}

TEST(VerifyEffects, AStateLivesOnOneChain) {
  EXPECT_THAT(problems_in(kStates + R"(
    %e1: effect = append_state(%keys, %x, %batch, %start)
    %e2: effect = append_state(%keys, %x, %batch, %other))"),
              HasSubstr("node 'e2' uses state 'keys' on the effect chain of 'other', but earlier nodes use it on that "
                        "of 'start'"));
  EXPECT_EQ(problems_in(kStates + R"(
    %e1: effect = append_state(%keys, %x, %batch, %start)
    %e2: effect = append_state(%more, %x, %batch, %other))"),
            "");
}

TEST(VerifyEffects, AStateIsNotUsedWithoutAToken) {
  EXPECT_THAT(problems_in(kStates + "%y: f32[?, 8] = read_state(%keys, %batch)"),
              HasSubstr("node 'y' uses state 'keys' without an effect input"));
  EXPECT_THAT(problems_in(kStates + "%y: f32[?, 8] = read_state(%keys, %batch, %start, %other)"),
              HasSubstr("node 'y' has 2 effect inputs and 0 effect outputs"));
}

const std::string kWritingBody = R"(
    graph "body" {
      symbol T in 1..64
      input %token: effect
      capture %x: f32[T, 8] from %x
      capture %batch: batch from %batch
      capture %keys: state f32[?, 8] from %keys
      %done: effect = append_state(%keys, %x, %batch, %token)
      return %done
    }
)";

TEST(VerifySubgraphs, MayWriteACapturedStateInOrder) {
  EXPECT_EQ(problems_in(kStates + "%e1: effect = run(%start)" + kWritingBody +
                        "%y: f32[?, 8] = read_state(%keys, %batch, %e1) return %y"),
            "");
}

TEST(VerifySubgraphs, CountAsUsesOfTheStateByTheirNode) {
  EXPECT_THAT(problems_in(kStates + "%e1: effect = run()" + kWritingBody),
              HasSubstr("node 'e1' uses state 'keys' without an effect input"));
  EXPECT_THAT(problems_in(kStates + "%e0: effect = append_state(%keys, %x, %batch, %other) %e1: effect = run(%start)" +
                          kWritingBody),
              HasSubstr("node 'e1' uses state 'keys' on the effect chain of 'start'"));
  EXPECT_THAT(problems_in(kStates + "() = run(%start) as \"silent\"" + kWritingBody),
              HasSubstr("node 'silent' has a sub-graph that writes a state, so it needs an effect output"));
}

TEST(VerifySubgraphs, ProblemsNameTheirPlace) {
  EXPECT_THAT(problems_in(R"(input %x: f32[2]
      %y: f32[3] = run()
      graph "inner" { capture %c: f32[2] from %x  %z: f32[3] = add(%c, %c)  return %z })"),
              HasSubstr("node 'y', sub-graph 'inner': node 'z' (add): 'z' is recorded as f32[3], but is f32[2]"));
}

TEST(VerifySubgraphs, CaptureOnlyWhatExistsThen) {
  Graph graph = parse(R"(graph "g" { input %x: f32[2]
      %y: f32[2] = run() graph "inner" { capture %c: f32[2] from %x  return %c }
      %z: f32[2] = add(%x, %x) })");
  Graph& inner = *graph.nodes[0].subgraphs[0];
  inner.values[0].outer = *graph.find_value("z");
  EXPECT_THAT(problems_of(graph), HasSubstr("value 'c' captures 'z' before it is computed"));
  inner.values[0].outer = 77;
  EXPECT_THAT(problems_of(graph), HasSubstr("value 'c' captures value 77, which does not exist"));
  EXPECT_THAT(problems_of(inner), HasSubstr("there is no enclosing graph"));
}

TEST(VerifySubgraphs, CapturedTypesAgree) {
  EXPECT_THAT(problems_in(R"(input %x: f32[2] input %e: effect
      %y: f32[3] = run() graph "inner" {
        capture %c: f32[3] from %x
        capture %d: f32[2] from %x
        capture %e: effect from %e
        return %c })"),
              AllOf(HasSubstr("value 'c' has another type than the captured 'x'"),
                    HasSubstr("value 'x' is captured twice"), HasSubstr("value 'e' captures an effect")));
}

TEST(VerifySubgraphs, RecursionIsBounded) {
  auto graph = std::make_shared<Graph>();
  for (int i = 0; i < 1000; ++i) {
    auto outer = std::make_shared<Graph>();
    outer->nodes.push_back({&test::kRun, "n", {}, {}, {}, {graph}, {}});
    graph = outer;
  }
  EXPECT_THAT(problems_of(*graph), HasSubstr("is missing or nested too deep"));
  EXPECT_FALSE(to_text(*graph).empty());
}

}  // namespace
}  // namespace adze::graph
