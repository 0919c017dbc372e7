// lint: foreign names: PyTorch
// Which weights make a network, what is computed with them, and shapes that do not fit.
#include "formats/pytorch_networks/resnet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "codecs/codec.h"
#include "formats/pytorch_networks/pytorch_network.h"

namespace adze::formats {
namespace {

using testing::HasSubstr;

void add(model::TensorList& weights, const std::string& name, std::vector<int64_t> dims) {
  auto shape = checked_shape(dims, name);
  const auto bytes = static_cast<size_t>(checked_element_count(dims)) * sizeof(float);
  weights.replace(model::owned_tensor(name, std::move(shape), &codecs::f32.info, std::vector<std::byte>(bytes)));
}

void add_norm(model::TensorList& weights, const std::string& name, int64_t channels) {
  for (const char* part : {"weight", "bias", "running_mean", "running_var"})
    add(weights, name + "." + part, {channels});
}

void add_block(model::TensorList& weights, const std::string& name, int64_t in, int64_t out) {
  add(weights, name + ".conv1.weight", {out, in, 3, 3});
  add(weights, name + ".conv2.weight", {out, out, 3, 3});
  add_norm(weights, name + ".bn1", out);
  add_norm(weights, name + ".bn2", out);
}

/// Two stages of a block each, with 2 and 5 channels.
model::TensorList small_weights() {
  model::TensorList weights;
  add(weights, "conv1.weight", {2, 3, 3, 3});
  add_norm(weights, "bn1", 2);
  add_block(weights, "layer1.0", 2, 2);
  add_block(weights, "layer2.0", 2, 5);
  add(weights, "linear.weight", {4, 5});
  add(weights, "linear.bias", {4});
  return weights;
}

model::TensorList without(const model::TensorList& weights, const std::string& name) {
  model::TensorList rest;
  for (const auto& tensor : weights) {
    if (tensor.name != name) rest.add(tensor);
  }
  return rest;
}

std::string text_of(const model::TensorList& weights) {
  graph::Graph graph;
  graph.name = "g";
  model::TensorList kept;
  StandardNodes nodes(graph, kept);
  build_resnet(weights, nodes);
  verify(graph);
  return to_text(graph);
}

std::string refusal(const model::TensorList& weights) {
  try {
    text_of(weights);
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was refused";
}

TEST(ResNet, IsKnownByItsWeightsAndNoOthers) {
  EXPECT_TRUE(is_resnet(small_weights()));
  for (const auto& tensor : small_weights())
    EXPECT_FALSE(is_resnet(without(small_weights(), tensor.name))) << tensor.name;
  auto more = small_weights();
  add(more, "layer1.0.se.weight", {2, 2});
  EXPECT_FALSE(is_resnet(more));
  EXPECT_FALSE(is_resnet({}));
}

TEST(ResNet, StepsAndWidensWithoutWeights) {
  const std::string text = text_of(small_weights());
  EXPECT_THAT(text, HasSubstr("input %image: f32[batch, 3, height, width]"));
  EXPECT_THAT(text, HasSubstr("f32[batch, 4] = Gemm("));
  EXPECT_THAT(text, HasSubstr("strides=[2, 2]"));
  EXPECT_THAT(text, HasSubstr("= Slice("));
  // 0, 1, 0, 0 before and 0, 2, 0, 0 behind: three channels more
  EXPECT_THAT(text, HasSubstr("i64[8] = 0x"
                              "0000000000000000"
                              "0100000000000000"
                              "0000000000000000"
                              "0000000000000000"
                              "0000000000000000"
                              "0200000000000000"
                              "0000000000000000"
                              "0000000000000000"));
  EXPECT_THAT(text, testing::Not(HasSubstr("MaxPool")));
}

TEST(ResNet, TakesWeightsOfShortcutsAndLargeKernels) {
  auto weights = small_weights();
  add(weights, "conv1.weight", {2, 3, 7, 7});
  add(weights, "layer2.0.downsample.0.weight", {5, 2, 1, 1});
  add_norm(weights, "layer2.0.downsample.1", 5);
  ASSERT_TRUE(is_resnet(weights));
  const std::string text = text_of(weights);
  EXPECT_THAT(text, HasSubstr("MaxPool"));
  EXPECT_THAT(text, HasSubstr("kernel_shape=[1, 1]"));
  EXPECT_THAT(text, testing::Not(HasSubstr("Slice")));
}

TEST(ResNet, RefusesShapesThatDoNotFit) {
  const auto changed = [](const std::string& name, std::vector<int64_t> dims) {
    auto weights = small_weights();
    add(weights, name, std::move(dims));
    return refusal(weights);
  };
  EXPECT_THAT(changed("layer1.0.conv1.weight", {2, 3, 3, 3}), HasSubstr("does not fit 2 channels"));
  EXPECT_THAT(changed("layer1.0.conv1.weight", {2, 2, 3, 1}), HasSubstr("no square kernel of odd size"));
  EXPECT_THAT(changed("layer1.0.conv1.weight", {2, 2}), HasSubstr("has not 4 dimensions"));
  EXPECT_THAT(changed("layer1.0.conv1.weight", {2, 0, 3, 3}), HasSubstr("does not fit"));
  EXPECT_THAT(changed("layer2.0.bn2.bias", {4}), HasSubstr("does not fit 5 channels"));
  EXPECT_THAT(changed("layer1.0.conv2.weight", {1, 2, 3, 3}), HasSubstr("does not fit"));
  EXPECT_THAT(changed("linear.weight", {4, 6}), HasSubstr("does not fit 5 channels"));
  EXPECT_THAT(changed("linear.bias", {5}), HasSubstr("does not fit 4 channels"));
}

TEST(PytorchNetworks, HaveNamesAndSummaries) {
  for (const auto& network : all_pytorch_networks()) {
    EXPECT_FALSE(network.name.empty());
    EXPECT_FALSE(network.summary.empty());
    EXPECT_TRUE(network.fits && network.build);
  }
}

}  // namespace
}  // namespace adze::formats
