// Language models as OpenVINO's IR: the graph's edges and constants, and what is refused.
// tests/peers/openvino_peer.py runs them in OpenVINO.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <pugixml.hpp>

#include "base/error.h"
#include "formats/format.h"
#include "formats/test_folder.h"
#include "formats/test_small_model.h"

namespace adze::formats {
namespace {

using testing::HasSubstr;

struct Folder {
  std::string path;
  pugi::xml_document document;

  explicit Folder(const model::Model& model) : path(test_folder() + "/m") {
    format_named("openvino").write(model, path, {});
    EXPECT_TRUE(document.load_file((path + "/openvino_model.xml").c_str()));
  }
  pugi::xml_node layers() const { return document.child("net").child("layers"); }
  int count(const std::string& type) const {
    int found = 0;
    for (const auto layer : layers()) found += layer.attribute("type").value() == type;
    return found;
  }
  pugi::xml_node named(const char* name) const { return layers().find_child_by_attribute("name", name); }
};

TEST(OpenVinoIr, EdgesLeadFromOutputsOfEarlierLayersToEveryInput) {
  const Folder folder(small_model(type_named("affine4_g32_f32"), type_named("uint8_g32_f32")));
  std::map<int, int> inputs, outputs;  // ports, by layer
  for (const auto layer : folder.layers()) {
    const int id = layer.attribute("id").as_int();
    for (const auto port : layer.child("input")) inputs[id] += port.attribute("id").as_int() >= 0;
    if (const auto port = layer.child("output").child("port")) outputs[id] = port.attribute("id").as_int();
  }
  for (const auto edge : folder.document.child("net").child("edges")) {
    const int from = edge.attribute("from-layer").as_int(), to = edge.attribute("to-layer").as_int();
    EXPECT_LT(from, to);
    ASSERT_TRUE(outputs.contains(from));
    EXPECT_EQ(edge.attribute("from-port").as_int(), outputs[from]);
    --inputs[to];
  }
  for (const auto& [layer, left] : inputs) EXPECT_EQ(left, 0) << layer;
}

TEST(OpenVinoIr, ConstantsLieInTheFile) {
  const Folder folder(small_model(type_named("int4_g32_f32"), type_named("f16")));
  const auto size = std::filesystem::file_size(folder.path + "/openvino_model.bin");
  for (const auto layer : folder.layers()) {
    const auto data = layer.child("data");
    if (layer.attribute("type").value() != std::string("Const")) continue;
    EXPECT_LE(data.attribute("offset").as_ullong() + data.attribute("size").as_ullong(), size);
  }
  const auto codes = folder.named("blk.0.attn_k.weight").child("data");
  EXPECT_STREQ(codes.attribute("element_type").value(), "u4");
  EXPECT_STREQ(codes.attribute("shape").value(), "64,4,32");
  EXPECT_EQ(codes.attribute("size").as_int(), 64 * 128 / 2);
  const auto scales = folder.named("blk.0.attn_k.weight/scale").child("data");
  EXPECT_EQ(scales.attribute("size").as_int(), 64 * 4 * 4);
  EXPECT_EQ(folder.count("ReadValue"), 2);
  EXPECT_EQ(folder.count("Assign"), 2);
  EXPECT_EQ(folder.count("ScaledDotProductAttention"), 1);
}

TEST(OpenVinoIr, SaysWhichTensorItCannotHold) {
  const auto folder = test_folder() + "/m";
  try {
    format_named("openvino").write(small_model(type_named("q4_0"), type_named("f32")), folder, {});
    FAIL() << "nothing was refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    EXPECT_THAT(error.what(), HasSubstr("blk.0.attn_q.weight"));
    EXPECT_THAT(error.what(), HasSubstr("q4_0"));
  }
  EXPECT_FALSE(std::filesystem::exists(folder));
}

}  // namespace
}  // namespace adze::formats
