// Weights that a converter of modules leaves without a name.
#include "formats/openvino/module_weights.h"

#include <gtest/gtest.h>

#include <cstring>

#include "architectures/architecture.h"

namespace adze::formats {
namespace {

struct Numbers {
  std::vector<float> values{1, 2, 3, 4};
  std::span<const std::byte> bytes() const { return std::as_bytes(std::span(values)); }
};

IrLayer constant(int64_t id, const char* shape) {
  IrLayer layer{id, "Constant_" + std::to_string(id), "Const", "opset1", {}, {}, {}, {}};
  layer.attributes = {{"element_type", "f32"}, {"shape", shape}, {"offset", "0"}, {"size", "16"}};
  layer.outputs = {{0, "FP32", {}, ""}};
  return layer;
}

IrLayer consumer(int64_t id, const char* type, const char* name) {
  IrLayer layer{id, name, type, "opset1", {}, {}, {}, {}};
  layer.inputs = {{0, "", {}, ""}, {1, "", {}, ""}};
  layer.outputs = {{2, "FP32", {}, ""}};
  return layer;
}

std::vector<model::Tensor> found(const char* shape, const char* type, const char* name) {
  static const auto numbers = std::make_shared<Numbers>();
  IrDocument document;
  document.constants = numbers->bytes();
  document.keeps_constants = numbers;
  document.graph.layers = {constant(7, shape), consumer(9, type, name)};
  document.graph.edges = {{7, 0, 9, 1}};
  return ir_module_weights(document, WeightNames::to_canonical(architectures::architecture_named("llama")), {});
}

TEST(ModuleWeights, AreWhatLayersOfAModuleMultiplyWithOrAdd) {
  const auto norm = found("1, 1, 4", "Multiply", "__module.model.norm/aten::mul/Multiply_1");
  ASSERT_EQ(norm.size(), 1u);
  EXPECT_EQ(norm[0].name, "model.norm.weight");
  EXPECT_EQ(norm[0].shape.to_string(), "[4]");
  EXPECT_EQ(model::decode_all(norm[0]), (std::vector<float>{1, 2, 3, 4}));
  const auto bias = found("4", "Add", "__module.model.layers.0.self_attn.q_proj/aten::linear/Add");
  ASSERT_EQ(bias.size(), 1u);
  EXPECT_EQ(bias[0].name, "model.layers.0.self_attn.q_proj.bias");
}

TEST(ModuleWeights, AreNothingElse) {
  EXPECT_TRUE(found("4", "Multiply", "__module.model.layers.0.self_attn/aten::mul/Multiply").empty());
  EXPECT_TRUE(found("4", "Subtract", "__module.model.norm/aten::sub/Subtract").empty());
  EXPECT_TRUE(found("2, 2", "Multiply", "__module.model.norm/aten::mul/Multiply").empty());
  EXPECT_TRUE(found("4", "Multiply", "model.norm/Multiply").empty());
}

}  // namespace
}  // namespace adze::formats
