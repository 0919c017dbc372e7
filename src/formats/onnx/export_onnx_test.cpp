// Exporting is the reverse of importing.
#include "formats/onnx/export_onnx.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "formats/onnx/import_onnx.h"
#include "formats/onnx/read_onnx_model.h"
#include "formats/onnx/test_onnx_models.h"

namespace adze::formats {
namespace {

using test::onnx_floats;
using test::onnx_model;
using test::onnx_node;
using test::onnx_numbers;
using testing::HasSubstr;

/// Written, read and imported again.
ImportedGraph there_and_back(const ImportedGraph& imported) {
  const auto bytes = std::make_shared<const std::string>(onnx_model_bytes(export_onnx(imported)));
  return import_onnx(read_onnx_message(std::as_bytes(std::span(*bytes)), bytes, "back.onnx"), "back.onnx");
}

void expect_same(const OnnxModel& model) {
  const auto first = import_onnx(model, "test.onnx"), second = there_and_back(first);
  EXPECT_EQ(to_text(*first.graph), to_text(*second.graph));
  ASSERT_EQ(first.weights.size(), second.weights.size());
  for (const auto& tensor : first.weights) {
    std::vector<std::byte> room, other_room;
    const auto rows = tensor.source->rows(0, tensor.shape.row_count(), room);
    const auto& other = second.weights.at(tensor.name);
    EXPECT_TRUE(std::ranges::equal(rows, other.source->rows(0, other.shape.row_count(), other_room)));
  }
}

TEST(ExportOnnx, KeepsNodesWeightsSymbolsAndAttributes) {
  auto model = onnx_model({onnx_node("Add", {"x", "one"}, {"a"}), onnx_node("Mul", {"a", "w"}, {"b"}),
                           onnx_node("LeakyRelu", {"b"}, {"c"}, {{"alpha", 0.25f, {}}}),
                           onnx_node("Unsqueeze", {"c", "axes"}, {"d"}), onnx_node("Squeeze", {"d", "axes"}, {"y"})});
  model.graph.initializers = {onnx_floats("one", {1}, {1}), onnx_floats("w", {1000}, std::vector<float>(1000, 2)),
                              onnx_numbers<int64_t>("axes", OnnxType::int64, {1}, {0})};
  expect_same(model);
}

TEST(ExportOnnx, LeavesOutHowSumsAreRounded) {
  auto node = onnx_node("QLinearAdd", {"x", "s", "z", "x", "s", "z", "s", "z"}, {"y"});
  node.domain = "com.microsoft";
  auto model = onnx_model({node});
  model.opsets.push_back({"com.microsoft", 1});
  model.graph.inputs = {test::onnx_value("x", {OnnxDim{{}, "N"}}, OnnxType::int8)};
  model.graph.initializers = {onnx_floats("s", {}, {0.5f}), onnx_numbers<int8_t>("z", OnnxType::int8, {}, {0})};
  const auto imported = import_onnx(model, "test.onnx");
  const auto graph = std::make_shared<graph::Graph>(*imported.graph);
  graph->nodes[0].attributes["fixed_point"] = int64_t{1};
  EXPECT_TRUE(export_onnx({graph, imported.weights}).graph.nodes[0].attributes.empty());
}

TEST(ExportOnnx, KeepsSubgraphsAndWhatTheyCapture) {
  const auto branch = [](const std::string& op) {
    auto graph = std::make_shared<OnnxGraph>();
    graph->name = op;
    graph->nodes = {onnx_node(op, {"x"}, {"inner_" + op})};
    graph->outputs = {test::onnx_value("inner_" + op, {OnnxDim{{}, "N"}})};
    return OnnxSubgraph(graph);
  };
  auto model = onnx_model(
      {onnx_node("If", {"flag"}, {"y"}, {{"then_branch", branch("Relu"), {}}, {"else_branch", branch("Neg"), {}}})});
  model.graph.initializers = {onnx_numbers<uint8_t>("flag", OnnxType::boolean, {}, {1})};
  expect_same(model);
}

TEST(ExportOnnx, PacksSmallIntegersAgain) {
  auto model =
      onnx_model({onnx_node("DequantizeLinear", {"codes", "scale"}, {"w"}), onnx_node("Add", {"x", "w"}, {"y"})}, 21);
  model.graph.initializers = {onnx_numbers<uint8_t>("codes", OnnxType::int4, {3}, {0x8F, 0x07}),
                              onnx_floats("scale", {}, {0.5f})};
  expect_same(model);
}

TEST(ExportOnnx, OpsOfOtherDomainsKeepThem) {
  auto model = onnx_model({onnx_node("QuickGelu", {"x"}, {"y"})});
  model.graph.nodes[0].domain = "com.microsoft";
  model.opsets.push_back({"com.microsoft", 1});
  expect_same(model);
  const auto imported = import_onnx(model, "test.onnx");
  EXPECT_EQ(export_onnx(imported).graph.nodes[0].domain, "com.microsoft");
}

TEST(ExportOnnx, OlderFormsTakeTheNewest) {
  auto model = onnx_model({onnx_node("Softmax", {"x"}, {"y"}, {{"axis", int64_t{0}, {}}}),
                           onnx_node("ConstantOfShape", {"n"}, {"z"}, {{"value", onnx_floats("", {1}, {3}), {}}})},
                          11);
  model.graph.initializers = {onnx_numbers<int64_t>("n", OnnxType::int64, {1}, {2})};
  const auto imported = import_onnx(model, "test.onnx");
  const auto graph = export_onnx(imported).graph;
  std::vector<std::string> ops;
  for (const auto& node : graph.nodes) ops.push_back(node.op);
  EXPECT_THAT(ops, testing::ElementsAre("Shape", "Flatten", "Softmax", "Reshape", "ConstantOfShape"));
  EXPECT_EQ(graph.nodes.back().inputs.size(), 1u);
  EXPECT_NO_THROW(there_and_back(imported));
}

TEST(ExportOnnx, KeepsWhatTheFileSaysOfItself) {
  auto model = onnx_model({onnx_node("Relu", {"x"}, {"y"})});
  model.metadata = {{"names", "{0: 'cat'}"}, {"stride", "32"}};
  EXPECT_EQ(export_onnx(import_onnx(model, "test.onnx")).metadata, model.metadata);
}

TEST(ExportOnnx, LoopsNameBothOfTheirFirstInputs) {
  auto body = std::make_shared<OnnxGraph>();
  body->name = "round";
  body->nodes = {onnx_node("Identity", {"more"}, {"goes_on"}), onnx_node("Relu", {"x"}, {"part"})};
  body->inputs = {test::onnx_value("i", {}, OnnxType::int64), test::onnx_value("more", {}, OnnxType::boolean)};
  body->outputs = {test::onnx_value("goes_on", {}, OnnxType::boolean), test::onnx_value("part", {OnnxDim{{}, "N"}})};
  auto model = onnx_model({onnx_node("Loop", {"rounds", ""}, {"y"}, {{"body", OnnxSubgraph(body), {}}})});
  model.graph.initializers = {onnx_numbers<int64_t>("rounds", OnnxType::int64, {}, {3})};
  model.graph.outputs = {test::onnx_value("y", {OnnxDim{}, OnnxDim{{}, "N"}})};
  const auto inputs = export_onnx(import_onnx(model, "test.onnx")).graph.nodes[0].inputs;
  EXPECT_THAT(inputs, testing::ElementsAre("rounds", ""));
}

TEST(ExportOnnx, ListsOfTextsStayLists) {
  const std::vector<std::string> words{"a", "the"};
  auto model = onnx_model({onnx_node("StringNormalizer", {"x"}, {"y"}, {{"stopwords", words, {}}})});
  model.graph.inputs = {test::onnx_value("x", {OnnxDim{2, {}}}, OnnxType::string)};
  model.graph.outputs = {test::onnx_value("y", {OnnxDim{}}, OnnxType::string)};
  const auto attribute = export_onnx(import_onnx(model, "test.onnx")).graph.nodes[0].attributes[0];
  EXPECT_EQ(std::get<std::vector<std::string>>(attribute.value), words);
}

}  // namespace
}  // namespace adze::formats
