// lint: foreign names: OpenVINO
// Importing: layers become standard ops in an order of execution; what is broken is named.
#include "formats/openvino_ir/import_ir.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "formats/openvino_ir/ir_meanings.h"
#include "formats/openvino_ir/ir_numbers.h"
#include "ops/standard/standard_op.h"

namespace adze::formats {
namespace {

using testing::HasSubstr;
using testing::Not;

StandardGraph import_text(const std::string& layers, const std::string& edges, std::vector<uint8_t> constants = {},
                          const std::string& version = "11") {
  const std::string text = "<net name=\"test\" version=\"" + version + "\"><layers>" + layers + "</layers><edges>" +
                           edges + "</edges></net>";
  const auto kept = std::make_shared<const std::vector<uint8_t>>(std::move(constants));
  return import_ir(read_ir_text(std::as_bytes(std::span(text)), std::as_bytes(std::span(*kept)), kept, "test.xml"),
                   "test.xml");
}

std::string refusal(const std::string& layers, const std::string& edges, std::vector<uint8_t> constants = {},
                    const std::string& version = "11") {
  try {
    import_text(layers, edges, std::move(constants), version);
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was refused";
}

constexpr const char* kInput =
    R"(<layer id="0" name="x" type="Parameter" version="opset1"><data shape="2,?" element_type="f32"/>
       <output><port id="0" precision="FP32" names="x"><dim>2</dim><dim>-1</dim></port></output></layer>)";
constexpr const char* kRelu = R"(<layer id="1" name="relu" type="ReLU" version="opset1"><input><port id="0"/></input>
       <output><port id="1" precision="FP32" names="y,z"><dim>2</dim><dim>-1</dim></port></output></layer>)";
constexpr const char* kResult =
    R"(<layer id="2" name="end" type="Result" version="opset1"><input><port id="0"/></input></layer>)";
constexpr const char* kEdges = R"(<edge from-layer="0" from-port="0" to-layer="1" to-port="0"/>
       <edge from-layer="1" from-port="1" to-layer="2" to-port="0"/>)";

std::string constant_layer(const std::string& type, const std::string& shape, uint64_t offset, uint64_t size) {
  return fmt::format(
      R"(<layer id="7" name="w" type="Const" version="opset1">
         <data element_type="{}" shape="{}" offset="{}" size="{}"/>
         <output><port id="0" precision="FP32"/></output></layer>)",
      type, shape, offset, size);
}

TEST(ImportIr, GivesAGraphInTheTextFormWhateverTheOrderOfLayers) {
  EXPECT_EQ(to_text(*import_text(std::string(kResult) + kRelu + kInput, kEdges).graph), R"(graph "test" {
  input %x: f32[2, ?]
  %y: f32[2, ?] = Relu(%x) as "relu/Relu"
  return %y
}
)");
}

TEST(ImportIr, NamesCyclesAndPortsThatNothingLeadsTo) {
  const std::string back = R"(<edge from-layer="1" from-port="1" to-layer="1" to-port="0"/>)";
  EXPECT_THAT(refusal(std::string(kInput) + kRelu, back), HasSubstr("layer 'relu' (ReLU) needs its own output"));
  EXPECT_THAT(refusal(std::string(kInput) + kRelu, ""), HasSubstr("no edge leads to its port 0"));
  EXPECT_THAT(refusal(std::string(kInput) + kRelu, R"(<edge from-layer="0" from-port="9" to-layer="1" to-port="0"/>)"),
              HasSubstr("port 9"));
  EXPECT_THAT(refusal(std::string(kInput) + kRelu, R"(<edge from-layer="5" from-port="9" to-layer="1" to-port="0"/>)"),
              HasSubstr("layer 5, which does not exist"));
  EXPECT_THAT(refusal(std::string(kInput) + kInput, ""), HasSubstr("layer 0 exists twice"));
  EXPECT_THAT(refusal(std::string(kInput) + kRelu + kResult, std::string(kEdges) + kEdges), HasSubstr("two edges"));
}

/// What is said of a layer with these attributes over x, f32 of a shape.
std::string refusal_of(const std::string& shape, const std::string& type, const std::string& opset,
                       const std::string& attributes) {
  const std::string layers = fmt::format(
      R"(<layer id="0" name="x" type="Parameter" version="opset1"><data shape="{}" element_type="f32"/>
         <output><port id="0" precision="FP32"/></output></layer>
         <layer id="1" name="it" type="{}" version="{}"><data {}/><input><port id="0"/></input>
         <output><port id="1" precision="FP32"/></output></layer>)",
      shape, type, opset, attributes);
  return refusal(layers + kResult, kEdges);
}

TEST(ImportIr, RefusesMeansOfWindowsThatEndBehindACountedBorder) {
  const std::string window = R"(kernel="2" strides="2" pads_end="0" auto_pad="explicit" rounding_type="ceil_torch" )";
  const std::string counted = window + R"(pads_begin="1" exclude-pad="false")";
  EXPECT_THAT(refusal_of("1,2,8", "AvgPool", "opset14", counted), HasSubstr("behind the border"));
  EXPECT_THAT(refusal_of("1,2,?", "AvgPool", "opset14", counted), HasSubstr("behind the border"));
  EXPECT_EQ(refusal_of("1,2,7", "AvgPool", "opset14", counted), "nothing was refused");
  EXPECT_EQ(refusal_of("1,2,8", "AvgPool", "opset14", window + R"(pads_begin="1" exclude-pad="true")"),
            "nothing was refused");
  EXPECT_EQ(refusal_of("1,2,?", "AvgPool", "opset14", window + R"(pads_begin="0" exclude-pad="false")"),
            "nothing was refused");
}

/// FakeQuantize of x from one end to another; ends are constants in f16 that are widened: -1 and 1.
std::string text_of_fake_quantize(bool exchanged) {
  std::string layers = std::string(kInput) + R"(<layer id="1" name="it" type="FakeQuantize" version="opset1">
    <data levels="256"/><input><port id="0"/><port id="1"/><port id="2"/><port id="3"/><port id="4"/></input>
    <output><port id="5" precision="FP32"/></output></layer>)" +
                       kResult;
  std::string edges = R"(<edge from-layer="0" from-port="0" to-layer="1" to-port="0"/>
    <edge from-layer="1" from-port="5" to-layer="2" to-port="0"/>)";
  for (const int end : {0, 1}) {
    layers += fmt::format(
        R"(<layer id="{0}" name="end{0}" type="Const" version="opset1">
           <data element_type="f16" shape="" offset="{1}" size="2"/><output><port id="0"/></output></layer>
           <layer id="{2}" name="wide{0}" type="Convert" version="opset1"><data destination_type="f32"/>
           <input><port id="0"/></input><output><port id="1"/></output></layer>
           )",
        10 + end, 2 * (exchanged ? 1 - end : end), 20 + end);
    edges += fmt::format(R"(<edge from-layer="{0}" from-port="0" to-layer="{1}" to-port="0"/>
                            <edge from-layer="{1}" from-port="1" to-layer="1" to-port="{2}"/>
                            <edge from-layer="{1}" from-port="1" to-layer="1" to-port="{3}"/>)",
                         10 + end, 20 + end, 1 + end, 3 + end);
  }
  return to_text(*import_text(layers, edges, {0x00, 0xBC, 0x00, 0x3C}).graph);
}

TEST(ImportIr, LooksAtTheSidesOfAFakeOnlyWhereItsEndsMayBeExchanged) {
  EXPECT_THAT(text_of_fake_quantize(false), Not(HasSubstr("Where")));
  EXPECT_THAT(text_of_fake_quantize(true), HasSubstr("Where"));
}

TEST(ImportIr, RefusesImagesThatAreSmoothed) {
  EXPECT_THAT(refusal_of("1,2,8", "Interpolate", "opset11", R"(mode="linear" antialias="true")"),
              HasSubstr("smoothed"));
}

TEST(ImportIr, ListsAllTypesThatAreUnknownAtOnce) {
  const std::string layers = R"(<layer id="1" name="a" type="DetectionOutput" version="opset8"/>
                                <layer id="2" name="b" type="Magic" version="extension"/>)";
  EXPECT_THAT(refusal(layers, ""), HasSubstr("DetectionOutput-opset8, Magic-extension"));
}

TEST(ImportIr, ConstantsLieWithinTheirFile) {
  EXPECT_THAT(refusal(constant_layer("f32", "2", 0, 8), "", std::vector<uint8_t>(7)), HasSubstr("bytes 0 to 0+8"));
  EXPECT_THAT(refusal(constant_layer("f32", "2", 0xFFFFFFFFFFFFFFFF, 8), "", std::vector<uint8_t>(9)),
              HasSubstr("do not lie within"));
  EXPECT_THAT(refusal(constant_layer("f32", "3", 0, 8), "", std::vector<uint8_t>(8)),
              HasSubstr("take 12 bytes, not 8"));
  EXPECT_THAT(refusal(constant_layer("f32", "4294967296,4294967296", 0, 8), "", std::vector<uint8_t>(8)),
              HasSubstr("w"));
  EXPECT_THAT(refusal(constant_layer("f32", "-1", 0, 8), "", std::vector<uint8_t>(8)), HasSubstr("w"));
  EXPECT_THAT(refusal(constant_layer("f33", "2", 0, 8), "", std::vector<uint8_t>(8)),
              HasSubstr("\"f33\" is not known"));
}

TEST(ImportIr, RefusesWhatIsNoIr) {
  EXPECT_THAT(refusal("", "", {}, "7"), HasSubstr("version 7"));
  EXPECT_THAT(refusal("<layer", ""), HasSubstr("no XML"));
  EXPECT_THAT(refusal("", ""), HasSubstr("no layer Result"));
  EXPECT_THAT(refusal(R"(<layer id="seven" name="a" type="ReLU"/>)", ""), HasSubstr("id=\"seven\""));
  std::string nested;
  for (int i = 0; i < 40; ++i) {
    nested = "<layer id=\"1\" name=\"l\" type=\"Loop\"><body><layers>" + nested + "</layers></body></layer>";
  }
  EXPECT_THAT(refusal(nested, ""), HasSubstr("nested too deep"));
}

TEST(ImportIr, UnpacksNarrowNumbers) {
  const auto numbers = [](const std::string& type, int64_t count, std::vector<uint8_t> bytes) {
    const IrLayer layer{0,
                        "w",
                        "Const",
                        "opset1",
                        {{"element_type", type},
                         {"shape", std::to_string(count)},
                         {"offset", "0"},
                         {"size", std::to_string(bytes.size())}},
                        {},
                        {},
                        {}};
    IrDocument document;
    document.constants = std::as_bytes(std::span(bytes));
    std::vector<std::byte> scratch;
    const auto tensor = ir_constant(layer, document);
    const auto rows = tensor.source->rows(0, 1, scratch);
    std::vector<int> result;
    for (const std::byte byte : rows) result.push_back(static_cast<int8_t>(byte));
    return result;
  };
  EXPECT_THAT(numbers("u1", 8, {0x12}), testing::ElementsAre(0, 0, 0, 1, 0, 0, 1, 0));
  EXPECT_THAT(numbers("u2", 4, {0x12}), testing::ElementsAre(2, 0, 1, 0));
  EXPECT_THAT(numbers("u3", 8, {0x12, 0x34, 0x56}), testing::ElementsAre(0, 5, 0, 6, 0, 7, 5, 0));
  EXPECT_THAT(numbers("u4", 3, {0x12, 0x34}), testing::ElementsAre(2, 1, 4));
  EXPECT_THAT(numbers("i4", 4, {0x78, 0x9F}), testing::ElementsAre(-8, 7, -1, -7));
  EXPECT_THAT(numbers("u6", 4, {0x12, 0x34, 0x56}), testing::ElementsAre(17, 18, 19, 36));
}

TEST(ImportIr, VariablesAreOptionalInputsAndOutputs) {
  const std::string read =
      R"(<layer id="3" name="read" type="ReadValue" version="opset6"><data variable_id="kept" variable_type="f32" variable_shape="2,3"/>
         <output><port id="0" precision="FP32"><dim>2</dim><dim>3</dim></port></output></layer>
         <layer id="4" name="keep" type="Assign" version="opset6"><data variable_id="kept"/><input><port id="0"/></input></layer>)";
  const std::string edges = R"(<edge from-layer="3" from-port="0" to-layer="4" to-port="0"/>)";
  const auto graph = import_text(read, edges).graph;
  ASSERT_EQ(graph->inputs.size(), 1u);
  EXPECT_EQ(graph->value(graph->inputs[0]).name, "kept");
  EXPECT_EQ(graph->value(graph->inputs[0]).type.kind, graph::ValueKind::optional);
  ASSERT_EQ(graph->outputs.size(), 1u);
  EXPECT_EQ(graph->value(graph->outputs[0]).name, "kept.next");
}

TEST(IrMeanings, NameStandardOps) {
  for (const IrMeaning& meaning : ir_meanings()) {
    const bool is_word = meaning.standard.empty() || meaning.standard == "LEFT" || meaning.standard == "RIGHT";
    EXPECT_TRUE(is_word || ops::find_standard_op(meaning.standard)) << meaning.type << " as " << meaning.standard;
  }
}

}  // namespace
}  // namespace adze::formats
