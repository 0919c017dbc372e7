#include "formats/onnx/write_onnx_model.h"

#include <gtest/gtest.h>

#include <cstring>

#include "base/error.h"
#include "codecs/codec.h"
#include "formats/test_folder.h"

namespace adze::formats {
namespace {

std::string hex(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += fmt::format("{:02x}", static_cast<unsigned char>(byte));
  return text;
}

// By hand from onnx.proto: tag = field number * 8 + wire type, lengths and integers as varints. Builders leave five
// bytes for the length of a submessage, which may be more than it needs.
TEST(WriteOnnxModel, PutsFieldsWhereOnnxProtoSays) {
  OnnxModel model;
  model.ir_version = 10;
  model.producer_name = "a";
  model.opsets = {{"", 21}};
  EXPECT_EQ(hex(onnx_model_bytes(model)),
            "080a"
            "120161"
            "42"
            "02"
            "1015");
}

// Neither may be lost: the rank would be another.
TEST(WriteOnnxModel, ScalarsAndUnknownDimensionsHaveShapes) {
  const auto bytes_of = [](std::vector<OnnxDim> dims) {
    OnnxModel model;
    model.graph.inputs = {{"x", OnnxValueType::tensor(OnnxType::float32, std::move(dims))}};
    return hex(onnx_model_bytes(model));
  };
  EXPECT_NE(bytes_of({}).find("08011200"), std::string::npos);  // elem_type 1, shape {}
  EXPECT_NE(bytes_of({{}, {7, {}}})
                .find("0801"
                      "1206"
                      "0a00"
                      "0a020807"),
            std::string::npos);  // shape {{}, {7}}
}

TEST(WriteOnnxModel, EveryKindOfAttributeHasItsTypeNumber) {
  const std::vector<OnnxAttributeValue> values{1.5F,
                                               int64_t{7},
                                               std::string("x"),
                                               OnnxTensor{},
                                               std::make_shared<const OnnxGraph>(),
                                               std::vector<float>{1},
                                               std::vector<int64_t>{1},
                                               std::vector<std::string>{"y"},
                                               std::vector<OnnxTensor>(1),
                                               std::vector<OnnxSubgraph>{std::make_shared<const OnnxGraph>()}};
  for (size_t i = 0; i < values.size(); ++i) {
    EXPECT_EQ(values[i].index(), i + 1);
    OnnxModel model;
    model.graph.nodes = {{.name = "n",
                          .op = "Op",
                          .domain = {},
                          .overload = {},
                          .inputs = {"a", ""},
                          .outputs = {"b"},
                          .attributes = {{"k", values[i]}}}};
    // Field 20 as a varint: (20 << 3) = 160 = a0 01, then the number.
    EXPECT_NE(hex(onnx_model_bytes(model)).find(fmt::format("a001{:02x}", i + 1)), std::string::npos) << i;
  }
}

TEST(WriteOnnxModel, RefusesGraphsWithoutEnd) {
  auto inner = std::make_shared<const OnnxGraph>();
  for (int i = 0; i <= kMaxOnnxDepth; ++i) {
    auto outer = std::make_shared<OnnxGraph>();
    outer->nodes.push_back({.name = {},
                            .op = "If",
                            .domain = {},
                            .overload = {},
                            .inputs = {},
                            .outputs = {},
                            .attributes = {{"then_branch", OnnxSubgraph(inner)}}});
    inner = outer;
  }
  OnnxModel model;
  model.graph = *inner;
  EXPECT_THROW(onnx_model_bytes(model), Error);
}

TEST(WriteOnnxModel, ExternalDataLiesWhereTheMessageSays) {
  const auto path = test_folder() + "/model.onnx.data";
  const std::vector<float> numbers{1, 2, 3, 4};
  std::vector<std::byte> bytes(16);
  std::memcpy(bytes.data(), numbers.data(), 16);
  const auto tensor = model::owned_tensor("w", {2, 2}, &codecs::f32.info, bytes);
  OnnxDataFile data(path, "model.onnx.data", {}, 32);
  const auto first = data.append(tensor);
  const auto second = data.append(tensor);
  data.commit();
  EXPECT_EQ(first.offset, 0u);
  EXPECT_EQ(second.offset, 4096u);
  EXPECT_EQ(second.length, 16u);
  const auto file = MappedFile::open(path);
  ASSERT_EQ(file->bytes().size(), 4096u + 16u);
  EXPECT_EQ(std::memcmp(file->bytes().data() + 4096, bytes.data(), 16), 0);
}

}  // namespace
}  // namespace adze::formats
