// Importing: names become values, older forms the newest, functions their nodes; what is broken is named.
#include "formats/onnx/import_onnx.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "formats/onnx/older_operators.h"
#include "formats/onnx/test_onnx_models.h"

namespace adze::formats {
namespace {

using test::onnx_floats;
using test::onnx_model;
using test::onnx_node;
using testing::HasSubstr;

std::string refusal(const OnnxModel& model) {
  try {
    import_onnx(model, "test.onnx");
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was refused";
}

TEST(ImportOnnx, GivesAGraphInTheTextForm) {
  auto model = onnx_model({onnx_node("Relu", {"x"}, {"r"}), onnx_node("Add", {"r", "one"}, {"y"})});
  model.graph.initializers = {onnx_floats("one", {1}, {1})};
  EXPECT_EQ(to_text(*import_onnx(model, "test.onnx").graph), R"(graph "test" {
  symbol N in 0..*
  input %x: f32[N]
  constant %one: f32[1] = 0x0000803f
  %r: f32[N] = Relu(%x)
  %y: f32[N] = Add(%r, %one)
  return %y
}
)");
}

TEST(ImportOnnx, LargeInitializersBecomeWeights) {
  auto model = onnx_model({onnx_node("Add", {"x", "w"}, {"y"})});
  model.graph.initializers = {onnx_floats("w", {1000}, std::vector<float>(1000, 2))};
  model.graph.inputs.push_back(test::onnx_value("w", {OnnxDim{1000, {}}}));  // its default is the initializer
  const auto imported = import_onnx(model, "test.onnx");
  EXPECT_EQ(imported.graph->inputs.size(), 1u);
  EXPECT_EQ(imported.weights.at("w").byte_size(), 4000);
}

TEST(ImportOnnx, NamesWhatNothingComputes) {
  EXPECT_THAT(refusal(onnx_model({onnx_node("Add", {"x", "missing"}, {"y"})})), HasSubstr("uses \"missing\""));
  EXPECT_THAT(refusal(onnx_model({onnx_node("Add", {"x", "b"}, {"a"}), onnx_node("Add", {"x", "a"}, {"b"}),
                                  onnx_node("Relu", {"a"}, {"y"})})),
              HasSubstr("node 'a' (Add)"));
  EXPECT_THAT(refusal(onnx_model({onnx_node("Relu", {"x"}, {"x"})})), HasSubstr("\"x\" is computed twice"));
}

TEST(ImportOnnx, NodesWithoutOutputsAreRefused) {
  EXPECT_THAT(refusal(onnx_model({onnx_node("Conv", {"x", "x"}, {}), onnx_node("Relu", {"x"}, {"y"})})),
              HasSubstr("node 'Conv' (Conv): it has no outputs"));
}

TEST(ImportOnnx, ListsAllUnknownOperators) {
  EXPECT_THAT(refusal(onnx_model({onnx_node("Frobnicate", {"x"}, {"a"}), onnx_node("Grok", {"a"}, {"y"})})),
              HasSubstr("Frobnicate-17, Grok-17"));
}

TEST(ImportOnnx, FunctionsArePutInPlaceOfTheirCalls) {
  OnnxFunction twice{"Twice", "own", {}, {"a"}, {"b"}, {"alpha"}, {}, {}, {{"", 17}}};
  twice.nodes = {onnx_node("LeakyRelu", {"a"}, {"t"}, {{"alpha", {}, "alpha"}}), onnx_node("Add", {"t", "t"}, {"b"})};
  auto call = onnx_node("Twice", {"x"}, {"y"}, {{"alpha", 0.5f, {}}});
  call.domain = "own";
  auto model = onnx_model({call});
  model.opsets.push_back({"own", 1});
  model.functions = {twice};
  const auto graph = import_onnx(model, "test.onnx").graph;
  ASSERT_EQ(graph->nodes.size(), 2u);
  EXPECT_EQ(graph->nodes[0].op->name, "LeakyRelu");
  EXPECT_EQ(number_attribute(graph->nodes[0], "alpha"), 0.5);
}

TEST(ImportOnnx, FunctionsThatCallThemselvesAreRefused) {
  OnnxFunction endless{"Endless", "", {}, {"a"}, {"b"}, {}, {}, {}, {{"", 17}}};
  endless.nodes = {onnx_node("Endless", {"a"}, {"b"})};
  auto model = onnx_model({onnx_node("Endless", {"x"}, {"y"})});
  model.functions = {endless};
  EXPECT_THAT(refusal(model), HasSubstr("functions call each other"));
}

TEST(ImportOnnx, SubGraphsCaptureValues) {
  auto branch = std::make_shared<OnnxGraph>();
  branch->name = "branch";
  branch->nodes = {onnx_node("Neg", {"x"}, {"n"})};
  branch->outputs = {test::onnx_value("n", {OnnxDim{{}, "N"}})};
  auto model = onnx_model({onnx_node(
      "If", {"c"}, {"y"}, {{"then_branch", OnnxSubgraph(branch), {}}, {"else_branch", OnnxSubgraph(branch), {}}})});
  model.graph.inputs.push_back(test::onnx_value("c", {}, OnnxType::boolean));
  const auto graph = import_onnx(model, "test.onnx").graph;
  ASSERT_EQ(graph->nodes[0].subgraphs.size(), 2u);
  EXPECT_EQ(graph->nodes[0].subgraphs[0]->values[0].origin, graph::ValueOrigin::captured);
}

TEST(OlderOperators, AttributesBecomeInputs) {
  auto node = onnx_node("Squeeze", {"x"}, {"y"}, {{"axes", std::vector<int64_t>{0, 2}, {}}});
  std::vector<OnnxTensor> constants;
  bring_up_to_date(node, 11, constants);
  ASSERT_EQ(constants.size(), 1u);
  EXPECT_EQ(node.inputs[1], constants[0].name);
  EXPECT_TRUE(node.attributes.empty());
  auto newer = onnx_node("Squeeze", {"x", "axes"}, {"y"});
  bring_up_to_date(newer, 13, constants);
  EXPECT_EQ(newer.inputs[1], "axes");
}

TEST(OlderOperators, UpsampleIsResize) {
  auto node = onnx_node("Upsample", {"x", "scales"}, {"y"}, {{"mode", std::string("linear"), {}}});
  std::vector<OnnxTensor> constants;
  bring_up_to_date(node, 9, constants);
  EXPECT_EQ(node.op, "Resize");
  EXPECT_THAT(node.inputs, testing::ElementsAre("x", "", "scales"));
}

/// Each level calls the next one twice, within branches or without: 2^15 calls would be made of each.
TEST(ImportOnnx, FunctionsThatGrowWithoutEndAreRefused) {
  for (const bool in_branches : {false, true}) {
    auto model = onnx_model({onnx_node("F0", {"x"}, {"y"})});
    constexpr int kLevels = 10, kCalls = 8;
    for (int level = 0; level < kLevels; ++level) {
      OnnxFunction function{"F" + std::to_string(level), "", {}, {"a"}, {"b"}, {}, {}, {}, {{"", 17}}};
      std::vector<OnnxNode> calls;
      for (int i = 0; i < kCalls; ++i) {
        const bool last = i == kCalls - 1;
        calls.push_back(onnx_node(level + 1 < kLevels ? "F" + std::to_string(level + 1) : "Relu", {"a"},
                                  {last ? (in_branches ? "r" : "b") : "t" + std::to_string(i)}));
      }
      if (in_branches) {
        auto branch = std::make_shared<OnnxGraph>();
        branch->name = "branch";
        branch->nodes = calls;
        branch->outputs = {test::onnx_value("r", {OnnxDim{{}, "N"}})};
        function.nodes = {
            onnx_node("Cast", {"a"}, {"c"}, {{"to", int64_t{9}, {}}}),
            onnx_node("If", {"c"}, {"b"},
                      {{"then_branch", OnnxSubgraph(branch), {}}, {"else_branch", OnnxSubgraph(branch), {}}})};
      } else {
        function.nodes = calls;
      }
      model.functions.push_back(function);
    }
    EXPECT_THAT(refusal(model), HasSubstr("expand to more than 1000000 nodes")) << in_branches;
  }
}

TEST(OlderOperators, NumbersThatWereAttributesAreOfTheInputsType) {
  auto model = onnx_model({onnx_node("Clip", {"x"}, {"y"}, {{"min", 0.5f, {}}, {"max", 2.0f, {}}})});
  model.opsets = {{"", 6}};
  model.graph.inputs = {test::onnx_value("x", {OnnxDim{4, {}}}, OnnxType::float16)};
  const auto graph = import_onnx(model, "test.onnx").graph;
  const auto& limit = graph->value(graph->nodes[0].inputs[1]);
  EXPECT_EQ(limit.type.storage->name, "f16");
  EXPECT_EQ(limit.constant, (std::vector<std::byte>{std::byte{0x00}, std::byte{0x38}}));
}

TEST(ImportOnnx, AnyByteButZeroIsTrue) {
  auto model = onnx_model({onnx_node("Cast", {"flags"}, {"y"}, {{"to", int64_t{1}, {}}})});
  model.graph.initializers = {
      owned_onnx_tensor("flags", {3}, OnnxType::boolean, {std::byte{7}, std::byte{0}, std::byte{255}})};
  const auto graph = import_onnx(model, "test.onnx").graph;
  EXPECT_EQ(graph->value(graph->nodes[0].inputs[0]).constant,
            (std::vector<std::byte>{std::byte{1}, std::byte{0}, std::byte{1}}));
}

}  // namespace
}  // namespace adze::formats
