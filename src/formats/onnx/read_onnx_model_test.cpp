// Reading: what the writer wrote comes back; hostile messages end in an Error that names the place.
#include "formats/onnx/read_onnx_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/error.h"
#include "base/file.h"
#include "base/temporary_folder.h"
#include "formats/onnx/checked_protozero.h"
#include "formats/onnx/onnx_numbers.h"
#include "formats/onnx/test_onnx_models.h"

namespace adze::formats {
namespace {

using testing::HasSubstr;

OnnxModel read_bytes(const std::string& bytes) {
  const auto kept = std::make_shared<const std::string>(bytes);
  return read_onnx_message(std::as_bytes(std::span(*kept)), kept, "test.onnx");
}

std::string refusal(const std::string& bytes) {
  try {
    read_bytes(bytes);
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was refused";
}

TEST(ReadOnnx, ComesBackAsItWasWritten) {
  auto model = test::onnx_model({test::onnx_node("Add", {"x", "one"}, {"y"}, {{"k", int64_t{3}, {}}})});
  model.graph.initializers = {test::onnx_floats("one", {1}, {1.5f})};
  model.metadata = {{"key", "value"}};
  const auto read = read_bytes(onnx_model_bytes(model));
  ASSERT_EQ(read.graph.nodes.size(), 1u);
  EXPECT_EQ(read.graph.nodes[0].op, "Add");
  EXPECT_EQ(std::get<int64_t>(read.graph.nodes[0].attributes[0].value), 3);
  EXPECT_EQ(read.opsets[0].version, 17);
  EXPECT_EQ(read.metadata, model.metadata);
  EXPECT_EQ(read.graph.inputs[0].type.dims->at(0).symbol, "N");
  EXPECT_EQ(host_tensor_of(read.graph.initializers[0]).numbers<float>()[0], 1.5f);
}

TEST(ReadOnnx, AFieldOfAnotherTypeIsAnError) {
  std::string message;
  protozero::pbf_writer(message).add_int64(7, 3);  // graph, a message
  EXPECT_THAT(refusal(message), testing::HasSubstr("not a well-formed ONNX message"));
  message.clear();
  protozero::pbf_writer(message).add_string(1, "eight");  // ir_version, a number
  EXPECT_THAT(refusal(message), testing::HasSubstr("not a well-formed ONNX message"));
}

TEST(ReadOnnx, NumbersInTypedFieldsAreBroughtIntoBytes) {
  std::string message;
  protozero::pbf_writer tensor(message);
  tensor.add_int64(1, 3);                                     // dims
  tensor.add_int32(2, static_cast<int32_t>(OnnxType::int8));  // data_type
  const std::vector<int32_t> numbers{-1, 2, 127};
  tensor.add_packed_int32(5, numbers.begin(), numbers.end());
  const TemporaryFolder folder(folder_for_temporaries() + "/adze-test-");
  write_text_file(folder.path() + "/t.pb", message);
  const auto read = read_onnx_host_tensor(folder.path() + "/t.pb");
  EXPECT_THAT(read.numbers<int8_t>(), testing::ElementsAre(-1, 2, 127));
}

TEST(ReadOnnx, FourBitNumbersAreUnpackedWithTheirSign) {
  OnnxTensor tensor = owned_onnx_tensor("t", {3}, OnnxType::int4, {std::byte{0x8F}, std::byte{0x07}});
  EXPECT_THAT(host_tensor_of(tensor).numbers<int8_t>(), testing::ElementsAre(-1, -8, 7));
  tensor.type = OnnxType::uint4;
  EXPECT_THAT(host_tensor_of(tensor).numbers<uint8_t>(), testing::ElementsAre(15, 8, 7));
}

TEST(ReadOnnx, EveryTruncationIsAnErrorOrAModel) {
  auto model = test::onnx_model({test::onnx_node("Add", {"x", "one"}, {"y"})});
  model.graph.initializers = {test::onnx_floats("one", {2}, {1, 2})};
  const auto bytes = onnx_model_bytes(model);
  for (size_t size = 0; size < bytes.size(); ++size) {
    try {
      read_bytes(bytes.substr(0, size));
    } catch (const Error& error) {
      EXPECT_THAT(error.what(), HasSubstr("test.onnx"));
    }
  }
}

TEST(ReadOnnx, SizesThatDoNotMatchAreNamed) {
  auto model = test::onnx_model({});
  model.graph.initializers = {test::onnx_floats("w", {2}, {1, 2})};
  model.graph.initializers[0].dims = {3};
  EXPECT_THAT(refusal(onnx_model_bytes(model)), HasSubstr("tensor \"w\": it has 8 bytes, its dimensions [3] need 12"));
  model.graph.initializers[0].dims = {int64_t{1} << 40, int64_t{1} << 40};
  EXPECT_THAT(refusal(onnx_model_bytes(model)), HasSubstr("too large"));
  model.graph.initializers[0].dims = {-2};
  EXPECT_THAT(refusal(onnx_model_bytes(model)), HasSubstr("dimension -2"));
}

TEST(ReadOnnx, NestingIsBounded) {
  std::string graph;
  for (int i = 0; i < 40; ++i) {
    std::string attribute, node, outer;
    protozero::pbf_writer(attribute).add_message(6, graph);  // AttributeProto.g
    protozero::pbf_writer(node).add_message(5, attribute);   // NodeProto.attribute
    protozero::pbf_writer(outer).add_message(1, node);       // GraphProto.node
    graph = outer;
  }
  std::string model;
  protozero::pbf_writer(model).add_message(7, graph);
  EXPECT_THAT(refusal(model), HasSubstr("nested more than"));
}

TEST(ReadOnnx, OtherBytesAreNoModel) {
  EXPECT_THAT(refusal(""), HasSubstr("no ONNX model"));
  EXPECT_THAT(refusal("\xFF\xFF\xFF\xFF"), HasSubstr("is cut off, or no ONNX file"));
}

class ExternalData : public testing::Test {
 protected:
  /// What reading a model says whose tensor "w" (two floats) lies there.
  std::string refusal_of(const OnnxExternalData& where) {
    auto model = test::onnx_model({test::onnx_node("Add", {"x", "w"}, {"y"})});
    OnnxTensor tensor{"w", {2}, OnnxType::float32, {}, nullptr, {}, where};
    model.graph.initializers = {tensor};
    write_onnx_model(model, path());
    try {
      floats_ = host_tensor_of(read_onnx_model(path()).graph.initializers[0]);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }
  std::string path() const { return folder_.path() + "/models/m.onnx"; }
  void SetUp() override {
    std::filesystem::create_directories(folder_.path() + "/models");
    write_text_file(folder_.path() + "/models/w.data", std::string(4, '\0') + std::string("\0\0\x80\x3F\0\0\0\x40", 8));
    write_text_file(folder_.path() + "/outside.data", std::string(64, 'x'));
  }

  TemporaryFolder folder_{folder_for_temporaries() + "/adze-test-"};
  HostTensor floats_;
};

TEST_F(ExternalData, IsMappedFromTheModelsFolder) {
  EXPECT_EQ(refusal_of({"w.data", 4, 8}), "");
  EXPECT_THAT(floats_.numbers<float>(), testing::ElementsAre(1, 2));
}

TEST_F(ExternalData, IsNotTakenFromElsewhere) {
  EXPECT_THAT(refusal_of({"../outside.data", 0, {}}), HasSubstr("not in the model's folder"));
  EXPECT_THAT(refusal_of({folder_.path() + "/outside.data", 0, {}}), HasSubstr("not in the model's folder"));
  std::filesystem::create_symlink(folder_.path() + "/outside.data", folder_.path() + "/models/link.data");
  EXPECT_THAT(refusal_of({"link.data", 0, {}}), HasSubstr("links out of the model's folder"));
}

TEST_F(ExternalData, RangesAreChecked) {
  EXPECT_THAT(refusal_of({"w.data", 8, 8}), HasSubstr("tensor \"w\": bytes 8 to 16 are not within"));
  EXPECT_THAT(refusal_of({"w.data", UINT64_MAX - 2, 8}), HasSubstr("are not within"));
  EXPECT_THAT(refusal_of({"w.data", 4, 4}), HasSubstr("external_data says 4 bytes"));
  EXPECT_THAT(refusal_of({"missing.data", 0, {}}), HasSubstr("missing.data"));
}

}  // namespace
}  // namespace adze::formats
