#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <random>
#include <set>

#include "base/error.h"
#include "base/thread_pool.h"
#include "quantize/mix.h"
#include "quantize/packed_tensor.h"
#include "quantize/quantizer.h"

namespace adze::quantize {
namespace {

std::vector<float> gaussian(int64_t count) {
  std::mt19937 generator(11);
  std::normal_distribution<float> normal(0.0f, 0.05f);
  std::vector<float> values(static_cast<size_t>(count));
  for (float& value : values) value = normal(generator);
  return values;
}

model::Tensor float_tensor(const Shape& shape, const std::vector<float>& values) {
  std::vector<std::byte> bytes(values.size() * sizeof(float));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return model::owned_tensor("blk.0.ffn_up.weight", shape, &codecs::f32.info, std::move(bytes));
}

std::vector<std::byte> all_rows(const model::Tensor& tensor) {
  std::vector<std::byte> scratch;
  const auto bytes = tensor.source->rows(0, tensor.shape.row_count(), scratch);
  return {bytes.begin(), bytes.end()};
}

const codecs::Codec kReadOnly{{"read_only", "cannot be written", 256, 64}, codecs::q2_k.decode, nullptr};

TEST(Quantizers, AreFoundByName) {
  std::set<std::string_view> names;
  for (const Quantizer* quantizer : all_quantizers()) {
    EXPECT_TRUE(names.insert(quantizer->name).second);
    EXPECT_EQ(&quantizer_named(quantizer->name), quantizer);
    EXPECT_FALSE(quantizer->summary.empty());
    EXPECT_FALSE(quantizer->supports(kReadOnly));
    EXPECT_TRUE(quantizer->supports(codecs::q4_k));
  }
  EXPECT_THROW(quantizer_named("best"), Error);
}

TEST(PackedTensor, IsTheCodecAppliedToEveryRow) {
  const Shape shape{3, 50, 512};
  const auto values = gaussian(shape.element_count());
  const model::Tensor packed = packed_tensor(float_tensor(shape, values), codecs::q4_k);
  EXPECT_EQ(packed.storage, &codecs::q4_k.info);
  EXPECT_EQ(packed.shape, shape);
  std::vector<std::byte> expected(static_cast<size_t>(packed.byte_size()));
  codecs::q4_k.encode(values.data(), nullptr, expected.data(), shape.element_count());
  EXPECT_EQ(all_rows(packed), expected);
}

TEST(PackedTensor, RowsAreTheSameForEveryChunkAndThreadCount) {
  const Shape shape{157, 288};
  const model::Tensor packed = packed_tensor(float_tensor(shape, gaussian(shape.element_count())), codecs::q5_1);
  const auto expected = all_rows(packed);
  const auto bytes_per_row = static_cast<size_t>(packed.row_bytes());
  for (const unsigned threads : {1u, 2u, 5u}) {
    ThreadPool pool(threads);
    for (const size_t step : {1u, 7u, 64u}) {
      std::vector<std::byte> together(expected.size());
      pool.for_each((157 + step - 1) / step, [&](size_t chunk) {
        const auto first = static_cast<int64_t>(chunk * step);
        std::vector<std::byte> scratch;
        const auto rows =
            packed.source->rows(first, std::min<int64_t>(static_cast<int64_t>(step), 157 - first), scratch);
        std::memcpy(together.data() + chunk * step * bytes_per_row, rows.data(), rows.size());
      });
      EXPECT_EQ(together, expected) << threads << " threads, " << step << " rows at a time";
    }
  }
}

TEST(PackedTensor, KeepsWhatIsStoredThatWayAlready) {
  const model::Tensor tensor = float_tensor({2, 32}, gaussian(64));
  EXPECT_EQ(packed_tensor(tensor, codecs::f32).source, tensor.source);
  const model::Tensor half = packed_tensor(tensor, codecs::bf16);
  EXPECT_EQ(all_rows(packed_tensor(half, codecs::bf16)), all_rows(half));
}

TEST(PackedTensor, WideningIsExact) {
  const model::Tensor half = packed_tensor(float_tensor({8, 96}, gaussian(768)), codecs::f16);
  const model::Tensor wide = packed_tensor(half, codecs::f32);
  EXPECT_EQ(all_rows(packed_tensor(wide, codecs::f16)), all_rows(half));
}

struct SeenRows final : PackingObserver {
  void packed(const Rows& rows, const codecs::Codec& codec, const std::byte* seen) override {
    values.insert(values.end(), rows.values, rows.values + rows.count * rows.columns);
    bytes.insert(bytes.end(), seen, seen + rows.count * row_bytes(codec.info, rows.columns));
  }
  std::vector<float> values;
  std::vector<std::byte> bytes;
};

TEST(PackedTensor, ShowsRowsAndWhatTheyBecame) {
  const auto values = gaussian(1024);
  const auto seen = std::make_shared<SeenRows>();
  const model::Tensor packed = packed_tensor(float_tensor({4, 256}, values), codecs::q6_k, {.observer = seen});
  EXPECT_EQ(all_rows(packed), seen->bytes);
  EXPECT_EQ(seen->values, values);
}

TEST(PackedTensor, RefusesWhatCannotBe) {
  const auto code_of = [](const Shape& shape, const codecs::Codec& target) {
    try {
      packed_tensor(float_tensor(shape, gaussian(shape.element_count())), target);
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("blk.0.ffn_up.weight"), std::string::npos) << error.what();
      return error.code();
    }
    return ErrorCode::internal;
  };
  EXPECT_EQ(code_of({2, 96}, codecs::q4_k), ErrorCode::bad_input);
  EXPECT_EQ(code_of({2, 256}, kReadOnly), ErrorCode::unsupported);
}

/// Squared error of the columns that matter, for weights of two stacked matrices.
double error_of_important_columns(const Quantizer& quantizer, std::shared_ptr<const InputStatistics> statistics) {
  const Shape shape{2, 64, 256};
  const auto values = gaussian(shape.element_count());
  const PackingOptions options{.quantizer = &quantizer, .statistics = std::move(statistics)};
  const auto decoded = model::decode_all(packed_tensor(float_tensor(shape, values), codecs::q4_0, options));
  double sum = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    const bool matters = i % 8 == (i < values.size() / 2 ? 0u : 5u);
    if (matters) sum += std::pow(values[i] - decoded[i], 2);
  }
  return sum;
}

TEST(ImportanceQuantizer, FavoursTheColumnsOfEachMatrixThatMatter) {
  auto statistics = std::make_shared<InputStatistics>();
  statistics->importance.assign(512, 0.01f);
  for (size_t column = 0; column < 256; column += 8) {
    statistics->importance[column] = 1.0f;
    statistics->importance[256 + column + 5] = 1.0f;
  }
  const double plain = error_of_important_columns(nearest, statistics);
  EXPECT_LT(error_of_important_columns(importance, statistics), 0.7 * plain);
  EXPECT_EQ(error_of_important_columns(importance, nullptr), plain);
}

TEST(ImportanceQuantizer, RefusesStatisticsOfAnotherShape) {
  auto statistics = std::make_shared<InputStatistics>();
  statistics->importance.assign(256, 1.0f);
  EXPECT_THROW(error_of_important_columns(importance, statistics), Error);
}

MixRequest small_llama(int64_t layers, int64_t width, bool tied) {
  MixRequest request;
  request.architecture = "llama";
  request.layer_count = layers;
  request.head_count = request.head_count_kv = 4;
  const auto add = [&](const std::string& name, const Shape& shape) {
    request.tensors.push_back({name, shape, &codecs::f16.info});
  };
  add("token_embd.weight", {1000, width});
  if (!tied) add("output.weight", {1000, width});
  for (int64_t layer = 0; layer < layers; ++layer) {
    const std::string block = "blk." + std::to_string(layer) + ".";
    add(block + "attn_norm.weight", {width});
    for (const char* name : {"attn_q", "attn_k", "attn_v", "attn_output"})
      add(block + name + ".weight", {width, width});
    add(block + "ffn_up.weight", {4 * width, width});
    add(block + "ffn_down.weight", {width, 4 * width});
  }
  return request;
}

std::map<std::string, std::string_view> chosen_types(const char* mix, const MixRequest& request) {
  const auto choices = choose_tensor_types(mix_named(mix), request);
  std::map<std::string, std::string_view> types;
  for (size_t i = 0; i < choices.size(); ++i) types[request.tensors[i].name] = choices[i].storage->name;
  return types;
}

TEST(Mixes, AreFoundByName) {
  std::set<uint32_t> file_types;
  for (const Mix& mix : all_mixes()) {
    EXPECT_EQ(&mix_named(mix.name), &mix);
    EXPECT_TRUE(file_types.insert(mix.file_type).second) << mix.name;
    EXPECT_TRUE(codecs::codec_of(mix.base).encode) << mix.name;
  }
  EXPECT_EQ(mix_named("q4_k_m").file_type, 15u);
  EXPECT_EQ(&mix_named("q3_k"), &mix_named("Q3_K_M"));
  EXPECT_THROW(mix_named("Q2"), Error);
}

TEST(Mixes, GiveMoreBitsWhereItMatters) {
  const auto types = chosen_types("Q4_K_M", small_llama(16, 256, false));
  EXPECT_EQ(types.at("token_embd.weight"), "q4_k");
  EXPECT_EQ(types.at("output.weight"), "q6_k");
  EXPECT_EQ(types.at("blk.0.attn_norm.weight"), "f16");
  EXPECT_EQ(types.at("blk.0.attn_q.weight"), "q4_k");
  EXPECT_EQ(types.at("blk.0.attn_v.weight"), "q6_k");
  EXPECT_EQ(types.at("blk.2.attn_v.weight"), "q4_k");
  EXPECT_EQ(types.at("blk.4.ffn_down.weight"), "q6_k");
  EXPECT_EQ(types.at("blk.5.ffn_down.weight"), "q4_k");
  EXPECT_EQ(types.at("blk.15.ffn_down.weight"), "q6_k");
}

TEST(Mixes, DoNotDependOnTheOrderOfTensors) {
  MixRequest request = small_llama(20, 256, true);
  const auto expected = chosen_types("Q4_K_S", request);
  std::shuffle(request.tensors.begin(), request.tensors.end(), std::mt19937(5));
  EXPECT_EQ(chosen_types("Q4_K_S", request), expected);
}

TEST(Mixes, FallBackWhereRowsDoNotDivide) {
  const MixRequest request = small_llama(2, 576, true);
  const auto types = chosen_types("Q4_K_M", request);
  EXPECT_EQ(types.at("token_embd.weight"), "q8_0");
  EXPECT_EQ(types.at("blk.1.attn_q.weight"), "q5_0");
  EXPECT_EQ(types.at("blk.1.ffn_down.weight"), "q6_k");
  const auto reason = choose_tensor_types(mix_named("Q4_K_M"), request)[2].reason;
  EXPECT_EQ(reason, "fallback: rows of 576 do not divide into q4_k blocks of 256");
  EXPECT_EQ(chosen_types("Q4_K_M", small_llama(1, 72, true)).at("blk.0.attn_q.weight"), "f16");
}

TEST(Mixes, UseImportanceWhereItIsKnown) {
  MixRequest request = small_llama(16, 256, true);
  EXPECT_EQ(chosen_types("Q4_0", request).at("blk.1.ffn_down.weight"), "q4_0");
  request.has_importance = true;
  EXPECT_EQ(chosen_types("Q4_0", request).at("blk.1.ffn_down.weight"), "q4_1");
  EXPECT_EQ(chosen_types("Q4_0", request).at("blk.2.ffn_down.weight"), "q4_0");
  EXPECT_EQ(chosen_types("Q5_0", request).at("blk.0.ffn_down.weight"), "q5_1");
}

TEST(Mixes, FollowWhatIsAskedFor) {
  const MixRequest request = small_llama(4, 256, false);
  const auto types = [&](const TypeOverrides& overrides) {
    std::map<std::string, std::string> chosen;
    const auto choices = choose_tensor_types(mix_named("Q4_K_M"), request, overrides);
    for (size_t i = 0; i < choices.size(); ++i) chosen[request.tensors[i].name] = choices[i].storage->name;
    return chosen;
  };
  const auto pure = types({.pure = true});
  EXPECT_EQ(pure.at("output.weight"), "q4_k");
  EXPECT_EQ(pure.at("blk.0.attn_norm.weight"), "f16");
  const auto ends = types({.token_embedding = &codecs::q8_0, .output = &codecs::bf16});
  EXPECT_EQ(ends.at("token_embd.weight"), "q8_0");
  EXPECT_EQ(ends.at("output.weight"), "bf16");
  EXPECT_EQ(types({.keep_output = true}).at("output.weight"), "f16");
  const auto patterns = types({.patterns = {{"blk\\.[01]\\..*down", &codecs::iq4_xs}, {"ffn", &codecs::q8_0}}});
  EXPECT_EQ(patterns.at("blk.1.ffn_down.weight"), "iq4_xs");
  EXPECT_EQ(patterns.at("blk.2.ffn_down.weight"), "q8_0");
  EXPECT_EQ(patterns.at("blk.2.attn_q.weight"), "q4_k");
  EXPECT_THROW(types({.patterns = {{"blk[", &codecs::q8_0}}}), Error);
}

TEST(Mixes, SayWhereImportanceIsNeeded) {
  const Mix& mix = mix_named("IQ2_XS");
  EXPECT_TRUE(needs_importance(mix, "blk.0.attn_q.weight", &codecs::iq2_xs.info));
  EXPECT_FALSE(needs_importance(mix, "token_embd.weight", &codecs::iq2_xs.info));
  EXPECT_FALSE(needs_importance(mix, "blk.0.attn_q.weight", &codecs::q2_k.info));
  EXPECT_TRUE(needs_importance(mix_named("Q2_K_S"), "blk.0.attn_q.weight", &codecs::q2_k.info));
}

TEST(Mixes, OfExpertsNeedLayersInNames) {
  MixRequest request = small_llama(4, 256, true);
  request.expert_count = 8;
  EXPECT_EQ(chosen_types("Q4_K_M", request).at("blk.1.attn_v.weight"), "q8_0");
  request.tensors.push_back({"extra.ffn_down.weight", {256, 256}, &codecs::f16.info});
  EXPECT_THROW(choose_tensor_types(mix_named("Q4_K_M"), request), Error);
}

TEST(Mixes, ReadTheirFactsOffAModel) {
  model::Model model;
  model.architecture = "llama";
  model.config.set("block_count", uint32_t{2});
  model.config.set("attention.head_count", uint32_t{9});
  model.config.set("attention.head_count_kv", std::vector<uint32_t>{3, 9});
  model.tensors.add(float_tensor({2, 32}, gaussian(64)));
  const MixRequest request = mix_request(model);
  EXPECT_EQ(request.layer_count, 2);
  EXPECT_EQ(request.expert_count, 0);
  EXPECT_EQ(request.head_count, 9);
  EXPECT_EQ(request.head_count_kv, 3);
  ASSERT_EQ(request.tensors.size(), 1u);
  EXPECT_EQ(request.tensors[0].name, "blk.0.ffn_up.weight");
}

}  // namespace
}  // namespace adze::quantize
