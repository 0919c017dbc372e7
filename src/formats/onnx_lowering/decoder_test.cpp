// Language models as ONNX graphs: what their tensors hold, what the graph says, and what is refused.
// tests/peers/onnx_peer.py runs them in onnxruntime.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <set>

#include "architectures/architecture.h"
#include "base/error.h"
#include "base/json.h"
#include "codecs/group_codecs.h"
#include "formats/format.h"
#include "formats/numbered_parts.h"
#include "formats/onnx_lowering/lowering.h"
#include "formats/test_folder.h"
#include "formats/test_small_model.h"

namespace adze::formats {
namespace {

using testing::Contains;
using testing::HasSubstr;

/// The graph of a model, and the bytes of its tensors.
struct Written {
  OnnxGraph graph;
  std::shared_ptr<const MappedFile> data;

  const OnnxTensor& tensor(std::string_view name) const {
    const auto found = std::ranges::find(graph.initializers, name, &OnnxTensor::name);
    if (found == graph.initializers.end()) fail(ErrorCode::not_found, "no tensor '{}'", name);
    return *found;
  }
  std::vector<uint8_t> bytes(std::string_view name) const {
    const OnnxTensor& found = tensor(name);
    auto span = found.bytes;
    if (found.external) span = data->bytes().subspan(found.external->offset, *found.external->length);
    std::vector<uint8_t> copy(span.size());
    std::memcpy(copy.data(), span.data(), span.size());
    return copy;
  }
  std::vector<float> floats(std::string_view name) const {
    const auto raw = bytes(name);
    std::vector<float> values(raw.size() / sizeof(float));
    std::memcpy(values.data(), raw.data(), raw.size());
    return values;
  }
  int64_t count(std::string_view op) const { return std::ranges::count(graph.nodes, op, &OnnxNode::op); }
};

Written written(const model::Model& model, OnnxDialect dialect) {
  const auto graph = architectures::architecture_named(model.architecture).build(model);
  OnnxLowering lowering(model, graph, dialect);
  lowering.run();
  const auto path = test_folder() + "/model.onnx.data";
  OnnxDataFile data(path, "model.onnx.data", {}, lowering.out().data_bytes());
  OnnxGraph made = std::move(lowering.out()).finish(data);
  data.commit();
  return {std::move(made), MappedFile::open(path)};
}

int number_at(const std::vector<uint8_t>& packed, int64_t index, int bits) {
  const int64_t bit = index * bits;
  return packed[static_cast<size_t>(bit / 8)] >> (bit % 8) & ((1 << bits) - 1);
}

class OnnxPackedTypes : public testing::TestWithParam<const char*> {};

// w = scale * (code - zero) + offset with what the file holds.
TEST_P(OnnxPackedTypes, HoldEveryValue) {
  const std::string name = "blk.0.attn_k.weight";
  const auto model = small_model(type_named(GetParam()), type_named("f32"));
  const auto& tensor = model.tensors.at(name);
  const auto& layout = *codecs::group_layout_of(tensor.storage);
  const int64_t groups = 128 / layout.group;
  const auto file = written(model, OnnxDialect::onnxruntime);
  const auto codes = file.bytes(name + ".codes");
  const auto scales = file.floats(name + ".scales");
  const bool has_offsets = layout.offset == codecs::GroupOffset::offset;
  const bool has_zeros = layout.offset == codecs::GroupOffset::zero_point;
  const auto offsets = has_offsets ? file.floats(name + ".offsets") : std::vector<float>();
  const auto zeros = has_zeros ? file.bytes(name + ".zero_points.packed") : std::vector<uint8_t>();
  const auto zero_row = static_cast<size_t>((groups * layout.bits + 7) / 8);
  const auto expected = model::decode_all(tensor);
  for (int64_t i = 0; i < 64 * 128; ++i) {
    const int64_t row = i / 128, group = i % 128 / layout.group;
    int zero = has_offsets ? 0 : 1 << (layout.bits - 1);
    if (has_zeros) {
      const std::vector<uint8_t> of_row(zeros.begin() + row * static_cast<int64_t>(zero_row),
                                        zeros.begin() + (row + 1) * static_cast<int64_t>(zero_row));
      zero = number_at(of_row, group, layout.bits);
    }
    const auto at = static_cast<size_t>(row * groups + group);
    const float value = scales[at] * static_cast<float>(number_at(codes, i, layout.bits) - zero);
    ASSERT_EQ(has_offsets ? value + offsets[at] : value, expected[static_cast<size_t>(i)]) << i;
  }
}

INSTANTIATE_TEST_SUITE_P(Types, OnnxPackedTypes,
                         testing::Values("int2_g16_f32", "uint2_g32_f32", "affine2_g16_f32", "int4_g32_f32",
                                         "uint4_g128_f32", "affine4_g64_f32", "int8_g16_f32", "uint8_g128_f32",
                                         "affine8_g32_f32"),
                         [](const auto& type) { return std::string(type.param); });

// Runtimes warn of initializers that no node takes.
TEST(OnnxDecoder, HoldsOnlyTheFormsOfCodesThatAreUsed) {
  const auto model = small_model(type_named("uint4_g32_f32"), type_named("uint4_g32_f32"));
  for (const auto dialect : {OnnxDialect::standard, OnnxDialect::onnxruntime}) {
    const auto graph = written(model, dialect).graph;
    std::set<std::string> used;
    for (const auto& node : graph.nodes) used.insert(node.inputs.begin(), node.inputs.end());
    for (const auto& tensor : graph.initializers) EXPECT_TRUE(used.contains(tensor.name)) << tensor.name;
  }
}

// One group per row: zero points of rows are half a byte each, and in the standard's tensor follow without a gap.
TEST(OnnxDecoder, ZeroPointsOfTheStandardHaveNoPadding) {
  const std::string name = "blk.0.attn_k.weight";
  const auto model = small_model(type_named("uint4_g128_f32"), type_named("f32"));
  const auto padded = written(model, OnnxDialect::onnxruntime).bytes(name + ".zero_points.packed");
  const auto file = written(model, OnnxDialect::standard);
  const auto flat = file.bytes(name + ".zero_points.numbers");
  ASSERT_EQ(padded.size(), 64u);
  ASSERT_EQ(flat.size(), 32u);
  EXPECT_EQ(file.tensor(name + ".zero_points.numbers").dims, (std::vector<int64_t>{64, 1}));
  for (int64_t row = 0; row < 64; ++row) {
    EXPECT_EQ(number_at(flat, row, 4), number_at(padded, 2 * row, 4)) << row;
  }
}

TEST(OnnxDecoder, TiedEmbeddingsAreStoredOnce) {
  const auto model = small_model(type_named("int4_g32_f32"), type_named("int8_g32_f32"));
  const auto file = written(model, OnnxDialect::onnxruntime);
  const auto& products = file.tensor("token_embd.weight.codes");
  const auto& rows = file.tensor("token_embd.weight.codes.rows");
  ASSERT_TRUE(products.external && rows.external);
  EXPECT_EQ(products.external->offset, rows.external->offset);
  EXPECT_EQ(products.dims, (std::vector<int64_t>{24, 4, 32}));
  EXPECT_EQ(rows.dims, (std::vector<int64_t>{24, 128}));
}

TEST(OnnxDecoder, HasInputsAndOutputsForHistories) {
  const auto file = written(small_model(type_named("f16"), type_named("f16")), OnnxDialect::standard);
  const auto names_of = [](const std::vector<OnnxValueInfo>& values) {
    std::vector<std::string> names;
    for (const auto& value : values) names.push_back(value.name);
    return names;
  };
  EXPECT_EQ(names_of(file.graph.inputs),
            (std::vector<std::string>{"input_ids", "attention_mask", "position_ids", "past_key_values.0.key",
                                      "past_key_values.0.value"}));
  EXPECT_EQ(names_of(file.graph.outputs), (std::vector<std::string>{"logits", "present.0.key", "present.0.value"}));
  for (const auto& node : file.graph.nodes) EXPECT_EQ(node.domain, "") << node.name;
}

TEST(OnnxDecoder, UsesOpsOfOnnxRuntime) {
  const auto file = written(small_model(type_named("int4_g32_f32"), type_named("f16")), OnnxDialect::onnxruntime);
  EXPECT_EQ(file.count("GroupQueryAttention"), 1);
  EXPECT_EQ(file.count("MatMulNBits"), 7);
  EXPECT_EQ(file.count("FusedMatMul"), 1);
  EXPECT_EQ(file.count("SimplifiedLayerNormalization"), 1);
  EXPECT_EQ(file.count("SkipSimplifiedLayerNormalization"), 2);
  EXPECT_EQ(file.count("Add"), 0);
}

TEST(OnnxDecoder, EveryInputOfANodeIsThere) {
  for (const auto dialect : {OnnxDialect::standard, OnnxDialect::onnxruntime}) {
    const auto file = written(small_model(type_named("affine4_g32_f32"), type_named("uint8_g32_f32")), dialect);
    std::vector<std::string> known{""};
    for (const auto& value : file.graph.inputs) known.push_back(value.name);
    for (const auto& tensor : file.graph.initializers) known.push_back(tensor.name);
    for (const auto& node : file.graph.nodes) {
      for (const auto& input : node.inputs) EXPECT_THAT(known, Contains(input)) << node.name;
      for (const auto& output : node.outputs) {
        if (output.empty()) continue;
        EXPECT_THAT(known, testing::Not(Contains(output))) << node.name;
        known.push_back(output);
      }
    }
    for (const auto& value : file.graph.outputs) EXPECT_THAT(known, Contains(value.name));
  }
}

std::string refusal(const model::Model& model, OnnxDialect dialect) {
  try {
    written(model, dialect);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::unsupported);
    return error.what();
  }
  return "nothing was refused";
}

TEST(OnnxDecoder, SaysWhichTensorItCannotHold) {
  const auto model = small_model(type_named("q4_0"), type_named("f32"));
  EXPECT_THAT(refusal(model, OnnxDialect::standard), HasSubstr("blk.0.attn_q.weight"));
  EXPECT_THAT(refusal(model, OnnxDialect::standard), HasSubstr("q4_0"));
  const auto two_bits = small_model(type_named("int2_g32_f32"), type_named("f32"));
  EXPECT_THAT(refusal(two_bits, OnnxDialect::standard), HasSubstr("int2_g32_f32"));
}

model::Model model_of_experts() {
  auto model = small_model(type_named("f32"), type_named("f32"));
  model::TensorList tensors;
  for (const auto& tensor : model.tensors) {
    if (tensor.name.find("ffn_gate") == std::string::npos && tensor.name.find("ffn_up") == std::string::npos &&
        tensor.name.find("ffn_down") == std::string::npos) {
      tensors.add(tensor);
    }
  }
  tensors.add(noise("blk.0.ffn_gate_inp.weight", {4, 128}, type_named("f32")));
  tensors.add(noise("blk.0.ffn_gate_exps.weight", {4, 256, 128}, type_named("int4_g32_f32")));
  tensors.add(noise("blk.0.ffn_up_exps.weight", {4, 256, 128}, type_named("f32")));
  tensors.add(noise("blk.0.ffn_down_exps.weight", {4, 128, 256}, type_named("f32")));
  model.tensors = tensors;
  model.config.set("expert_count", uint32_t{4});
  model.config.set("expert_used_count", uint32_t{2});
  return model;
}

TEST(OnnxDecoder, EveryExpertHasItsOwnProduct) {
  const auto file = written(model_of_experts(), OnnxDialect::onnxruntime);
  EXPECT_EQ(file.count("MatMulNBits"), 4);
  EXPECT_EQ(file.tensor("blk.0.ffn_gate_exps.weight.3.codes").dims, (std::vector<int64_t>{256, 4, 16}));
  EXPECT_EQ(file.tensor("blk.0.ffn_down_exps.weight.0").dims, (std::vector<int64_t>{128, 256}));
  EXPECT_EQ(file.count("Split"), 3);
}

TEST(OrtGenai, ExpertsComeBackAsStacks) {
  const auto folder = test_folder() + "/m";
  const auto model = model_of_experts();
  format_named("ort-genai").write(model, folder, {});
  const auto back = format_named("ort-genai").read(folder, {.tokenizer = false});
  for (const char* name : {"blk.0.ffn_gate_exps.weight", "blk.0.ffn_down_exps.weight"}) {
    EXPECT_EQ(back.tensors.at(name).storage, model.tensors.at(name).storage) << name;
    EXPECT_EQ(model::decode_all(back.tensors.at(name)), model::decode_all(model.tensors.at(name))) << name;
  }
}

TEST(NumberedParts, AreStackedOrRefused) {
  const auto part = [](const char* name) { return noise(name, {2, 32}, type_named("f32")); };
  const auto stacked = with_parts_stacked({part("a.weight.1"), part("b.weight"), part("a.weight.0")});
  ASSERT_EQ(stacked.size(), 2u);
  EXPECT_EQ(stacked[1].name, "a.weight");
  EXPECT_EQ(stacked[1].shape.to_string(), "[2, 2, 32]");
  EXPECT_THROW(with_parts_stacked({part("a.weight.1"), part("a.weight.2")}), Error);
  EXPECT_THROW(with_parts_stacked({part("a.weight.0"), part("a.weight.0")}), Error);
  EXPECT_FALSE(is_weight_name("a.codes.1"));
}

TEST(OrtGenai, FolderSaysWhatTheGraphHas) {
  const auto folder = test_folder() + "/m";
  format_named("ort-genai").write(small_model(type_named("int4_g32_f32"), type_named("f16")), folder, {});
  const Json config = read_json_file(folder + "/genai_config.json");
  const Json& decoder = config["model"]["decoder"];
  EXPECT_EQ(decoder["head_size"], 32);
  EXPECT_EQ(decoder["num_key_value_heads"], 2);
  EXPECT_EQ(decoder["num_attention_heads"], 4);
  EXPECT_EQ(decoder["num_hidden_layers"], 1);
  EXPECT_EQ(config["model"]["type"], "llama");
  EXPECT_EQ(config["model"]["vocab_size"], 24);
  EXPECT_EQ(config["model"]["context_length"], 64);
  EXPECT_TRUE(std::filesystem::exists(folder + "/model.onnx.data"));
}

TEST(OrtGenai, NothingStaysWhereAModelIsRefused) {
  const auto folder = test_folder() + "/m";
  const auto model = small_model(type_named("q4_0"), type_named("f32"));
  EXPECT_THROW(format_named("ort-genai").write(model, folder, {}), Error);
  EXPECT_FALSE(std::filesystem::exists(folder));
}

}  // namespace
}  // namespace adze::formats
